"""``commonground train run``: submit a specification and stay with it."""

import sys
from collections.abc import Iterable
from pathlib import Path

from commonground.cli.client import DEFAULTS, Options
from commonground.cli.output import answer
from commonground.cli.runs import show_run, write_log
from commonground.compute.runs.spec import LIMIT, parse, read
from commonground.errors import InvalidSpec, RunFailed
from commonground.gateways.native.wire_runs import LogBlock, Run
from commonground.sdk.hub import Hub


def run(spec: Path, *, engine: str | None = None, detach: bool = False, options: Options = DEFAULTS) -> None:
    """Submit a run, follow its log on standard error, and show how it ended.

    Parameters
    ----------
    spec
        The specification, a YAML document.
    engine
        Where to start its processes; default: what the specification says, else local.
    detach
        Return as soon as the run is queued.

    """
    document = read(text_of(spec))
    if engine is not None:
        document["engine"] = engine
    parse(document)  # what can be seen here need not be asked for
    with options.hub() as hub:
        follow(hub, hub.submit_run(document), options, detach=detach)


def follow(hub: Hub, found: Run, options: Options, *, detach: bool) -> None:
    """Stay with a queued run until it ends, unless ``detach``, and show it; :class:`RunFailed`."""
    print(f"run {found.id} is queued", file=sys.stderr)
    if not detach:
        found = _followed(hub, found)
    answer(found, options, show_run)
    if found.state in {"failed", "cancelled"}:
        raise RunFailed(run=found.id, state=found.state, reason=found.error or "it was cancelled")


def _followed(hub: Hub, run: Run) -> Run:
    blocks: Iterable[LogBlock] = hub.list_run_logs(run.id)
    write_log(blocks, sys.stderr.write)
    return hub.get_run(run.id)


def text_of(path: Path) -> str:
    """A specification as text; :class:`InvalidSpec`. A larger one than can be is not read to its end."""
    with path.open("rb") as file:
        content = file.read(LIMIT + 1)
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise InvalidSpec(reason="it is not UTF-8") from None
