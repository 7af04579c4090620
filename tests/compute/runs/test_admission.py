"""Backfill: a run that goes ahead never delays the first of the queue, whatever the sizes and times."""

from hypothesis import given
from hypothesis import strategies as st

from commonground.compute.runs.admission import Occupied, Waiting, choose
from commonground.compute.runs.model import Capacity, Offer

TOTAL = Capacity(cpus=8, memory=8, gpus=2, slots=4)
NOW = 1000
needs = st.builds(
    Capacity, cpus=st.integers(1, 8).map(float), memory=st.integers(0, 8), gpus=st.integers(0, 2), slots=st.just(1)
)
held = st.builds(Occupied, needs=needs, until=st.integers(NOW + 1, NOW + 50))
waiting = st.builds(Waiting, id=st.just(0), engine=st.just("local"), needs=needs, timeout=st.integers(1, 60))


def room(running: list[Occupied], at: int = NOW) -> Capacity:
    free = TOTAL
    for other in running:
        free = free - other.needs if other.until > at else free
    return free


def start_of(first: Waiting, running: list[Occupied]) -> int:
    """When the first of the queue can start if everything takes as long as it may."""
    return next(at for at in sorted({NOW, *(other.until for other in running)}) if first.needs.fits(room(running, at)))


@given(running=st.lists(held, max_size=4), queue=st.lists(waiting, min_size=1, max_size=6))
def test_backfill_never_delays_the_first(running: list[Occupied], queue: list[Waiting]) -> None:
    kept: list[Occupied] = []
    for other in running:
        if other.needs.fits(room(kept)):
            kept.append(other)
    numbered = [
        Waiting(id=number, engine=run.engine, needs=run.needs, timeout=run.timeout) for number, run in enumerate(queue)
    ]
    offer = Offer(free=room(kept), total=TOTAL)
    chosen = choose(numbered, offer, kept, NOW)
    if numbered[0].needs.fits(offer.free):
        assert chosen == 0
    elif chosen is not None:
        run = numbered[chosen]
        assert run.needs.fits(offer.free)
        after = [*kept, Occupied(needs=run.needs, until=NOW + run.timeout)]
        assert start_of(numbered[0], after) <= start_of(numbered[0], kept)


def test_what_does_not_fit_the_machine_is_passed_over() -> None:
    large = Waiting(id=1, engine="local", needs=Capacity(cpus=9), timeout=1)
    other = Waiting(id=2, engine="slurm", needs=Capacity(cpus=1), timeout=1)
    assert choose([large, other], Offer(free=TOTAL, total=TOTAL), [], NOW) is None
    assert choose([], Offer(free=TOTAL, total=TOTAL), [], NOW) is None
