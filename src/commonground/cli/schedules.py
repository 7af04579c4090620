"""``commonground schedules``: submit specifications again and again."""

from pathlib import Path

import cyclopts

from commonground.cli.client import DEFAULTS, Options
from commonground.cli.output import answer, done, fields, table, time_text
from commonground.cli.runs import show_run
from commonground.cli.train_run import text_of
from commonground.compute.runs.schedules_model import Concurrency
from commonground.compute.runs.spec import parse, read
from commonground.sdk.schedules import Schedule

app = cyclopts.App(name="schedules", help="Submit specifications again and again.")


@app.command
def create(
    cron: str, spec: Path, *, concurrency: Concurrency = "allow", suspended: bool = False, options: Options = DEFAULTS
) -> None:
    """Submit a specification at the times of a cron expression.

    Parameters
    ----------
    cron
        Five fields of cron in UTC ("0 9 * * 1": Mondays at 9), or @hourly, @daily, @weekly, @monthly, @yearly.
    spec
        The specification, a YAML document.
    concurrency
        When the run before has not ended: allow another one, forbid it, or replace it.
    suspended
        Make no runs until it is resumed.

    """
    document = read(text_of(spec))
    parse(document)
    with options.hub() as hub:
        made = hub.create_schedule(cron, document, concurrency=concurrency, suspended=suspended)
        answer(made, options, _show)


@app.command(name="list")
def list_schedules(*, options: Options = DEFAULTS) -> None:
    """List your schedules, newest first; an administrator sees everybody's."""
    with options.hub() as hub:
        answer(list(hub.list_schedules()), options, _table)


@app.command
def show(schedule: int, *, options: Options = DEFAULTS) -> None:
    """Show a schedule: its next time, and what came of the last.

    Parameters
    ----------
    schedule
        Its number.

    """
    with options.hub() as hub:
        answer(hub.get_schedule(schedule), options, _show)


@app.command
def suspend(schedule: int, *, options: Options = DEFAULTS) -> None:
    """Make no runs until it is resumed.

    Parameters
    ----------
    schedule
        Its number.

    """
    with options.hub() as hub:
        answer(hub.suspend_schedule(schedule), options, _show)


@app.command
def resume(schedule: int, *, options: Options = DEFAULTS) -> None:
    """Make runs again, from the next time on.

    Parameters
    ----------
    schedule
        Its number.

    """
    with options.hub() as hub:
        answer(hub.resume_schedule(schedule), options, _show)


@app.command
def run(schedule: int, *, options: Options = DEFAULTS) -> None:
    """Make one run now, beside the times.

    Parameters
    ----------
    schedule
        Its number.

    """
    with options.hub() as hub:
        answer(hub.run_schedule(schedule), options, show_run)


@app.command
def delete(schedule: int, *, options: Options = DEFAULTS) -> None:
    """End a schedule; its runs stay.

    Parameters
    ----------
    schedule
        Its number.

    """
    with options.hub() as hub:
        hub.delete_schedule(schedule)
    done(f"schedule {schedule} is deleted", options)


def _show(schedule: Schedule) -> None:
    fields(
        (name, value)
        for name, value in (
            ("schedule", f"{schedule.id} {schedule.name}"),
            ("times", f"{schedule.cron} (UTC){', suspended' if schedule.suspended else ''}"),
            ("overlap", schedule.concurrency),
            ("owner", schedule.owner),
            ("next", None if schedule.suspended else time_text(schedule.next_at)),
            ("last", time_text(schedule.last_at)),
            ("last run", schedule.last_run and str(schedule.last_run)),
            ("problem", schedule.error),
        )
        if value
    )


def _table(found: list[Schedule]) -> None:
    rows = [
        (str(one.id), one.name, one.cron, "suspended" if one.suspended else time_text(one.next_at), one.owner)
        for one in found
    ]
    table(("Schedule", "Name", "Times (UTC)", "Next", "Owner"), rows)
