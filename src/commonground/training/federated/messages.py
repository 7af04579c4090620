"""What the server asks a client, and what it answers. An array may go with each: parameters there, an update back."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias

import msgspec
import numpy.typing as npt

from commonground.training.federated.secure_aggregation.messages import Keys, Opened, Shares
from commonground.training.parameter_server.arrays import Floats


class Train(msgspec.Struct, frozen=True, tag=True):
    """Train from the parameters that come along; ``sampled`` clients do. Answered by :class:`Trained`."""

    round: int
    sampled: int


class Trained(msgspec.Struct, frozen=True, tag=True):
    """The update comes along: float32, or numbers of the ring behind masks. ``loss`` is the mean over the examples seen."""

    examples: int
    loss: float


class Advertise(msgspec.Struct, frozen=True, tag=True):
    """Begin a round of secure aggregation. Answered by :class:`Advertised`."""

    round: int


class Advertised(msgspec.Struct, frozen=True, tag=True):
    """Keys, and how many examples the client has: weights are no secret."""

    keys: Keys
    examples: int


class Share(msgspec.Struct, frozen=True, tag=True):
    """Share the secrets with the owners of ``keys``. Answered by :class:`Shared`."""

    keys: dict[int, Keys]
    threshold: int


class Shared(msgspec.Struct, frozen=True, tag=True):
    """Shares, sealed."""

    shares: Shares


class TrainMasked(msgspec.Struct, frozen=True, tag=True):
    """Train, multiply by ``weight``, hide behind masks. ``sealed`` is what others shared. Answered by :class:`Trained`."""

    round: int
    sampled: int
    weight: float
    sealed: dict[int, bytes]


class Open(msgspec.Struct, frozen=True, tag=True):
    """Open shares: those whose vectors ``arrived`` are in the sum. Answered by :class:`OpenedShares`."""

    arrived: list[int]


class OpenedShares(msgspec.Struct, frozen=True, tag=True):
    """Shares in the clear."""

    opened: Opened


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The client could not."""

    reason: str


Question: TypeAlias = Train | Advertise | Share | TrainMasked | Open
Answer: TypeAlias = Trained | Advertised | Shared | OpenedShares | Failed
Array: TypeAlias = npt.NDArray[Any]
"""float32 or uint32, one-dimensional."""
Answers: TypeAlias = Mapping[int, tuple[Answer, Array | None]]


class Clients(Protocol):
    """Where clients are: in this process, or in others."""

    def ask(self, questions: Mapping[int, Question], parameters: Floats | None, deadline: float) -> Answers:
        """The answers, by client, of those that came within ``deadline`` seconds; the others are not there any more for this step."""
        ...
