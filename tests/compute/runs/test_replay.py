"""A run is executed once more, and what it makes compared bit by bit."""

import pytest

from commonground.compute.runs.model import Difference, Made
from commonground.compute.runs.replay import compare
from commonground.errors import Forbidden, RunNotFound, RunStateConflict
from commonground.hub.revisions.model import AddFile, CommitRequest
from tests.compute.runs.house import House

pytestmark = pytest.mark.anyio
OUTPUT = {"m": "hub://alice/model"}


def made(path: str, content: bytes) -> Made:
    return Made(output="m", path=path, sha256=content * 32, size=1)


async def test_a_deterministic_run_is_bit_identical(home: House) -> None:
    model, _ = await home.repository("model")
    data, _ = await home.repository("digits", "dataset", train__csv="1\n")
    command = "echo $CG_SEED | cat - $CG_INPUT_DATA/train.csv > $CG_OUTPUT_M/weights"
    run = await home.execute(command, inputs={"data": "hub://datasets/alice/digits"}, outputs=OUTPUT)
    head = await home.services.revisions.resolve(model, "main")
    await home.services.revisions.commit(data, home.alice, "main", _change())  # the replay reads what the run read
    again = await home.ended(await home.runs.replay(home.alice, run.id))
    assert (again.state, again.error, again.seed, again.spec, again.replay_of) == (
        "succeeded", None, run.seed, run.spec, run.id
    )  # fmt: skip
    assert again.verdict is not None
    assert (again.verdict.identical, again.verdict.files, again.verdict.differing) == (True, 1, ())
    assert await home.services.revisions.resolve(model, "main") == head
    assert again.outputs == ()


async def test_a_run_that_writes_the_time_is_not(home: House) -> None:
    await home.repository("model")
    command = "date +%N > $CG_OUTPUT_M/when; echo same > $CG_OUTPUT_M/same; touch $CG_OUTPUT_M/run-$CG_RUN"
    run = await home.execute(command, outputs=OUTPUT)
    again = await home.ended(await home.runs.replay(home.alice, run.id))
    assert again.state == "succeeded"
    verdict = again.verdict
    assert verdict is not None
    assert not verdict.identical
    assert {file.path for file in verdict.differing} == {"when", f"run-{run.id}", f"run-{again.id}"}
    assert (verdict.differences, verdict.files) == (3, 4)


async def test_what_made_nothing_cannot_be_replayed(home: House) -> None:
    for run in (await home.execute("true"), await home.execute("false")):
        with pytest.raises(RunStateConflict):
            await home.runs.replay(home.alice, run.id)
    with pytest.raises(RunNotFound):
        await home.runs.replay(home.bob, run.id)


async def test_secrets_of_another_are_not_replayed(home: House) -> None:
    await home.repository("model")
    document = {"run": "echo x > $CG_OUTPUT_M/x", "outputs": OUTPUT, "environment": {"T": {"secret": "t"}}}
    run = await home.ended(await home.runs.submit(home.alice, document, secrets={"t": "x"}))
    carol = await home.services.accounts.create_user("carol", is_admin=True)
    with pytest.raises(Forbidden):
        await home.runs.replay(await home.services.accounts.of_account(carol.id), run.id)


def test_the_verdict_names_what_differs() -> None:
    verdict = compare(
        [made("a", b"1"), made("b", b"1"), made("gone", b"1")],
        [made("a", b"1"), made("b", b"2"), made("new", b"1")],
        {"python": "3.11", "host": "x", "cpus": 2},
        {"python": "3.12", "host": "x", "gpus": 1},
    )
    one, two = (b"1" * 32).hex(), (b"2" * 32).hex()
    assert verdict.differing == (
        Difference(output="m", path="b", before=one, after=two),
        Difference(output="m", path="gone", before=one),
        Difference(output="m", path="new", after=one),
    )
    assert verdict.environment == {"python": ("3.11", "3.12"), "cpus": (2, None), "gpus": (None, 1)}


def test_the_list_of_what_differs_is_bounded() -> None:
    verdict = compare([made(str(n), b"1") for n in range(1500)], [], {}, {})
    assert (len(verdict.differing), verdict.differences) == (1000, 1500)


def _change() -> CommitRequest:
    return CommitRequest(title="change", operations=[AddFile(path="train.csv", content=b"2\n")])
