from __future__ import annotations

import numpy as np
import pytest

from tests.store.xet.oracle import LocalStore, write_local

MIB = 1 << 20


def sample_files() -> dict[str, bytes]:
    rng = np.random.default_rng(20260101)
    floats = rng.standard_normal(MIB // 2, dtype=np.float32)
    text = b"".join(b"%d, %s, row of a table\n" % (i, bytes([97 + i % 26]) * (i % 13)) for i in range(60_000))
    return {
        "empty": b"",
        "one byte": b"x",
        "shorter than a chunk": bytes(range(256)) * 31,
        "exactly the minimum": rng.bytes(8192),
        "text": text,
        "zeros": bytes(3 * MIB + 17),
        "float32": floats.tobytes(),
        "bfloat16": (floats.view(np.uint32) >> 16).astype(np.uint16).tobytes(),
        "odd float32": floats[:50_001].tobytes() + b"abc",
        "more than a xorb": rng.bytes(66 * MIB + 5),
    }


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> LocalStore:
    """Files of every shape as the reference client stores them."""
    return write_local(tmp_path_factory.mktemp("reference"), sample_files())
