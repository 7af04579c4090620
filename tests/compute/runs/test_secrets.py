"""Secrets that are given with a run: encrypted at rest, known to its processes, in no answer and no log."""

from pathlib import Path

import msgspec
import pytest

from commonground.compute.runs.sealing import Sealing
from commonground.errors import InvalidSpec, SecretMissing
from tests.compute.runs.house import House

pytestmark = pytest.mark.anyio
VALUE = "hf_averysecretvalue"
SPEC = {"run": "echo token $TOKEN; test -n $TOKEN", "environment": {"TOKEN": {"secret": "token"}}}


def test_what_is_sealed_is_opened_for_its_account_alone() -> None:
    sealing = Sealing(b"k" * 32)
    sealed = sealing.seal(1, {"token": VALUE})
    assert sealed is not None
    assert VALUE.encode() not in sealed
    assert sealing.open(1, sealed) == {"token": VALUE}
    assert sealed != sealing.seal(1, {"token": VALUE})
    for other, account in ((sealing, 2), (Sealing(b"x" * 32), 1)):
        with pytest.raises(SecretMissing):
            other.open(account, sealed)
    assert sealing.seal(1, {}) is None
    assert sealing.open(1, None) == {}


async def test_a_process_knows_it_and_nobody_else(home: House) -> None:
    run = await home.ended(await home.runs.submit(home.alice, SPEC, secrets={"token": VALUE}))
    assert (run.state, await home.log(run.id)) == ("succeeded", "token ***\n")
    assert VALUE not in msgspec.json.encode(run).decode()
    again = await home.ended(await home.runs.duplicate(home.alice, run.id))
    assert (again.state, await home.log(again.id)) == ("succeeded", "token ***\n")
    for file in home.services.settings.data.rglob("*sqlite*"):
        assert VALUE.encode() not in Path(file).read_bytes()


async def test_one_that_is_not_given_is_missing(home: House) -> None:
    run = await home.ended(await home.runs.submit(home.alice, SPEC))
    assert run.state == "failed"
    assert run.error is not None
    assert run.error.startswith("CG-1807")


@pytest.mark.parametrize(
    "given", [{"Token": "x"}, {"t": "x" * 40_000}, {"t": "a\0b"}, {f"t{n}": "x" for n in range(65)}]
)
async def test_what_is_no_secret_is_refused(idle: House, given: dict[str, str]) -> None:
    with pytest.raises(InvalidSpec):
        await idle.runs.submit(idle.alice, SPEC, secrets=given)


async def test_labels_are_found_again(idle: House) -> None:
    from commonground.compute.runs.model import RunQuery

    run = await idle.runs.submit(idle.alice, {"run": "true"}, labels={"team": "ml", "env": "prod"})
    other = await idle.runs.submit(idle.alice, {"run": "true"}, labels={"team": "ml"})
    assert run.labels == {"team": "ml", "env": "prod"}
    found = [
        [item.id for item in await idle.runs.list(idle.alice, RunQuery(labels=labels))]
        for labels in ({"team": "ml"}, {"team": "ml", "env": "prod"}, {"env": "dev"})
    ]
    assert found == [[other.id, run.id], [run.id], []]
    assert (await idle.runs.set_labels(idle.alice, run.id, {"a": "b"})).labels == {"a": "b"}
