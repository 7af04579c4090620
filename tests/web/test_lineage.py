"""The lineage of a revision: a drawing, a list, and only what the visitor may know of."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from commonground.compute.runs import queue_queries as steps
from commonground.compute.runs.model import Arrow, Graph, Outcome
from commonground.compute.runs.service import lease_of
from commonground.hub.repositories.model import Repository
from commonground.web.lineage import Branch, Shown, tree
from tests.web.hub import Hub, running
from tests.web.runs import claimed
from tests.web.test_pages import assert_page

pytestmark = pytest.mark.anyio


@pytest.fixture
async def hub(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Hub]:
    """Everybody may execute, and nothing does."""
    async with running(tmp_path, runs_by="users") as made:
        yield made


async def made_by_a_run(hub: Hub, name: str, source: Repository, output: Repository) -> tuple[int, str]:
    """A run that read ``source`` and published in ``output``: its id, and the commit."""
    claim = await claimed(
        hub, name=name, inputs={"data": f"hub://{source.kind}s/{source.full_name}"},
        outputs={"model": f"hub://{output.kind}s/{output.full_name}"},
    )  # fmt: skip
    commit = (await hub.write(output, {"out.txt": name.encode()})).sha
    published = {"model": bytes.fromhex(commit)}
    await hub.services.database.write(steps.published, lease_of(claim), published)
    await hub.services.runs.finish(claim, Outcome())
    return claim.run.id, commit


async def test_where_a_revision_comes_from(hub: Hub) -> None:
    data, model, small = (
        await hub.repository("digits", "dataset"),
        await hub.repository("big"),
        await hub.repository("small"),
    )
    first, commit = await made_by_a_run(hub, "learn", data, model)
    second, last = await made_by_a_run(hub, "distil", model, small)
    for path in ("/ada/big/lineage", f"/ada/big/lineage/{commit}", "/ada/big/lineage/main?depth=6"):
        answer = await hub.ada.get(path)
        assert_page(answer)
        for link in (
            f"/runs/{first}",
            f"/runs/{second}",
            f"/datasets/ada/digits/lineage/{data.head}",
            f"/ada/small/lineage/{last}",
        ):
            assert answer.text.count(f'href="{link}"') == 2, link  # in the drawing and in the list
        assert answer.text.count("<rect") == 5
        assert answer.text.count('marker-end="url(#head)"') == 4
    assert 'href="/ada/big/lineage" aria-current="page">Lineage' in answer.text
    assert_page(await hub.ada.get("/datasets/ada/digits/lineage?locale=zh"))
    near = (await hub.ada.get("/ada/small/lineage?depth=1")).text
    assert f"/runs/{second}" in near
    assert f"/runs/{first}" not in near


async def test_a_revision_nobody_executed_anything_for(hub: Hub) -> None:
    await hub.repository()
    answer = await hub.visitor.get("/ada/bert/lineage")
    assert_page(answer)
    assert "No run is known" in answer.text
    assert "<rect" not in answer.text
    assert (await hub.visitor.get("/ada/bert/lineage/v9")).status_code == 404


async def test_visitors_see_no_private_revision_and_no_way_to_a_run(hub: Hub) -> None:
    secret, model = await hub.repository("secret", "dataset", visibility="private"), await hub.repository("open")
    run, _ = await made_by_a_run(hub, "learn", secret, model)
    page = (await hub.visitor.get("/ada/open/lineage")).text
    assert "learn" in page
    assert "secret" not in page
    assert f'href="/runs/{run}"' not in page
    assert "secret" in (await hub.ada.get("/ada/open/lineage")).text
    assert (await hub.visitor.get("/datasets/ada/secret/lineage")).status_code == 404


def test_the_list_opens_each_node_once_where_it_is_nearest() -> None:
    nodes = {name: Shown(title=name, detail="", href="", kind="run") for name in "abcd"}
    pairs = [("a", "b"), ("b", "c"), ("a", "c"), ("c", "d"), ("d", "a")]
    graph = Graph(nodes=[], arrows=[Arrow(source=source, target=target, name="x") for source, target in pairs])

    def outline(branches: object) -> list[object]:
        assert isinstance(branches, list | tuple)
        return [[item.node.title, item.again, outline(item.branches)] for item in branches if isinstance(item, Branch)]

    assert outline(tree("a", nodes, graph, backwards=False)) == [
        ["b", False, [["c", True, []]]],
        ["c", False, [["d", False, [["a", True, []]]]]],
    ]
    assert outline(tree("a", nodes, graph, backwards=True)) == [
        ["d", False, [["c", False, [["b", False, [["a", True, []]]], ["a", True, []]]]]]
    ]
