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

from commonground.compute.launchers.model import FINAL
from commonground.errors import CommongroundError, InvalidSpec, KindUnavailable

GROUP = "commonground.kinds"
ALONE = "commonground.kinds.alone"
"""Entry points of this group name the role of a kind whose processes are started again by themselves when they are lost
(``digits = "worker"``); without, all processes of a run are.
"""
TASK = "task"
"""A command, or a function that is named in the specification."""
SEARCH = "search"
"""A run of runs: the worker itself drives it, without a process."""


def entry_of(kind: str) -> str | None:
    """``package.module:function`` of a kind; ``None`` for a task. :class:`KindUnavailable`."""
    if kind == TASK:
        return None
    found = {point.name: point.value for point in entry_points(group=GROUP)}
    if kind not in found:
        raise KindUnavailable(what="kind", name=kind, known=", ".join(sorted({TASK, SEARCH, *found})))
    return found[kind]


def role_alone(kind: str) -> str | None:
    """The role of a kind whose processes are started again by themselves."""
    return next((point.value for point in entry_points(group=ALONE) if point.name == kind), None)


def main() -> None:
    """Call the function named by the argument with the specification in ``$CG_SPEC``, as plain data.

    An input named ``code`` is where modules are looked for. What is wrong with the specification ends the process with the exit code
    :data:`FINAL`: trying again is pointless.
    """
    sys.path[:0] = [place for place in (os.environ.get("CG_INPUT_CODE"), str(Path.cwd())) if place]
    specification: dict[str, Any] = msgspec.json.decode(os.environ["CG_SPEC"])
    try:
        named(sys.argv[1])(specification)
    except CommongroundError as error:
        sys.stderr.write(f"{error.code}: {error}\n")
        sys.exit(FINAL if isinstance(error, InvalidSpec) else 1)


def named(entry: str) -> Any:
    """What ``package.module:function`` names; :class:`InvalidSpec` if there is no such thing."""
    module, _, name = entry.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        raise InvalidSpec(
            reason=f"there is no module {module}; an input named code is where it is looked for"
        ) from None
    except AttributeError:
        raise InvalidSpec(reason=f"{module} has no {name}") from None


if __name__ == "__main__":
    main()
