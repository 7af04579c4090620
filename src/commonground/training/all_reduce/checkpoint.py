"""What a worker leaves to be continued from: whole files, checked when they are read."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from commonground.errors import InvalidSnapshot
from commonground.training.parameter_server.arrays import Floats
from commonground.training.parameter_server.snapshot import read, write

KEPT = 2
Vectors = Mapping[str, Floats]


class Checkpoints:
    """``step-N.worker-R.safetensors`` in a folder, the newest two of each worker.

    ``made_by`` is what an exact continuation depends on; a file that was made by something else is not continued.
    """

    def __init__(self, folder: Path | None, rank: int, made_by: object = None) -> None:
        self._folder, self._rank = folder, rank
        self._made_by = msgspec.json.encode(made_by, order="deterministic").decode()

    def save(self, step: int, vectors: Vectors) -> bool:
        """Keep ``vectors`` as they are after ``step``. A full disk costs the checkpoint, not the run: then ``False``."""
        if self._folder is None:
            return False
        try:
            write(self._path(step), vectors, {"step": str(step), "made_by": self._made_by})
        except OSError as error:
            sys.stderr.write(f"no checkpoint at step {step}: {error.strerror}\n")
            return False
        for old in self._steps()[KEPT:]:
            self._path(old).unlink(missing_ok=True)
        return True

    def newest(self, like: Vectors, most: int | None = None) -> tuple[int, Vectors]:
        """The newest undamaged checkpoint, of step ``most`` at most, and its step; 0 and nothing if there is none.

        :class:`InvalidSnapshot` for one of another specification, or without what ``like`` holds.
        """
        for step, stored in self._readable(most):
            for name, vector in like.items():
                if name not in stored or stored[name].shape != vector.shape or stored[name].dtype != vector.dtype:
                    raise InvalidSnapshot(path=self._path(step), reason=f"{name} is missing or of another shape")
            return step, stored
        return 0, {}

    def _readable(self, most: int | None) -> Iterator[tuple[int, Vectors]]:
        for step in self._steps():
            if most is not None and step > most:
                continue
            try:
                stored, metadata = read(self._path(step))
            except InvalidSnapshot as error:
                sys.stderr.write(f"{error}: the one before is tried\n")
                continue
            if metadata.get("made_by") != self._made_by:
                raise InvalidSnapshot(path=self._path(step), reason="it was made by another specification")
            yield step, stored

    def _path(self, step: int) -> Path:
        assert self._folder is not None
        return self._folder / f"step-{step:012d}.worker-{self._rank}.safetensors"

    def _steps(self) -> list[int]:
        """The steps of this worker's checkpoints, the newest first."""
        if self._folder is None:
            return []
        found = self._folder.glob(f"step-*.worker-{self._rank}.safetensors")
        return sorted((int(path.name[5:17]) for path in found), reverse=True)
