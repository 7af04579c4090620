"""``commonground events``: what happens on a hub."""

import sys

from commonground.cli.client import DEFAULTS, Options
from commonground.cli.output import answer, clean, time_text
from commonground.gateways.native.wire import Event


def events(
    *, follow: bool = False, after: int | None = None, kind: tuple[str, ...] = (), options: Options = DEFAULTS
) -> None:
    """Show the events you may know of.

    Parameters
    ----------
    follow
        Wait for what happens next, without end; with --json one document a line.
    after
        Only events behind this id.
    kind
        Only events of this kind, such as repository.created; may be given several times.

    """
    with options.hub() as hub:
        found = hub.list_events(after=after, kinds=kind, follow=follow)
        if not follow:
            answer(list(found), options, _lines)
            return
        for event in found:
            answer(event, options, _line)


def _lines(found: list[Event]) -> None:
    for event in found:
        _line(event)


def _line(event: Event) -> None:
    print(event.id, time_text(event.created_at), clean(event.kind), clean(event.subject), clean(event.account or "-"))
    sys.stdout.flush()
