"""``commonground server`` and ``commonground tasks``: what a hub is and what it works on."""

from itertools import islice

from commonground.cli.client import DEFAULTS, Options
from commonground.cli.output import answer, fields, size_text, table, time_text
from commonground.gateways.native.wire import Server, Task, TaskState


def server(*, options: Options = DEFAULTS) -> None:
    """Show the version of a hub and what one request may carry."""
    with options.hub() as hub:
        answer(hub.get_server(), options, _server)


def tasks(*, state: TaskState | None = None, limit: int = 50, options: Options = DEFAULTS) -> None:
    """Show the background tasks of a hub, newest first; for administrators.

    Parameters
    ----------
    state
        Only those in this state.
    limit
        How many to show at most.

    """
    with options.hub() as hub:
        answer(list(islice(hub.list_tasks(state), limit)), options, _tasks)


def _server(found: Server) -> None:
    limits = found.limits
    fields([
        ("version", found.version),
        ("role", found.role),
        ("registration", found.registration),
        ("largest regular file", size_text(limits.regular_file)),
        ("largest commit body", size_text(limits.commit_body)),
        ("largest push", size_text(limits.push)),
    ])  # fmt: skip


def _tasks(found: list[Task]) -> None:
    rows = [
        (str(task.id), task.kind, task.state, f"{task.attempts}/{task.max_attempts}", time_text(task.created_at),
         (task.error or "").strip().rpartition("\n")[2][:100])
        for task in found
    ]  # fmt: skip
    table(("Id", "Kind", "State", "Attempts", "Created", "Error"), rows)
