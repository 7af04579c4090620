"""Which rows are whose: a function of the seed, the same in every process."""

from typing import Any, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from commonground.errors import InvalidSpec
from commonground.training.program import Indices, Source

BLOCK = 4096


class Iid(msgspec.Struct, frozen=True, kw_only=True, tag_field="name", tag="iid", forbid_unknown_fields=True):
    """Rows are dealt at random, as many to each client."""


class Labels(msgspec.Struct, frozen=True, kw_only=True, tag_field="name", tag="labels", forbid_unknown_fields=True):
    """Rows are sorted by label and cut into pieces, of which each client gets ``shards`` (McMahan et al., the pathological case)."""

    column: str = "label"
    shards: int = 2


class Column(msgspec.Struct, frozen=True, kw_only=True, tag_field="name", tag="column", forbid_unknown_fields=True):
    """All rows with the same value are one client's: a hospital, a speaker, a device. More values than clients are dealt in turn."""

    column: str


Partition: TypeAlias = Iid | Labels | Column


def parts(partition: Partition, source: Source, clients: int, seed: int) -> list[Indices]:
    """The rows of each client; every row is one client's, and every client has some. :class:`InvalidSpec`."""
    random = np.random.default_rng((seed, 0xC11E))
    if isinstance(partition, Column):
        found = _by_value(column(source, partition.column), clients)
    elif isinstance(partition, Labels):
        order = random.permutation(len(source))
        order = order[np.argsort(column(source, partition.column)[order], kind="stable")]
        pieces = np.array_split(order, clients * partition.shards)
        dealt = random.permutation(len(pieces)).reshape(clients, partition.shards)
        found = [np.concatenate([pieces[piece] for piece in mine]) for mine in dealt]
    else:
        found = np.array_split(random.permutation(len(source)), clients)
    if min(map(len, found), default=0) == 0:
        raise InvalidSpec(reason=f"the data cannot be divided among {clients} clients so that each has rows")
    return found


def column(source: Source, name: str) -> npt.NDArray[Any]:
    """One column of all rows, one-dimensional; :class:`InvalidSpec` where there is none."""
    blocks = []
    for first in range(0, len(source), BLOCK):
        batch = source.read(np.arange(first, min(first + BLOCK, len(source))))
        if name not in batch or batch[name].ndim != 1:
            known = ", ".join(sorted(key for key, value in batch.items() if value.ndim == 1))
            raise InvalidSpec(reason=f"the data has no column {name} of single values to divide it by; it has {known}")
        blocks.append(batch[name])
    return np.concatenate(blocks) if blocks else np.empty(0)


def _by_value(values: npt.NDArray[Any], clients: int) -> list[Indices]:
    _, group = np.unique(values, return_inverse=True)
    return [np.flatnonzero(group % clients == client) for client in range(clients)]
