"""Whole runs: submitted, claimed, executed as processes of this machine, published."""

import asyncio
import stat
from typing import Any

import pytest

from commonground.accounts.model import ANONYMOUS
from commonground.compute.runs.model import RunQuery
from commonground.errors import (
    CommongroundError,
    Forbidden,
    InvalidSpec,
    KindUnavailable,
    RepositoryNotFound,
    RevisionNotFound,
    RunNotFound,
    RunStateConflict,
    Unauthenticated,
)
from tests.compute.launchers.test_local import gone
from tests.compute.runs.house import House, working

pytestmark = pytest.mark.anyio


async def test_a_run_from_submission_to_lineage(home: House) -> None:
    data, commit = await home.repository("digits", "dataset", train__csv="1,2\n3,4\n")
    model, before = await home.repository("sum")
    run = await home.execute(
        "awk -F, '{s+=$1+$2} END {print s}' $CG_INPUT_DATA/train.csv > $CG_OUTPUT_MODEL/sum.txt; echo done",
        name="adds",
        inputs={"data": "hub://datasets/alice/digits"},
        outputs={"model": "hub://models/alice/sum"},
        seed=7,
    )
    assert (run.state, run.error, run.exit_code, run.attempt, run.seed) == ("succeeded", None, 0, 1, 7)
    assert run.spec.inputs == {"data": f"hub://datasets/alice/digits@{commit}"}
    assert await home.log(run.id) == "done\n"
    assert (await home.files(model))["sum.txt"] == b"10\n"
    [output] = run.outputs
    info = await home.services.revisions.commit_info(model, "main")
    assert (output.repository, output.commit, info.parents) == ("alice/sum", info.sha, (before,))
    assert info.title == f"Run {run.id}: adds"
    assert f"Input data: hub://datasets/alice/digits@{commit}" in info.body
    assert (run.bytes_written, run.cpu_seconds > 0, run.bytes_read >= 8) == (3, True, True)
    assert {"python", "host", "commonground"} <= run.environment.keys()
    graph = await home.runs.lineage(home.alice, model, info.sha)
    assert {(arrow.source.split(":")[0], arrow.name) for arrow in graph.arrows} == {
        ("revision", "data"),
        ("run", "model"),
    }
    assert graph == await home.runs.lineage(home.alice, model, info.sha, depth=1)
    assert {node.id for node in graph.nodes} == {
        node.id for node in (await home.runs.lineage(home.alice, data, commit)).nodes
    }


async def test_inputs_are_read_only_and_pinned(home: House) -> None:
    _, commit = await home.repository("d", "dataset", a__txt="a")
    run = await home.execute(
        "ls -l $CG_INPUT_D/a.txt | cut -c1-10; stat -c %a $CG_INPUT_D; cat $CG_INPUT_F/*; ls $CG_INPUT_F",
        inputs={"d": f"hub://datasets/alice/d@{commit[:12]}", "f": "hub://datasets/alice/d@main/a.txt"},
    )
    assert (await home.log(run.id)).split() == [stat.filemode(0o100444), "555", "aa.txt"]
    assert list((home.services.settings.data / "runs").iterdir()) == []


async def test_a_failed_run_publishes_nothing(home: House) -> None:
    model, before = await home.repository("m")
    run = await home.execute("echo x > $CG_OUTPUT_M/x; exit 3", outputs={"m": "hub://alice/m"})
    assert (run.state, run.exit_code, run.error) == ("failed", 3, "worker 0 ended with exit code 3")
    assert (await home.services.revisions.commit_info(model, "main")).sha == before
    assert run.outputs[0].commit is None


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("true", "left nothing"),
        ("ln -s /etc/passwd $CG_OUTPUT_M/x", "not a plain file"),
        ("mkfifo $CG_OUTPUT_M/p", "not a plain file"),
    ],
)
async def test_an_output_of_anything_but_files_is_not_published(home: House, command: str, reason: str) -> None:
    model, before = await home.repository("m")
    run = await home.execute(command, outputs={"m": "hub://alice/m"}, fault={"max_restarts": 3})
    assert (run.state, run.attempt) == ("failed", 1)
    assert reason in (run.error or "")
    assert (await home.services.revisions.commit_info(model, "main")).sha == before


async def test_one_bad_output_keeps_back_the_good_one(home: House) -> None:
    model, before = await home.repository("m")
    await home.repository("n")
    run = await home.execute("echo x > $CG_OUTPUT_A/x", outputs={"a": "hub://alice/m", "b": "hub://alice/n"})
    assert run.state == "failed"
    assert (await home.services.revisions.commit_info(model, "main")).sha == before


async def test_a_path_below_an_output_keeps_what_is_beside_it(home: House) -> None:
    model, _ = await home.repository("m", other="1")
    await home.execute("mkdir $CG_OUTPUT_M/b; echo x > $CG_OUTPUT_M/b/c", outputs={"m": "hub://alice/m/a"})
    assert {"other", "a/b/c"} <= (await home.files(model)).keys()


async def test_secrets_are_in_the_environment_and_nowhere_else(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CG_RUN_SECRET_TOKEN", "s3cret-value")
    monkeypatch.setenv("CG_SECRET_KEY", "k" * 40)
    run = await home.execute(
        "printf 's3cret-'; sleep 0.6; echo value; echo $KEY >&2; env; printf s3cre; test ${#KEY} = 12",
        environment={"KEY": {"secret": "token"}, "PLAIN": "p"},
    )
    assert run.state == "succeeded"
    log = await home.log(run.id)
    assert "s3cret-value" not in log + str(run)
    assert "KEY=***" in log
    assert log.startswith("***\n")
    assert log.endswith("s3cre")
    assert "CG_SECRET" not in log
    assert "PLAIN=p" in log


async def test_a_secret_the_worker_does_not_hold_ends_the_run(home: House) -> None:
    run = await home.execute("true", environment={"KEY": {"secret": "absent"}})
    assert (run.state, (run.error or "")[:7]) == ("failed", "CG-1807")


async def test_metrics_are_told_apart_from_the_output(home: House) -> None:
    program = (
        "from commonground.compute.reporting import heartbeat, log_metric\n"
        "heartbeat()\n"
        "for step in range(3): log_metric('loss', 1 / (step + 1), step)\n"
        "log_metric('nan', float('nan')); print('text')"
    )
    run = await home.execute(f'python -c "{program}"; echo noise >&3')
    points = await home.runs.metrics(home.alice, run.id)
    assert [(point.key, point.step, point.value) for point in points] == [
        ("loss", 0, 1),
        ("loss", 1, 0.5),
        ("loss", 2, 1 / 3),
    ]
    assert await home.runs.metrics(home.alice, run.id, ["loss"], points[1].id) == points[2:]
    assert await home.log(run.id) == "text\n"


async def test_all_processes_of_a_gang_know_their_place(home: House) -> None:
    run = await home.execute(
        "echo $CG_ROLE $RANK of $WORLD_SIZE $MASTER_PORT",
        resources={"workers": 2, "servers": 1, "cpus": 0.1},
    )
    lines = sorted((await home.log(run.id)).splitlines())
    port = lines[0].split()[-1]
    assert lines == [
        f"[server 0] server 0 of 1 {port}", f"[worker 0] worker 0 of 2 {port}", f"[worker 1] worker 1 of 2 {port}",
    ]  # fmt: skip


async def test_a_function_is_an_entry(home: House) -> None:
    run = await home.ended(await home.runs.submit(home.alice, {"entry": "json:dumps", "fault": {"max_restarts": 0}}))
    assert run.state == "succeeded", await home.log(run.id)


async def test_a_failed_attempt_is_tried_again_and_finds_its_checkpoint(home: House) -> None:
    script = "echo $CG_ATTEMPT; test -f $CG_CHECKPOINT/half || { touch $CG_CHECKPOINT/half; kill -9 $$; }"
    run = await home.execute(script, fault={"max_restarts": 1})
    assert (run.state, run.attempt) == ("succeeded", 2)
    assert (await home.log(run.id, "stdout")).split() == ["1", "2"]
    assert "exit code 137" in await home.log(run.id, "system")


async def test_a_run_that_takes_too_long_or_is_silent_too_long_is_ended(home: House) -> None:
    slow = await home.execute("sleep 60", fault={"max_restarts": 0, "timeout": "500ms"})
    assert (slow.state, slow.error) == ("failed", "it took longer than its timeout of 0.5 s")
    frozen = await home.execute("echo a; kill -STOP $$", fault={"max_restarts": 0, "heartbeat": "500ms"})
    assert (frozen.state, frozen.error) == ("failed", "it gave no sign of life for 0.5 s")


async def test_cancelling_ends_the_processes_and_resuming_starts_again(home: House) -> None:
    run = await home.submit("test -f $CG_CHECKPOINT/x && exit 0; touch $CG_CHECKPOINT/x; echo $$; sleep 1000")
    await home.until(run.id, lambda found: found.state == "running")
    while not (log := await home.log(run.id)):
        await asyncio.sleep(0.02)
    assert (await home.runs.cancel(home.alice, run.id)).state == "cancelled"
    with pytest.raises(RunStateConflict):
        await home.runs.cancel(home.alice, run.id)
    assert await gone(int(log), 8)
    await home.runs.resume(home.alice, run.id)
    assert (await home.ended(run)).state == "succeeded"
    with pytest.raises(RunStateConflict):
        await home.runs.resume(home.alice, run.id)


async def test_a_worker_that_stops_hands_its_runs_back(idle: House) -> None:
    async with working(idle.services):
        run = await idle.submit("test -f $CG_CHECKPOINT/x && exit 0; touch $CG_CHECKPOINT/x; sleep 1000")
        await idle.until(run.id, lambda found: found.state == "running")
        await asyncio.sleep(0.5)
    assert (await idle.runs.find(idle.alice, run.id)).state == "queued"
    async with working(idle.services):
        assert (await idle.ended(run)).state == "succeeded"


async def test_more_runs_than_room_wait_for_their_turn(idle: House) -> None:
    runs = [await idle.submit(f"echo {number}", resources={"cpus": 0.5}) for number in range(6)]
    async with working(idle.services):
        assert {(await idle.ended(run)).state for run in runs} == {"succeeded"}


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ({"kind": "no-such", "run": "a"}, KindUnavailable),
        ({"run": "a", "engine": "slurm"}, KindUnavailable),
        ({"run": "a", "inputs": {"x": "hub://alice/absent"}}, RepositoryNotFound),
        ({"run": "a", "inputs": {"x": "hub://alice/m@nothing"}}, RevisionNotFound),
        ({"run": "a", "inputs": {"x": "../../etc"}}, InvalidSpec),
        ({"run": "a", "outputs": {"x": "hub://alice/m@v1"}}, InvalidSpec),
        ({"run": "a", "outputs": {"x": "hub://alice/m/../y"}}, InvalidSpec),
        ({"run": "a", "outputs": {"x": "hub://alice/m", "y": "hub://alice/m"}}, InvalidSpec),
    ],
)
async def test_what_cannot_be_is_refused_before_it_is_queued(
    idle: House, document: dict[str, Any], error: type[CommongroundError]
) -> None:
    await idle.repository("m")
    with pytest.raises(error):
        await idle.runs.submit(idle.alice, document)
    assert await idle.runs.list(idle.alice, RunQuery()) == []


async def test_who_may_execute_and_who_may_look(idle: House) -> None:
    with pytest.raises(Unauthenticated):
        await idle.runs.submit(ANONYMOUS, {"run": "a"})
    with pytest.raises(Forbidden):
        await idle.runs.submit(idle.bob, {"run": "a"})
    run = await idle.submit("true")
    with pytest.raises(RunNotFound):
        await idle.runs.find(idle.bob, run.id)
    with pytest.raises(RunNotFound):
        await idle.runs.logs(idle.bob, run.id)
    assert await idle.runs.list(idle.bob, RunQuery()) == []
    assert [found.id for found in await idle.runs.list(idle.alice, RunQuery(state="queued"))] == [run.id]
    assert await idle.runs.list(idle.alice, RunQuery(before=run.id)) == []


async def test_the_lineage_hides_what_the_caller_may_not_know_of(home: House) -> None:
    secret = await home.services.repositories.create(home.alice, "dataset", "alice", "secret", visibility="private")
    public, _ = await home.repository("open")
    await home.execute(
        "cp $CG_INPUT_D/.gitattributes $CG_OUTPUT_M/x",
        inputs={"d": "hub://datasets/alice/secret"},
        outputs={"m": "hub://alice/open"},
    )
    head = await home.services.revisions.resolve(public, "main")
    shown = await home.runs.lineage(home.bob, public, head)
    assert len((await home.runs.lineage(home.alice, public, head)).nodes) == 3
    assert len(shown.nodes) == 2
    assert str(secret.id) not in {arrow.source.split(":")[1] for arrow in shown.arrows if "revision" in arrow.source}
