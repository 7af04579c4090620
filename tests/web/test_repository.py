"""The page of a repository, its files and its history."""

import json
import re
import struct

import pytest

from commonground.accounts.model import Principal
from commonground.hub.repositories.model import Repository
from tests.web.hub import Hub

pytestmark = pytest.mark.anyio

CARD = b"""---
license: mit
pipeline_tag: fill-mask
library_name: transformers
tags: [masked]
datasets: [ada/corpus]
base_model: ada/base
---
# A small BERT

See [the configuration](config.json#L1) and ![plot](img/plot.png).
"""


@pytest.fixture
async def bert(hub: Hub) -> Repository:
    repository = await hub.repository()
    await hub.write(repository, {"README.md": CARD, "config.json": b'{\n  "a": 1\n}\n'}, "Add the card")
    return repository


# --- the card -------------------------------------------------------------------------------------------------------


async def test_the_card_and_what_is_derived_from_it(hub: Hub, bert: Repository) -> None:
    page = (await hub.visitor.get("/ada/bert")).text
    assert '<h2 id="text-a-small-bert">A small BERT</h2>' in page
    assert 'href="/ada/bert/blob/main/config.json#text-L1"' in page
    assert 'src="/ada/bert/resolve/main/img/plot.png"' in page
    for link in ("/models?pipeline_tag=fill-mask", "/models?license=mit", "/models?library=transformers", "/models?other=masked",
                 "/datasets/ada/corpus", '"/ada/base"'):  # fmt: skip
        assert link in page, link
    assert "license: mit" not in page


async def test_a_repository_without_a_card(hub: Hub) -> None:
    await hub.repository("empty")
    assert "This repository has no card yet." in (await hub.visitor.get("/ada/empty")).text


async def test_a_protected_repository_shows_its_card_and_not_its_files(hub: Hub, bert: Repository) -> None:
    await hub.services.repositories.update_settings(hub.principal, bert, visibility="protected")
    page = (await hub.visitor.get("/ada/bert")).text
    assert "A small BERT" in page
    assert "/ada/bert/tree/" not in page
    assert (await hub.visitor.get("/ada/bert/tree/main")).headers["location"].startswith("/login")
    assert "/ada/bert/tree/main" in (await hub.ada.get("/ada/bert")).text


async def test_a_gated_repository_shows_its_tree_and_not_its_content(hub: Hub, bert: Repository) -> None:
    await hub.services.repositories.update_settings(hub.principal, bert, gated="manual")
    commit = await hub.services.revisions.resolve(bert, "main")
    assert "config.json" in (await hub.visitor.get("/ada/bert/tree/main")).text
    assert (await hub.visitor.get("/ada/bert/blob/main/config.json")).status_code == 403
    for client, shown in ((hub.visitor, False), (hub.ada, True)):
        page = await client.get(f"/ada/bert/commit/{commit}")
        assert ("&#34;a&#34;: 1" in page.text) is shown


async def test_every_protocol_says_how_to_use_the_repository(hub: Hub, bert: Repository) -> None:
    page = (await hub.visitor.get("/ada/bert")).text
    assert {"git", "hf", "curl", "commonground"} <= set(re.findall(r"<summary>(\w+)</summary>", page))
    await hub.services.repositories.update_settings(hub.principal, bert, visibility="protected")
    assert "<summary>git</summary>" not in (await hub.visitor.get("/ada/bert")).text


# --- files ----------------------------------------------------------------------------------------------------------


async def test_a_folder_shows_size_and_last_commit_of_each_entry(hub: Hub, bert: Repository) -> None:
    await hub.write(bert, {"img/plot.png": b"\x89PNG" * 500}, "Draw")
    page = (await hub.visitor.get("/ada/bert/tree/main")).text
    assert page.index(">img</a>") < page.index(">config.json</a>")
    assert "Draw" in page
    assert "Add the card" in page
    assert "13 B" in page
    inner = (await hub.visitor.get("/ada/bert/tree/main/img")).text
    assert "2 kB" in inner
    assert "/ada/bert/resolve/main/img/plot.png?download=true" in inner


async def test_a_large_folder_is_paged(hub: Hub) -> None:
    many = await hub.repository("many")
    await hub.write(many, {f"f{number:03}": b"x" for number in range(120)})
    first = (await hub.visitor.get("/ada/many/tree/main")).text
    assert "f050" in first
    assert "f119" not in first
    address = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "f119" in (await hub.visitor.get(address)).text


async def test_text_has_numbered_lines(hub: Hub, bert: Repository) -> None:
    page = (await hub.visitor.get("/ada/bert/blob/main/config.json")).text
    assert '<span id="L2">' in page
    assert '<span id="L4">' not in page
    assert "3 lines" in page


async def test_markdown_is_rendered_or_shown_as_source(hub: Hub, bert: Repository) -> None:
    await hub.write(bert, {"docs/guide.md": b"[up](../config.json)"})
    assert 'href="/ada/bert/blob/main/config.json"' in (await hub.visitor.get("/ada/bert/blob/main/docs/guide.md")).text
    assert "[up](../config.json)" in (await hub.visitor.get("/ada/bert/blob/main/docs/guide.md?plain=1")).text


async def test_pictures_and_other_bytes(hub: Hub, bert: Repository) -> None:
    await hub.write(bert, {"a.svg": b"<svg onload='alert(1)'/>", "b.bin": b"\0", "big.txt": b"x" * 600_000})
    picture = (await hub.visitor.get("/ada/bert/blob/main/a.svg")).text
    assert '<img src="/ada/bert/resolve/main/a.svg"' in picture
    assert "onload" not in picture
    assert "This file is not text." in (await hub.visitor.get("/ada/bert/blob/main/b.bin")).text
    assert "too large to be shown" in (await hub.visitor.get("/ada/bert/blob/main/big.txt")).text


async def test_weights_show_their_tensors(hub: Hub, bert: Repository) -> None:
    header = json.dumps({"w<b>": {"dtype": "F16", "shape": [2, 3], "data_offsets": [0, 12]}}).encode()
    await hub.write(
        bert,
        {"model.safetensors": struct.pack("<Q", len(header)) + header + bytes(12), "bad.safetensors": b"\xff" * 20},
    )
    page = (await hub.visitor.get("/ada/bert/blob/main/model.safetensors")).text
    assert "w&lt;b&gt;" in page
    assert "2 × 3" in page
    assert "1 tensor" in page
    assert "cannot be read" in (await hub.visitor.get("/ada/bert/blob/main/bad.safetensors")).text


async def test_a_folder_asked_for_as_a_file_and_the_other_way_round(hub: Hub, bert: Repository) -> None:
    await hub.write(bert, {"img/a": b"a"})
    assert (await hub.visitor.get("/ada/bert/blob/main/img")).headers["location"] == "/ada/bert/tree/main/img"
    assert (await hub.visitor.get("/ada/bert/tree/main/img/a")).headers["location"] == "/ada/bert/blob/main/img/a"


async def test_branches_and_tags(hub: Hub, bert: Repository) -> None:
    revisions = hub.services.revisions
    await revisions.create_branch(bert, hub.principal, "feature/x")
    await revisions.create_tag(bert, hub.principal, "v1", "main")
    page = (await hub.visitor.get("/ada/bert/refs")).text
    for link in ("/ada/bert/tree/feature%2Fx", "/ada/bert/tree/v1", "/ada/bert/tree/main"):
        assert link in page
        assert (await hub.visitor.get(link)).status_code == 200


# --- history --------------------------------------------------------------------------------------------------------


async def test_history_of_a_repository_and_of_a_path(hub: Hub, bert: Repository) -> None:
    await hub.write(bert, {"other.txt": b"x"}, "Something <else>")
    page = (await hub.visitor.get("/ada/bert/commits/main")).text
    assert page.index("Something &lt;else&gt;") < page.index("Add the card") < page.index("initial commit")
    of_path = (await hub.visitor.get("/ada/bert/commits/main/config.json")).text
    assert "Add the card" in of_path
    assert "Something" not in of_path


async def test_history_is_paged(hub: Hub, bert: Repository) -> None:
    for number in range(31):
        await hub.write(bert, {"n": str(number).encode()}, f"Step {number:02}")
    page = (await hub.visitor.get("/ada/bert/commits/main")).text
    assert "Step 30" in page
    assert "Step 00" not in page
    address = page.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "Step 00" in (await hub.visitor.get(address)).text


async def test_a_commit_shows_what_it_changed(hub: Hub, bert: Repository) -> None:
    changes: dict[str, bytes | None] = {
        "config.json": b'{\n  "a": 2\n}\n',
        "README.md": None,
        "new.bin": b"\0",
        "<i>.txt": b"<i>",
    }
    commit = await hub.write(bert, changes, "Change all")
    page = (await hub.visitor.get(f"/ada/bert/commit/{commit.sha}")).text
    assert "4 changed files" in page
    assert "-   &#34;a&#34;: 1" in page
    assert "+   &#34;a&#34;: 2" in page
    assert "not compared here" in page
    assert "removed" in page
    assert "<i>" not in page
    assert (await hub.visitor.get(f"/ada/bert/commit/{commit.sha[:8]}")).status_code == 200


async def test_the_first_commit_adds_everything(hub: Hub, bert: Repository) -> None:
    first = (await hub.services.revisions.history(bert, "main")).items[-1]
    page = (await hub.visitor.get(f"/ada/bert/commit/{first.sha}")).text
    assert ".gitattributes" in page
    assert "added" in page


async def test_differences_of_a_commit_are_bounded(hub: Hub, bert: Repository) -> None:
    files: dict[str, bytes | None] = {f"d/{number:03}.txt": b"line\n" * 100 for number in range(120)}
    commit = await hub.write(bert, files)
    page = (await hub.visitor.get(f"/ada/bert/commit/{commit.sha}")).text
    assert "20 more files are not shown." in page
    assert page.count("+ line") <= 3_000
    assert len(page) < 1_000_000


async def test_people_without_rights_see_no_settings(hub: Hub, bert: Repository) -> None:
    assert hub.principal != Principal()
    assert "/settings" not in (await hub.visitor.get("/ada/bert")).text
