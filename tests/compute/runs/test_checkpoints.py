"""A checkpoint stays for as long as somebody may continue from it."""

import pytest

from commonground.compute.runs import checkpoints
from tests.compute.runs.house import House

pytestmark = pytest.mark.anyio


async def test_what_may_be_resumed_stays_and_the_rest_goes(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = await home.execute("touch $CG_CHECKPOINT/x; exit 1")
    root = home.services.settings.runs_root
    for unknown in ("999", "notes"):
        (root / unknown / "checkpoint").mkdir(parents=True)
    assert await checkpoints.prune(home.services.database, root) == 1
    assert sorted(path.name for path in root.iterdir()) == [str(failed.id), "notes"]
    monkeypatch.setattr(checkpoints, "KEPT", -1)
    assert await checkpoints.prune(home.services.database, root) == 1
    assert [path.name for path in root.iterdir()] == ["notes"]


async def test_a_run_that_is_queued_keeps_its_checkpoint(idle: House, monkeypatch: pytest.MonkeyPatch) -> None:
    run = await idle.submit("true")
    root = idle.services.settings.runs_root
    (root / str(run.id) / "checkpoint").mkdir(parents=True)
    monkeypatch.setattr(checkpoints, "KEPT", -1)
    assert await checkpoints.prune(idle.services.database, root) == 0


async def test_nothing_is_there_before_the_first_run(idle: House) -> None:
    assert await checkpoints.prune(idle.services.database, idle.services.settings.runs_root / "absent") == 0
