"""The one array type of the data plane."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float32]
Clock: TypeAlias = npt.NDArray[np.int64]


def as_bytes(values: "np.ndarray[Any, Any]") -> memoryview:
    """The memory of a contiguous array as bytes, without a copy."""
    return memoryview(values.reshape(-1).view(np.uint8))  # type: ignore[arg-type]  # arrays are buffers, Python 3.11 cannot say so
