"""Snapshots of a shard: safetensors files, written whole or not at all."""

import json
import os
import shutil
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from blake3 import blake3

from commonground.errors import InvalidSnapshot
from commonground.training.parameter_server.arrays import as_bytes
from commonground.training.parameter_server.configuration import NEWEST, ShardConfiguration
from commonground.training.parameter_server.shard import Shard

KEPT = 2
MAX_HEADER = 2**20
_TYPES: Mapping[str, type[np.generic]] = {"F32": np.float32, "I64": np.int64}
_LENGTH = struct.Struct("<Q")

Arrays = Mapping[str, "np.ndarray[Any, Any]"]


class Snapshots:
    """The folder ``step-N/shard-I-of-S.safetensors``; a step counts when all its shards are there, and the newest two are kept."""

    def __init__(self, folder: Path, configuration: ShardConfiguration) -> None:
        self.folder, self.configuration = folder, configuration

    @classmethod
    def of(cls, configuration: ShardConfiguration) -> "Snapshots":
        """Those of a configuration."""
        return cls(Path(configuration.snapshots), configuration)

    def save(self, shard: Shard, step: int, extra: Arrays) -> None:
        """Write the shard as it is after ``step``."""
        data = {**arrays_of(shard), **extra}
        metadata = {"step": str(step), "optimizer": msgspec.json.encode(shard.options.optimizer).decode()}
        write(self._path(step), data, metadata)
        if self.configuration.shard == 0:
            for old in self._complete()[:-KEPT]:
                shutil.rmtree(self.folder / f"step-{old:012d}", ignore_errors=True)

    def readable(self) -> list[int]:
        """The complete steps of which this shard's file is undamaged, oldest first."""
        return [step for step in self._complete() if _undamaged(self._path(step))]

    def restore(self, shard: Shard, extra: Arrays, step: int = NEWEST) -> int:
        """Continue from a step, which is the answer; the newest complete one by default, 0 if there is none.

        ``InvalidSnapshot`` if it is damaged.
        """
        step = max(self._complete(), default=0) if step == NEWEST else step
        if not step:
            return 0
        path = self._path(step)
        stored, metadata = read(path)
        if metadata.get("optimizer") != msgspec.json.encode(shard.options.optimizer).decode():
            raise InvalidSnapshot(path=path, reason=f"it was made with the optimizer {metadata.get('optimizer')}")
        for name, array in {**arrays_of(shard), **extra}.items():
            if name not in stored or stored[name].shape != array.shape or stored[name].dtype != array.dtype:
                raise InvalidSnapshot(path=path, reason=f"{name} is missing or of another shape")
            array[...] = stored[name]
        return step

    def _path(self, step: int) -> Path:
        return self.folder / f"step-{step:012d}" / self._name(self.configuration.shard)

    def _name(self, shard: int) -> str:
        return f"shard-{shard}-of-{self.configuration.shards}.safetensors"

    def _complete(self) -> list[int]:
        names = [self._name(shard) for shard in range(self.configuration.shards)]
        found = [path for path in self.folder.glob("step-*") if all((path / name).exists() for name in names)]
        return sorted(int(path.name.removeprefix("step-")) for path in found)


def _undamaged(path: Path) -> bool:
    try:
        read(path)
    except InvalidSnapshot:
        return False
    return True


def arrays_of(shard: Shard) -> dict[str, "np.ndarray[Any, Any]"]:
    """Everything an exact continuation needs: weights, the optimizer's state, the clocks."""
    clocks = shard.clocks
    named: dict[str, np.ndarray[Any, Any]] = {
        "weights": shard.weights,
        "version": clocks.version,
        "pushed": clocks.pushed,
        "seen": clocks.seen,
    }
    return {**named, **{f"state.{index}": state for index, state in enumerate(shard.state)}}


def write(path: Path, arrays: Arrays, metadata: Mapping[str, str]) -> None:
    """Write a safetensors file: to a temporary name, flushed to the disk, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    try:
        with partial.open("wb") as file:
            file.writelines(_parts(arrays, metadata))
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def _parts(arrays: Arrays, metadata: Mapping[str, str]) -> Iterator[bytes | memoryview]:
    digest, offset, header = blake3(), 0, {}
    for name, array in arrays.items():
        digest.update(as_bytes(array))
        kind = next(kind for kind, dtype in _TYPES.items() if array.dtype == dtype)
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps({"__metadata__": {**metadata, "blake3": digest.hexdigest()}, **header}).encode()
    text += b" " * (-len(text) % 8)
    yield _LENGTH.pack(len(text))
    yield text
    yield from map(as_bytes, arrays.values())


def read(path: Path) -> tuple[dict[str, "np.ndarray[Any, Any]"], dict[str, str]]:
    """The arrays and metadata of a file :func:`write` made; ``InvalidSnapshot`` if any byte of it changed."""
    try:
        content = np.fromfile(path, np.uint8)
        length = _LENGTH.unpack(content[:8].tobytes())[0]
        if length > MAX_HEADER:
            raise InvalidSnapshot(path=path, reason="its header is too large")
        header = json.loads(content[8 : 8 + length].tobytes())
        metadata = header.pop("__metadata__")
        body = content[8 + length :]
        if blake3(as_bytes(body)).hexdigest() != metadata["blake3"]:
            raise InvalidSnapshot(path=path, reason="its content is damaged")
        return {name: _array(body, entry) for name, entry in header.items()}, metadata
    except (OSError, struct.error, ValueError, KeyError, TypeError) as error:
        raise InvalidSnapshot(path=path, reason=f"it cannot be read ({error})") from error


def _array(body: "np.ndarray[Any, Any]", entry: Mapping[str, Any]) -> "np.ndarray[Any, Any]":
    first, last = entry["data_offsets"]
    return body[first:last].view(_TYPES[entry["dtype"]]).reshape(entry["shape"])
