"""The specification of the how-to page runs as it stands."""

import re
from pathlib import Path

import pytest

from commonground.compute.runs.spec import read
from tests.compute.runs.house import House

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "run.md"


@pytest.mark.anyio
async def test_the_specification_of_the_page_runs(home: House) -> None:
    [text] = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    await home.repository("digits", "dataset", a__csv="1", b__csv="2")
    model, _ = await home.repository("count")
    run = await home.ended(await home.runs.submit(home.alice, read(text)))
    assert run.state == "succeeded", await home.log(run.id)
    assert int((await home.files(model))["files.txt"]) >= 2
