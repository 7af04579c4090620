"""Making repositories and changing who may see them, their names and their existence."""

import pytest

from tests.web.hub import Hub

pytestmark = pytest.mark.anyio

NEW = {"kind": "model", "owner": "ada", "name": "bert", "visibility": "private", "sdk": "static"}


async def test_a_new_repository(hub: Hub) -> None:
    answer = await hub.ada.post("/new", data=NEW)
    assert (answer.status_code, answer.headers["location"]) == (303, "/ada/bert")
    assert (await hub.ada.get("/ada/bert")).status_code == 200
    assert (await hub.visitor.get("/ada/bert")).status_code == 404


async def test_a_new_space_has_an_sdk(hub: Hub) -> None:
    await hub.ada.post("/new", data={**NEW, "kind": "space", "visibility": "public"})
    assert "sdk: static" in (await hub.visitor.get("/spaces/ada/bert/blob/main/README.md?plain=1")).text.replace(
        '<span class="nt">sdk</span><span class="p">:</span><span class="w"> </span>', "sdk: "
    )


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"name": "a b"}, 400),
        ({"name": ""}, 400),
        ({"owner": "root"}, 404),
        ({"kind": "x"}, 422),
        ({"visibility": ""}, 422),
        ({"name": "BERT"}, 409),
    ],
)
async def test_what_cannot_be_made(hub: Hub, change: dict[str, str], status: int) -> None:
    await hub.repository("bert")
    answer = await hub.ada.post("/new", data={**NEW, **change})
    assert answer.status_code == status
    assert 'role="alert"' in answer.text


async def test_access(hub: Hub) -> None:
    await hub.repository()
    answer = await hub.ada.post("/ada/bert/settings", data={"visibility": "private", "gated": "manual"})
    assert "Saved." in (await hub.ada.get(answer.headers["location"])).text
    found = await hub.services.repositories.open(hub.principal, "model", "ada", "bert")
    assert (found.visibility, found.gated) == ("private", "manual")
    assert (await hub.ada.post("/ada/bert/settings", data={"visibility": "x"})).status_code == 422
    assert (await hub.ada.post("/ada/bert/settings", data={"visibility": "public", "gated": "x"})).status_code == 422


async def test_renaming(hub: Hub) -> None:
    await hub.repository("corpus", "dataset")
    answer = await hub.ada.post("/datasets/ada/corpus/settings/move", data={"owner": "ada", "name": "corpus2"})
    assert answer.headers["location"] == "/datasets/ada/corpus2/settings?saved=1"
    assert (await hub.visitor.get("/datasets/ada/corpus")).headers["location"] == "/datasets/ada/corpus2"
    assert (
        await hub.ada.post("/datasets/ada/corpus2/settings/move", data={"owner": "ada", "name": ".."})
    ).status_code == 400


async def test_deleting_needs_the_id_to_be_typed(hub: Hub) -> None:
    await hub.repository()
    refused = await hub.ada.post("/ada/bert/settings/delete", data={"confirmation": "bert"})
    assert (refused.status_code, "Type ada/bert to delete it." in refused.text) == (422, True)
    assert (await hub.ada.post("/ada/bert/settings/delete", data={"confirmation": "ada/bert"})).headers[
        "location"
    ] == "/models"
    assert (await hub.ada.get("/ada/bert")).status_code == 404


async def test_only_who_may_manage_it_sees_settings(hub: Hub) -> None:
    await hub.repository()
    eve = await hub.services.accounts.create_user("eve")
    token = await hub.services.accounts.create_token(eve.id, name="t", role="write")
    browser = hub.browser(Authorization=f"Bearer {token}")
    assert "/ada/bert/settings" not in (await browser.get("/ada/bert")).text
    assert "/ada/bert/settings" in (await hub.ada.get("/ada/bert")).text
    for path, form in (
        ("", {"visibility": "private"}),
        ("/move", {"owner": "eve", "name": "x"}),
        ("/delete", {"confirmation": "ada/bert"}),
    ):
        assert (await browser.post(f"/ada/bert/settings{path}", data=form)).status_code == 403
    assert (await hub.visitor.post("/ada/bert/settings/delete", data={"confirmation": "ada/bert"})).status_code == 303
    assert (await hub.visitor.get("/ada/bert")).status_code == 200
