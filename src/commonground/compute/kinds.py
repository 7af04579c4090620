"""Kinds of work: a name and a function. ``compute`` knows none by itself; packages register theirs as entry points of
the group ``commonground.kinds`` (``digits = "package.module:function"``). Run as a module, starts one.
"""

import importlib
import os
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import msgspec

from commonground.errors import KindUnavailable

GROUP = "commonground.kinds"
TASK = "task"
"""A command, or a function that is named in the specification."""


def entry_of(kind: str) -> str | None:
    """``package.module:function`` of a kind; ``None`` for a task. :class:`KindUnavailable`."""
    if kind == TASK:
        return None
    found = {point.name: point.value for point in entry_points(group=GROUP)}
    if kind not in found:
        raise KindUnavailable(what="kind", name=kind, known=", ".join(sorted({TASK, *found})))
    return found[kind]


def main() -> None:
    """Call the function named by the argument with the specification in ``$CG_SPEC``, as plain data."""
    sys.path.insert(0, str(Path.cwd()))
    module, _, name = sys.argv[1].partition(":")
    specification: dict[str, Any] = msgspec.json.decode(os.environ["CG_SPEC"])
    getattr(importlib.import_module(module), name)(specification)


if __name__ == "__main__":
    main()
