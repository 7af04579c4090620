"""What a data set has given away is kept across runs, and no run takes what is not there: on both databases."""

import asyncio
from typing import Any

import pytest

from commonground.compute.runs.model import Capacity, Offer, Outcome, Run, RunQuery
from commonground.errors import CommongroundError, PrivacyBudgetExceeded, PrivacyUnknown, RunStateConflict
from commonground.hub.repositories.model import Repository
from commonground.training.privacy.accounting import guarantee
from commonground.training.privacy.model import Budget, SampledGaussian
from tests.compute.runs.house import House

pytestmark = pytest.mark.anyio

ROOM = Offer(free=Capacity(cpus=8), total=Capacity(cpus=8))
PRIVATE = {"epsilon": 1.0, "delta": 1e-5, "sampling_rate": 0.01, "steps": 1000}


async def data_set(home: House, budget: float | None = None, name: str = "people") -> Repository:
    made, _ = await home.repository(name, "dataset", a__txt="1")
    if budget is not None:
        await home.services.privacy.set_budget(made, Budget(epsilon=budget))
    return made


async def submit(home: House, *names: str, **privacy: Any) -> Run:
    inputs = {f"d{place}": f"hub://datasets/alice/{name}" for place, name in enumerate(names or ["people"])}
    return await home.submit("true", inputs=inputs, privacy={**PRIVATE, **privacy} if "none" not in privacy else {})


async def spent(home: House, data: Repository) -> float:
    return (await home.services.privacy.show(data)).spent.epsilon


async def states(home: House, data: Repository) -> list[str]:
    return [entry.state for entry in (await home.services.privacy.show(data)).entries]


async def begin(home: House) -> Any:
    claim = await home.runs.claim("worker", ROOM, 60)
    assert claim is not None
    return claim


async def test_a_run_reserves_when_it_is_submitted_and_has_spent_when_it_ends(home: House) -> None:
    data = await data_set(home, 3.0)
    await submit(home)
    assert await states(home, data) == ["reserved"]
    assert 0.99 < await spent(home, data) <= 1.0
    await home.runs.finish(await begin(home), Outcome())
    assert await states(home, data) == ["spent"]
    assert 0.99 < await spent(home, data) <= 1.0


async def test_runs_compose_and_the_one_above_the_budget_is_refused(home: House) -> None:
    data = await data_set(home, 1.5)
    await submit(home)
    await submit(home)
    with pytest.raises(
        PrivacyBudgetExceeded, match=r"alice/people would have spent epsilon 2\.\d+ of 1\.5 at delta 1e-05"
    ):
        await submit(home, epsilon=1.5)
    assert len(await home.runs.list(home.alice, RunQuery())) == 2
    assert await states(home, data) == ["reserved", "reserved"]
    assert 1.0 < await spent(home, data) < 1.5


async def test_of_two_at_once_one_is_admitted(home: House) -> None:
    data = await data_set(home, 1.2)
    answers = await asyncio.gather(*(submit(home) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(answer, Run) for answer in answers) == 1
    assert sum(isinstance(answer, PrivacyBudgetExceeded) for answer in answers) == 3
    assert await spent(home, data) <= 1.2


async def test_a_run_that_never_began_gives_back_what_it_had_reserved(home: House) -> None:
    data = await data_set(home, 1.2)
    run = await submit(home)
    await home.runs.cancel(home.alice, run.id)
    assert await spent(home, data) == 0.0
    await submit(home)


async def test_a_run_that_gave_back_is_resumed_only_while_there_is_room(home: House) -> None:
    data = await data_set(home, 1.2)
    first = await submit(home)
    await home.runs.cancel(home.alice, first.id)
    second = await submit(home)
    with pytest.raises(PrivacyBudgetExceeded):
        await home.runs.resume(home.alice, first.id)
    assert (await home.runs.find(home.alice, first.id)).state == "cancelled"
    await home.runs.cancel(home.alice, second.id)
    await home.runs.resume(home.alice, first.id)
    assert [entry.run_id for entry in (await home.services.privacy.show(data)).entries] == [first.id]


@pytest.mark.parametrize("ending", ["failed", "cancelled"])
async def test_a_run_that_began_has_spent_however_it_ends(home: House, ending: str) -> None:
    data = await data_set(home, 1.2)
    run = await submit(home)
    claim = await begin(home)
    if ending == "failed":
        await home.runs.finish(claim, Outcome(error="broken", final=True))
    else:
        await home.runs.cancel(home.alice, run.id)
    assert await states(home, data) == ["spent"]
    with pytest.raises(PrivacyBudgetExceeded):
        await submit(home)
    await home.runs.resume(home.alice, run.id)  # it goes on: paid once
    assert await states(home, data) == ["reserved"]
    assert await spent(home, data) <= 1.0


async def test_a_run_on_two_data_sets_takes_from_both_or_from_none(home: House) -> None:
    rich, poor = await data_set(home, 5.0, "rich"), await data_set(home, 0.5, "poor")
    with pytest.raises(PrivacyBudgetExceeded, match="alice/poor"):
        await submit(home, "rich", "poor")
    assert await spent(home, rich) == await spent(home, poor) == 0.0
    await submit(home, "rich", "poor", epsilon=0.4)
    assert await spent(home, rich) == pytest.approx(await spent(home, poor))


async def test_the_ledger_is_kept_before_there_is_a_budget(home: House) -> None:
    data = await data_set(home)
    await submit(home)
    assert 0.99 < await spent(home, data) <= 1.0
    await home.services.privacy.set_budget(data, Budget(epsilon=0.5))
    with pytest.raises(PrivacyBudgetExceeded):
        await submit(home, epsilon=0.1)
    await home.services.privacy.set_budget(data, None)
    await submit(home)


async def test_what_is_accounted_for_is_what_runs(idle: House) -> None:
    data = await data_set(idle, 3.0)
    run = await submit(idle)
    noise = run.spec.privacy["noise"]
    assert "epsilon" not in run.spec.privacy
    found = guarantee([SampledGaussian(noise, 0.01, 1000)], 1e-5)
    assert found.epsilon == pytest.approx(await spent(idle, data))


async def test_a_budget_admits_no_run_that_is_not_private(idle: House) -> None:
    await data_set(idle, 3.0)
    with pytest.raises(PrivacyUnknown, match="this run has no section privacy"):
        await submit(idle, none=True)
    with pytest.raises(PrivacyUnknown, match="sampling_rate and steps are missing"):
        await submit(idle, steps=None)
    with pytest.raises(PrivacyUnknown, match="privacy"):
        await submit(idle, epsilonn=3)


async def test_no_noise_is_no_privacy(idle: House) -> None:
    data = await data_set(idle, 1000.0)
    with pytest.raises(PrivacyBudgetExceeded, match="epsilon inf"):
        await submit(idle, epsilon=None, noise=0.0)
    assert await spent(idle, data) == 0.0


async def test_a_run_that_ended_well_is_not_resumed_by_way_of_the_ledger(idle: House) -> None:
    await data_set(idle, 3.0)
    run = await submit(idle)
    await idle.runs.finish(await begin(idle), Outcome())
    with pytest.raises(RunStateConflict):
        await idle.runs.resume(idle.alice, run.id)


async def test_what_was_spent_outlives_the_run_and_its_owner(idle: House) -> None:
    data = await data_set(idle, 3.0)
    await submit(idle)
    await idle.runs.finish(await begin(idle), Outcome())
    before = await spent(idle, data)

    def forget(connection: Any) -> None:
        connection.exec_driver_sql("DELETE FROM run")

    await idle.services.database.write(forget)
    assert (await spent(idle, data), await states(idle, data)) == (before, ["spent"])


async def test_other_inputs_have_no_ledger(idle: House) -> None:
    model, _ = await idle.repository("m")
    await idle.submit("true", inputs={"m": "hub://alice/m"}, privacy=PRIVATE)
    assert await spent(idle, model) == 0.0


async def test_every_refusal_says_what_to_do(idle: House) -> None:
    await data_set(idle, 0.5)
    with pytest.raises(CommongroundError) as caught:
        await submit(idle)
    assert (caught.value.status, caught.value.code) == (409, "CG-2201")
    assert "commonground privacy show" in caught.value.remedy
