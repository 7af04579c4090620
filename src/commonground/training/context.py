"""What a run tells the function that makes a program."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from commonground.training.program import Program


@dataclass(frozen=True, kw_only=True)
class Context:
    """``inputs`` and ``outputs`` are the folders of the specification's, by name; ``rank`` is this worker's among ``workers``."""

    seed: int = 0
    inputs: Mapping[str, Path] = field(default_factory=dict)
    outputs: Mapping[str, Path] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    rank: int = 0
    workers: int = 1

    @classmethod
    def of_environment(cls) -> "Context":
        """The context of this process of a run; ``KeyError`` outside of one."""
        specification: dict[str, Any] = msgspec.json.decode(os.environ["CG_SPEC"])
        return cls(
            seed=int(os.environ["CG_SEED"]),
            inputs=_folders("CG_INPUT_", specification["inputs"]),
            outputs=_folders("CG_OUTPUT_", specification["outputs"]),
            options=specification["options"],
            rank=int(os.environ["RANK"]),
            workers=int(os.environ["WORLD_SIZE"]),
        )


Build = Callable[[Context], Program]
"""What the entry of a specification names."""


def _folders(prefix: str, names: Mapping[str, Any]) -> dict[str, Path]:
    return {name: Path(os.environ[f"{prefix}{name.upper()}"]) for name in names}
