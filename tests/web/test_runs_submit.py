"""Forms that queue a run."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from commonground.compute.runs.model import RunQuery
from commonground.compute.runs.spec import read
from commonground.web.forms import Refused
from commonground.web.runs_submit import fine_tune_spec
from tests.web.hub import Hub, running
from tests.web.runs import another, ended
from tests.web.test_pages import assert_page

pytestmark = pytest.mark.anyio
FORM = {"model": "ada/bert", "data": "ada/digits@v1", "output": "ada/tuned"}


@pytest.fixture
async def hub(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Hub]:
    """Everybody may execute, and nothing does."""
    async with running(tmp_path, runs_by="users") as made:
        yield made


async def test_a_specification_becomes_a_run(hub: Hub) -> None:
    browser = await hub.signed_in()
    assert_page(await browser.get("/runs/new"))
    answer = await browser.post("/runs/new", data={"spec": "name: x\r\nrun: |\r\n  echo 1\r\n  echo 2\r\n"})
    assert answer.status_code == 303
    [run] = await hub.services.runs.list(hub.principal, RunQuery())
    assert answer.headers["location"] == f"/runs/{run.id}"
    assert (run.name, run.spec.run) == ("x", "echo 1\necho 2\n")


async def test_a_form_that_was_refused_comes_back_with_the_reason(hub: Hub) -> None:
    browser = await hub.signed_in()
    for text, reason in {
        "": "mapping",
        "rum: x": "did you mean run?",
        "a: [": "not YAML",
        "run: a\nkind: nope": "nope",
    }.items():
        answer = await browser.post("/runs/new", data={"spec": text})
        assert_page(answer, 400)
        assert reason in answer.text
        assert f"\n{text}</textarea>" in answer.text


async def test_a_run_is_the_beginning_of_another(hub: Hub) -> None:
    first = await ended(hub, name="first", run="echo 1\necho 2", options={"a": [1, {"b": None}]}, seed=5)
    browser = await hub.signed_in()
    page = (await browser.get(f"/runs/new?from={first.id}")).text
    text = page.partition('spec-hint">\n')[2].partition("</textarea>")[0]
    assert "run: |" in text
    again = await hub.services.runs.submit(hub.principal, read(text))
    assert again.spec == first.spec
    assert (await browser.get("/runs/new?from=99")).status_code == 404


async def test_only_those_who_may_execute_see_the_forms(tmp_path: Path) -> None:
    async with running(tmp_path) as hub:
        await hub.repository()
        _, admin = await another(hub, "root", is_admin=True)
        for path in ("/runs/new", "/runs/fine-tune"):
            assert (await hub.visitor.get(path)).status_code == 303
            assert_page(await hub.ada.get(path), 403)
            assert (await hub.ada.post(path, data={"spec": "run: id"})).status_code == 403
            assert_page(await admin.get(path))
        assert "/runs/fine-tune" not in (await hub.ada.get("/ada/bert")).text
        assert "/runs/new" not in (await hub.ada.get("/runs")).text
        assert 'href="/runs/fine-tune?model=ada%2Fbert&amp;task="' in (await admin.get("/ada/bert")).text


async def test_the_page_of_a_model_leads_to_the_form(hub: Hub) -> None:
    await hub.commit(await hub.repository(), README__md=b"---\npipeline_tag: text-classification\n---\n")
    await hub.repository("digits", "dataset")
    assert "fine-tune" not in (await hub.ada.get("/datasets/ada/digits")).text
    link = "/runs/fine-tune?model=ada%2Fbert&amp;task=text-classification"
    assert link in (await hub.ada.get("/ada/bert")).text
    page = (await hub.ada.get(link.replace("&amp;", "&"))).text
    for shown in ('value="ada/bert"', 'value="ada/bert-tuned"', "<option selected>text-classification"):
        assert shown in page
    await hub.commit(await hub.repository("speech"), README__md=b"---\npipeline_tag: text-to-speech\n---\n")
    assert "fine-tune" not in (await hub.ada.get("/ada/speech")).text


async def test_the_form_says_what_the_service_says(hub: Hub) -> None:
    answer = await hub.ada.post("/runs/fine-tune", data={**FORM, "data": "ada/nothing"})
    assert answer.status_code in {400, 404}
    assert_page(answer, answer.status_code)
    assert 'role="alert"' in answer.text
    assert 'value="ada/nothing"' in answer.text
    missing = await hub.ada.post("/runs/fine-tune", data={**FORM, "model": " "})
    assert_page(missing, 422)
    assert "请填写模型" in (await hub.ada.post("/runs/fine-tune?locale=zh", data={"model": ""})).text


def test_choices_become_a_specification() -> None:
    given = {
        **FORM,
        "task": "text-classification",
        "method": "full",
        "epochs": "2",
        "batch": "",
        "learning_rate": "1e-4",
    }
    assert fine_tune_spec(given) == {
        "name": "fine-tune-bert",
        "kind": "fine-tune",
        "inputs": {"model": "hub://models/ada/bert", "data": "hub://datasets/ada/digits@v1"},
        "outputs": {"model": "hub://models/ada/tuned"},
        "options": {"task": "text-classification", "method": "full", "epochs": 2, "learning_rate": 1e-4},
    }
    plain = fine_tune_spec({**FORM, "data": "datasets/ada/d", "model": "hub://models/ada/m@v1", "method": "other"})
    assert plain["inputs"] == {"model": "hub://models/ada/m@v1", "data": "hub://datasets/ada/d"}
    assert plain["options"] == {"method": "lora"}


@pytest.mark.parametrize("wrong", ["x", "0", "-1", "nan", "inf", "1.5"])
def test_numbers_of_the_form_are_above_zero(wrong: str) -> None:
    with pytest.raises(Refused, match="above zero"):
        fine_tune_spec({**FORM, "epochs": wrong})
