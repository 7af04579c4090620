"""The privacy ledger over the API of our own."""

import pytest

from tests.gateways.native.hub import API, Hub, code

pytestmark = pytest.mark.anyio

PEOPLE = f"{API}/repositories/datasets/alice/people"
PRIVATE = {"noise": 1.1, "delta": 1e-5, "sampling_rate": 256 / 60_000, "steps": 14_062}
SPEC = {"run": "true", "inputs": {"data": "hub://datasets/alice/people"}, "privacy": PRIVATE}


async def test_a_budget_and_what_was_spent_of_it(hub: Hub) -> None:
    await hub.create("people", kind="dataset")
    assert (await hub.nobody.get(f"{PEOPLE}/privacy")).json()["budget"] is None
    ledger = (await hub.alice.put(f"{PEOPLE}/privacy", json={"epsilon": 4.0})).json()
    assert (ledger["budget"], ledger["epsilon"]) == ({"epsilon": 4.0, "delta": 1e-5}, 0.0)
    run = (await hub.root.post(f"{API}/runs", json={"spec": SPEC})).json()
    ledger = (await hub.nobody.get(f"{PEOPLE}/privacy")).json()
    assert ledger["renyi"] == pytest.approx(2.5966, abs=1e-3)
    assert ledger["epsilon"] == pytest.approx({"rdp": 2.5966, "pld": 2.3817}[ledger["accountant"]], rel=0.01)
    [entry] = ledger["entries"]
    assert (entry["run_id"], entry["state"], entry["noise"]) == (run["id"], "reserved", 1.1)


async def test_a_run_above_the_budget_is_refused(hub: Hub) -> None:
    await hub.create("people", kind="dataset")
    await hub.alice.put(f"{PEOPLE}/privacy", json={"epsilon": 1.0})
    assert code(await hub.root.post(f"{API}/runs", json={"spec": SPEC})) == (409, "CG-2201")
    assert code(await hub.root.post(f"{API}/runs", json={"spec": {**SPEC, "privacy": {}}})) == (409, "CG-2202")
    await hub.alice.put(f"{PEOPLE}/privacy", json={"epsilon": None})
    assert (await hub.root.post(f"{API}/runs", json={"spec": SPEC})).status_code == 201


async def test_without_noise_there_is_no_figure(hub: Hub) -> None:
    await hub.create("people", kind="dataset")
    await hub.root.post(f"{API}/runs", json={"spec": {**SPEC, "privacy": {**PRIVATE, "noise": 0}}})
    ledger = (await hub.nobody.get(f"{PEOPLE}/privacy")).json()
    assert (ledger["epsilon"], ledger["renyi"]) == (None, None)


async def test_who_manages_a_data_set_sets_its_budget(hub: Hub) -> None:
    await hub.create("people", kind="dataset")
    assert code(await hub.bob.put(f"{PEOPLE}/privacy", json={"epsilon": 1.0})) == (403, "CG-1103")
    assert (await hub.nobody.put(f"{PEOPLE}/privacy", json={"epsilon": 1.0})).status_code == 401


@pytest.mark.parametrize("wrong", [{"epsilon": -1.0}, {"epsilon": 0}, {"epsilon": 1, "delta": 1}, {"epsilon": "all"}])
async def test_what_is_no_budget_is_refused(hub: Hub, wrong: dict[str, object]) -> None:
    await hub.create("people", kind="dataset")
    assert (await hub.alice.put(f"{PEOPLE}/privacy", json=wrong)).status_code == 400
