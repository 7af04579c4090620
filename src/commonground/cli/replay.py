"""``commonground replay``: execute a run once more, and say whether it made the same bits."""

import sys

from commonground.cli.client import DEFAULTS, Options
from commonground.cli.output import answer, clean
from commonground.cli.runs import show_run, write_log
from commonground.compute.runs.model import Verdict
from commonground.errors import ReplayDiffers, RunFailed
from commonground.gateways.native.wire_runs import Run
from commonground.sdk.hub import Hub


def replay(run: int, *, detach: bool = False, options: Options = DEFAULTS) -> None:
    """Execute a run that succeeded once more, with its inputs, seed and specification, and compare every file it makes
    with what the run made. Nothing is published. Ends with an error where a file differs.

    Parameters
    ----------
    run
        Its number.
    detach
        Return as soon as the new run is queued.

    """
    with options.hub() as hub:
        made = hub.replay_run(run)
        print(f"run {made.id} replays run {run}", file=sys.stderr)
        if detach:
            answer(made, options, show_run)
            return
        made = _followed(hub, made)
    answer(made, options, _show)
    if made.verdict is None:
        raise RunFailed(run=made.id, state=made.state, reason=made.error or "it was cancelled")
    if not made.verdict.identical:
        raise ReplayDiffers(run=run, count=made.verdict.differences)


def _followed(hub: Hub, run: Run) -> Run:
    write_log(hub.list_run_logs(run.id), sys.stderr.write)
    return hub.get_run(run.id)


def _show(run: Run) -> None:
    if run.verdict is None:
        show_run(run)
        return
    for line in _lines(run.verdict):
        print(clean(line))


def _lines(verdict: Verdict) -> list[str]:
    if verdict.identical:
        return [f"bit-identical: {verdict.files} {'file' if verdict.files == 1 else 'files'}", *_changes(verdict)]
    found = [f"{verdict.differences} of {verdict.files} files differ"]
    for file in verdict.differing:
        what = "not made" if file.after is None else "new" if file.before is None else "other content"
        found.append(f"  {file.output}/{file.path}: {what}")
    return found + _changes(verdict)


def _changes(verdict: Verdict) -> list[str]:
    """What was otherwise: often the reason."""
    return [f"  {name}: {then} then, {now} now" for name, (then, now) in verdict.environment.items()]
