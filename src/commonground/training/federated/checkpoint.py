"""The state of the server after each round: parameters and the optimizer's state; all else follows from the seed."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from commonground.errors import InvalidSnapshot
from commonground.training.federated.strategy import Strategy
from commonground.training.parameter_server import snapshot
from commonground.training.parameter_server.arrays import Floats

KEPT = 2


class Checkpoints:
    """``round-N.safetensors`` in a folder: written whole or not at all, the newest two kept."""

    def __init__(self, folder: Path, strategy: Strategy) -> None:
        self._folder, self._strategy = folder, msgspec.json.encode(strategy).decode()

    def save(self, parameters: Floats, state: Sequence[Floats], number: int) -> None:
        """Keep what a round ended with."""
        path = self._folder / f"round-{number:09d}.safetensors"
        snapshot.write(path, _named(parameters, state), {"strategy": self._strategy})
        for old in self._newest_first()[KEPT:]:
            old.unlink(missing_ok=True)

    def restore(self, parameters: Floats, state: Sequence[Floats]) -> int:
        """Continue from the newest round that is undamaged, which is the answer; 0 if there is none. :class:`InvalidSnapshot` for
        one of another strategy or model.
        """
        for path in self._newest_first():
            try:
                stored, metadata = snapshot.read(path)
            except InvalidSnapshot:
                continue
            self._copy(path, stored, metadata, _named(parameters, state))
            return int(path.stem.removeprefix("round-"))
        return 0

    def _copy(
        self, path: Path, stored: snapshot.Arrays, metadata: Mapping[str, str], arrays: Mapping[str, Floats]
    ) -> None:
        if metadata.get("strategy") != self._strategy:
            raise InvalidSnapshot(path=path, reason=f"it was made with the strategy {metadata.get('strategy')}")
        for name, array in arrays.items():
            if name not in stored or stored[name].shape != array.shape or stored[name].dtype != array.dtype:
                raise InvalidSnapshot(path=path, reason=f"{name} is missing or of another shape")
        for name, array in arrays.items():
            array[...] = stored[name]

    def _newest_first(self) -> list[Path]:
        return sorted(self._folder.glob("round-*.safetensors"), reverse=True)


def _named(parameters: Floats, state: Sequence[Floats]) -> dict[str, Floats]:
    return {"parameters": parameters, **{f"state.{index}": array for index, array in enumerate(state)}}
