"""A short campaign of faults on a real server: every run ends with the right model, and training goes on soon. The long one is
``python -m bench compute:faults``.
"""

import itertools
from collections.abc import Iterator

import pytest
from bench.faults import KINDS, RARE, ROUND, Campaign, FaultyServer
from bench.server import TOKEN

from commonground.sdk.hub import Hub

HEARTBEAT = 2
SLOW = 12
"""Seconds a machine that is busy with other tests may take more; a quiet one needs one."""


@pytest.fixture(scope="module")
def campaign() -> Iterator[Campaign]:
    with FaultyServer() as server, Hub(server.url, TOKEN) as hub:
        yield Campaign(server, hub)


@pytest.mark.parametrize(("fault", "kind"), list(zip(ROUND, itertools.cycle(KINDS), strict=False)))
def test_a_run_ends_with_the_right_model(campaign: Campaign, fault: str, kind: str) -> None:
    outcome = campaign.inject(fault, kind)
    assert outcome.right, outcome.log
    assert (outcome.recovery or 0) < SLOW + (HEARTBEAT if "freeze" in fault else 0)


def test_a_run_outlives_the_server_that_leads_it(campaign: Campaign) -> None:
    """The lease of the run ends first, then another worker takes it up."""
    outcome = campaign.inject(RARE, "ps-sync")
    assert outcome.right, outcome.log
