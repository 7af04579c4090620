"""Which run a worker takes: gang admission with backfill (EASY: Lifka, "The ANL/IBM SP scheduling system", 1995)."""

from collections.abc import Sequence

import msgspec

from commonground.compute.runs.model import Capacity, Offer


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A run of the queue: what all its processes need together, and the longest an attempt may take (milliseconds)."""

    id: int
    engine: str
    needs: Capacity
    timeout: int


class Occupied(msgspec.Struct, frozen=True, kw_only=True):
    """What a run of this worker holds, and until when at the latest (UTC milliseconds)."""

    needs: Capacity
    until: int


def choose(queue: Sequence[Waiting], offer: Offer, running: Sequence[Occupied], now: int) -> int | None:
    """The id of the run to start; ``None``: none yet. ``queue`` is in order: the first that this worker could ever hold
    goes first. While there is no room for it, a later one may go ahead only if it is sure to end before the first one
    could start, or leaves enough for it then.
    """
    possible = [run for run in queue if run.engine in offer.engines and run.needs.fits(offer.total)]
    if not possible:
        return None
    first, *others = possible
    if first.needs.fits(offer.free):
        return first.id
    start, room = _earliest(first, offer, running)
    for run in others:
        if run.needs.fits(offer.free) and (now + run.timeout <= start or (run.needs + first.needs).fits(room)):
            return run.id
    return None


def _earliest(first: Waiting, offer: Offer, running: Sequence[Occupied]) -> tuple[int, Capacity]:
    """When ``first`` has room at the latest, and the room there is then. What is not known to end never does."""
    room = offer.free
    for held in sorted(running, key=lambda held: held.until):
        room += held.needs
        if first.needs.fits(room):
            return held.until, room
    return 0, room
