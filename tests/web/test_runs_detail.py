"""The page of one run."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, update

from commonground.compute.runs import queries
from commonground.compute.runs.model import Difference, Made, Outcome, Point, Verdict
from commonground.database.schema.runs import run as table
from commonground.errors import RunStateConflict
from tests.web.hub import Hub, running
from tests.web.runs import another, claimed, ended, queued
from tests.web.test_pages import assert_page

pytestmark = pytest.mark.anyio
PLAN = {"predicted": 0.5, "measured": 0.6, "lower": 0.4, "upper": 1.0, "efficiency": 0.8, "computation": 0.4,
        "communication": 0.1}  # fmt: skip
NUMBER = re.compile(r"(?<=run )\d+|(?<=runs/)\d+|(?<=runs%2F)\d+")
LOSS = [Point(key="loss <b>", value=1 / (step + 1), step=step) for step in range(100)]


@pytest.fixture
async def hub(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Hub]:
    """Everybody may execute, and nothing does."""
    async with running(tmp_path, runs_by="users") as made:
        yield made


async def test_what_was_asked_and_how_it_went(hub: Hub) -> None:
    data = await hub.repository("digits", "dataset")
    await hub.repository("model")
    run = await ended(
        hub, LOSS, run="echo 1\necho 2", name="learn", inputs={"data": "hub://datasets/ada/digits"}, seed=7,
        outputs={"result": "hub://models/ada/model"}, environment={"TOKEN": {"secret": "key"}}, options={"epochs": 3},
    )  # fmt: skip
    answer = await hub.ada.get(f"/runs/{run.id}")
    assert_page(answer)
    page = answer.text
    assert "<h1>learn" in page
    assert f'href="/datasets/ada/digits/tree/{data.head}"' in page
    assert 'href="/ada/model">ada/model' in page
    assert "not published" in page
    for text in ("1.5s", "epochs", "TOKEN", "echo 2", "secret", "1 of at most 4"):
        assert text in page, text
    assert 'aria-label="loss &lt;b&gt;: from 1 to 0.01"' in page
    assert "<polyline" in page
    assert "run.js" not in page  # it has ended
    assert "/cancel" not in page
    assert_page(await hub.ada.get(f"/runs/{run.id}?locale=zh"))


async def test_a_run_that_goes_on_is_kept_up_to_date_by_a_script(hub: Hub) -> None:
    claim = await claimed(hub)
    await hub.services.runs.append_log(claim, "stdout", "\x1b[31mred\x1b[0m\n 10%\r 90%\nend <b>\n")
    page = (await hub.ada.get(f"/runs/{claim.run.id}")).text
    assert "/run.js" in page
    assert f'data-log="/api/cg/v1/runs/{claim.run.id}/logs?after=1"' in page
    assert '<span class="stdout">red\n 90%\nend &lt;b&gt;\n</span>' in page
    for live in ("state", "actions", "facts", "metrics"):
        assert page.count(f'data-live="{live}"') == 1


async def test_the_whole_log_is_text(hub: Hub) -> None:
    claim = await claimed(hub)
    for number in range(40):
        await hub.services.runs.append_log(claim, "stdout", f"<script>line {number}\n" * 50)
    page = (await hub.ada.get(f"/runs/{claim.run.id}")).text
    assert "line 0\n" not in page
    assert page.count("&lt;script&gt;line") == 200
    log = await hub.ada.get(f"/runs/{claim.run.id}/log")
    assert (log.headers["content-type"], log.headers["x-content-type-options"]) == (
        "text/plain; charset=utf-8",
        "nosniff",
    )
    assert "sandbox" in log.headers["content-security-policy"]
    assert log.text.splitlines() == [f"<script>line {number}" for number in range(40) for _ in range(50)]


async def test_it_is_cancelled_and_resumed_by_buttons(hub: Hub) -> None:
    run, browser = await queued(hub), await hub.signed_in()
    assert f'action="/runs/{run.id}/cancel"' in (await browser.get(f"/runs/{run.id}")).text
    answer = await browser.post(f"/runs/{run.id}/cancel", data={})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/runs/{run.id}")
    page = (await browser.get(f"/runs/{run.id}")).text
    assert "cancelled" in page
    assert f'action="/runs/{run.id}/resume"' in page
    again = await browser.post(f"/runs/{run.id}/cancel", data={})
    assert_page(again, 409)
    assert RunStateConflict.code in again.text
    assert (await browser.post(f"/runs/{run.id}/resume", data={})).status_code == 303
    assert (await hub.services.runs.find(hub.principal, run.id)).state == "queued"


async def test_another_site_cannot_press_them(hub: Hub) -> None:
    run, browser = await queued(hub), await hub.signed_in()
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    for form in (f"{run.id}/cancel", f"{run.id}/resume", "new", "fine-tune"):
        assert (await browser.post(f"/runs/{form}", data={"spec": "run: id"}, headers=headers)).status_code == 403
    assert (await hub.services.runs.find(hub.principal, run.id)).state == "queued"


async def test_to_others_a_run_looks_absent(hub: Hub) -> None:
    run = await ended(hub, name="secret")
    _, bob = await another(hub)
    for client in (bob, hub.visitor):
        for tail in ("", "/log"):
            hidden, missing = [await client.get(f"/runs/{number}{tail}") for number in (run.id, 99)]
            assert_page(hidden, 404)
            assert NUMBER.sub("", hidden.text) == NUMBER.sub("", missing.text)
    for number in ("0", "-1", "x", "９", "9" * 18, "9" * 30):
        assert (await hub.ada.get(f"/runs/{number}")).status_code == 404, number


async def test_what_the_planner_foretold_is_shown_beside_what_was_measured(hub: Hub) -> None:
    claim = await claimed(hub)
    runs = hub.services.runs
    assert "Predicted" not in (await hub.ada.get(f"/runs/{claim.run.id}")).text
    for plan in ("nonsense", {"predicted": 1}, PLAN):
        await runs.describe(claim, {"host": "a", "plan": plan})
        answer = await hub.ada.get(f"/runs/{claim.run.id}")
        assert_page(answer)
    assert "<td>500ms</td><td>600ms (+20.0 %)</td><td>400ms – 1s</td><td>80 %</td>" in answer.text
    await runs.finish(claim, Outcome())


async def test_a_run_that_made_files_is_replayed(hub: Hub) -> None:
    await hub.repository("model")
    claim = await claimed(hub, outputs={"result": "hub://models/ada/model"})
    address = f"/runs/{claim.run.id}"
    assert "/replay" not in (await hub.ada.get(address)).text
    await hub.services.runs.finish(claim, Outcome())
    assert f'action="{address}/replay"' in (await hub.ada.get(address)).text
    assert_page(await hub.ada.post(f"{address}/replay"), 409)  # it left nothing to compare with
    await hub.services.database.write(
        queries.set_files, claim.run.id, [Made(output="result", path="a", sha256=b"x" * 32, size=1)]
    )
    answer = await hub.ada.post(f"{address}/replay")
    assert (answer.status_code, answer.headers["location"]) == (303, "/runs/2")
    assert f'Replay of</dt><dd><a href="{address}">#1</a>' in (await hub.ada.get("/runs/2")).text


@pytest.mark.parametrize(
    ("verdict", "text"),
    [
        (Verdict(identical=True, files=3), "All 3 files have the same bits as before."),
        (Verdict(identical=True, files=1), "The 1 file has the same bits as before."),
        (
            Verdict(identical=False, files=2, differences=1, differing=(Difference(output="o", path="<i>", before="a"),),
                    environment={"host": ("a", "<b>")}),
            "1 file differs from what run 1 made:",
        ),
    ],
)  # fmt: skip
async def test_a_replay_says_whether_it_made_the_same(hub: Hub, verdict: Verdict, text: str) -> None:
    await queued(hub)
    again = await queued(hub)

    def judged(connection: Connection) -> None:
        connection.execute(update(table).where(table.c.id == again.id).values(replay_of=1))
        queries.judge(connection, again.id, verdict)

    await hub.services.database.write(judged)
    answer = await hub.ada.get(f"/runs/{again.id}")
    assert_page(answer)
    assert text in answer.text
    assert ('o/&lt;i&gt;</code> <span class="muted">not made' in answer.text) == (not verdict.identical)
