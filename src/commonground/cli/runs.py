"""``commonground runs``: look at runs, end them, take them up again."""

import sys
from collections.abc import Callable, Iterable
from itertools import islice

import cyclopts

from commonground.cli.client import DEFAULTS, Options
from commonground.cli.output import answer, clean, fields, size_text, table, time_text
from commonground.compute.runs.model import State
from commonground.gateways.native.wire_runs import LogBlock, Metric, Place, Run

app = cyclopts.App(name="runs", help="List, follow, cancel and resume runs.")


@app.command(name="list")
def list_runs(
    *,
    state: State | None = None,
    kind: str = "",
    parent: int | None = None,
    limit: int = 50,
    options: Options = DEFAULTS,
) -> None:
    """List your runs, newest first; an administrator sees everybody's.

    Parameters
    ----------
    state
        Only those in this state.
    kind
        Only those of this kind.
    parent
        Only the trials of this search.
    limit
        How many to show at most.

    """
    with options.hub() as hub:
        answer(list(islice(hub.list_runs(state, kind=kind, parent=parent), limit)), options, _table)


@app.command
def show(run: int, *, options: Options = DEFAULTS) -> None:
    """Show a run: what it read, what it made, what it cost.

    Parameters
    ----------
    run
        Its number.

    """
    with options.hub() as hub:
        answer(hub.get_run(run), options, show_run)


@app.command
def logs(run: int, *, follow: bool = False, options: Options = DEFAULTS) -> None:
    """Print the log of a run; with --json one list of its blocks.

    Parameters
    ----------
    run
        Its number.
    follow
        Wait for what comes next, until the run has ended.

    """
    with options.hub() as hub:
        blocks = hub.list_run_logs(run, follow=follow)
        if options.json:
            answer(list(blocks), options, print_log)
        else:
            print_log(blocks)


@app.command
def metrics(run: int, *, key: tuple[str, ...] = (), options: Options = DEFAULTS) -> None:
    """Print the values of a run's metrics.

    Parameters
    ----------
    run
        Its number.
    key
        Only this metric; may be given several times.

    """
    with options.hub() as hub:
        answer(list(hub.list_run_metrics(run, key)), options, _metrics)


@app.command
def watch(run: int, *, key: tuple[str, ...] = (), options: Options = DEFAULTS) -> None:
    """Print the values of a run's metrics as they are reported, until it has ended.

    Parameters
    ----------
    run
        Its number.
    key
        Only this metric; may be given several times.

    """
    with options.hub() as hub:
        for point in hub.follow_run_metrics(run):
            if not key or point.key in key:
                answer(point, options, _metric)


@app.command
def cancel(run: int, *, options: Options = DEFAULTS) -> None:
    """End a run that waits or runs.

    Parameters
    ----------
    run
        Its number.

    """
    with options.hub() as hub:
        answer(hub.cancel_run(run), options, show_run)


@app.command
def resume(run: int, *, options: Options = DEFAULTS) -> None:
    """Queue a failed or cancelled run once more; it finds the checkpoint of its last attempt.

    Parameters
    ----------
    run
        Its number.

    """
    with options.hub() as hub:
        answer(hub.resume_run(run), options, show_run)


def show_run(run: Run) -> None:
    """A run for people."""
    fields(
        (name, value)
        for name, value in (
            ("run", f"{run.id} {run.name}"),
            ("state", f"{run.state}, attempt {run.attempt} of {run.last_attempt}"),
            ("error", run.error),
            ("kind", f"{run.kind} on {run.engine}"),
            ("owner", run.owner),
            ("parent", run.parent and str(run.parent)),
            ("schedule", run.schedule and str(run.schedule)),
            ("labels", ", ".join(f"{key}={value}" for key, value in run.labels.items())),
            ("worker", run.worker),
            ("seed", run.seed),
            ("created", time_text(run.created_at)),
            ("started", time_text(run.started_at)),
            ("finished", time_text(run.finished_at)),
            (
                "cost",
                f"{run.cpu_seconds:.2f} CPU s, {size_text(run.bytes_read)} read, {size_text(run.bytes_written)} written",
            ),
            *(("input", _link(link)) for link in run.inputs),
            *(("output", _link(link)) for link in run.outputs),
        )
        if value
    )


def print_log(blocks: Iterable[LogBlock]) -> None:
    """The lines of a log on standard output, without what could steer a terminal."""
    write_log(blocks, sys.stdout.write)


def write_log(blocks: Iterable[LogBlock], write: Callable[[str], object]) -> None:
    """The lines of a log through ``write``."""
    for block in blocks:
        write("\n".join(clean(line.expandtabs()) for line in block.text.split("\n")))
        sys.stdout.flush()


def _table(found: list[Run]) -> None:
    columns = ("Run", "Name", "Kind", "State", "Owner", "Created", "Finished")
    table(
        columns,
        [
            (
                str(run.id),
                run.name,
                run.kind,
                run.state,
                run.owner,
                time_text(run.created_at),
                time_text(run.finished_at),
            )
            for run in found
        ],
    )


def _metrics(found: list[Metric]) -> None:
    table(("Metric", "Step", "Value"), [(point.key, str(point.step), f"{point.value:.6g}") for point in found])


def _metric(point: Metric) -> None:
    print(f"{clean(point.key)}\t{point.step}\t{point.value:.6g}", flush=True)


def _link(link: Place) -> str:
    path = f"/{link.path}" if link.path else ""
    commit = f"@{link.commit}" if link.commit else ""
    return f"{link.name}: {link.kind or ''} {link.repository or '(deleted)'}{commit}{path}"
