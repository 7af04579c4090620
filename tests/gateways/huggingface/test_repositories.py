"""Creating, moving, configuring and deleting repositories over HTTP."""

import pytest

from tests.gateways.huggingface.hub import Hub, file, on_a_hub

URL = "http://hub.test"


@on_a_hub
async def test_a_new_repository_names_its_page(hub: Hub) -> None:
    answer = await hub.alice.post("/api/repos/create", json={"name": "bert", "type": "dataset", "private": True})
    assert (answer.status_code, answer.json()["url"]) == (200, f"{URL}/datasets/alice/bert")
    info = (await hub.alice.get("/api/datasets/alice/bert")).json()
    assert (info["id"], info["author"], info["private"]) == ("alice/bert", "alice", True)
    assert info["siblings"] == [{"rfilename": ".gitattributes"}]


@on_a_hub
async def test_a_taken_name_is_told_with_the_page_that_has_it(hub: Hub) -> None:
    await hub.repository("BERT")
    answer = await hub.alice.post("/api/repos/create", json={"name": "bert"})
    assert (answer.status_code, answer.json()["url"]) == (409, f"{URL}/alice/BERT")


@on_a_hub
async def test_nobody_creates_under_another_name(hub: Hub) -> None:
    answer = await hub.bob.post("/api/repos/create", json={"name": "bert", "organization": "alice"})
    assert answer.status_code == 403
    assert (await hub.nobody.post("/api/repos/create", json={"name": "bert"})).status_code == 401


@on_a_hub
async def test_a_private_repository_looks_absent(hub: Hub) -> None:
    await hub.repository(private=True)
    for client, status in ((hub.alice, 200), (hub.bob, 404), (hub.nobody, 401)):
        answer = await client.get("/api/models/alice/bert")
        assert answer.status_code == status
        absent = await client.get("/api/models/alice/absent")
        if status != 200:
            assert (answer.text, answer.headers["x-error-code"]) == (absent.text, "RepoNotFound")


@on_a_hub
async def test_an_old_id_keeps_leading_to_the_repository(hub: Hub) -> None:
    await hub.repository("old")
    await hub.repository("taken")
    await hub.commit("alice/old", file("a.txt", "hello"))
    move = {"fromRepo": "alice/old", "type": "model"}
    clash = await hub.alice.post("/api/repos/move", json={**move, "toRepo": "alice/taken"})
    assert (clash.status_code, clash.json()["error"]) == (409, "A model repository called alice/taken already exists")
    assert (await hub.alice.post("/api/repos/move", json={**move, "toRepo": "alice/new"})).status_code == 200
    for path, target in {
        "/api/models/alice/old?blobs=true": "/api/models/alice/new?blobs=true",
        "/alice/old/resolve/main/a.txt": "/alice/new/resolve/main/a.txt",
    }.items():
        answer = await hub.nobody.get(path)
        assert (answer.status_code, answer.headers["location"]) == (307, target)
        assert (await hub.nobody.get(target)).status_code == 200


@on_a_hub
async def test_settings(hub: Hub) -> None:
    await hub.repository()
    answer = await hub.alice.put("/api/models/alice/bert/settings", json={"gated": "manual", "visibility": "private"})
    assert answer.json() == {"gated": "manual", "visibility": "private", "private": True}
    answer = await hub.alice.put("/api/models/alice/bert/settings", json={"gated": False, "private": False})
    assert answer.json() == {"gated": False, "visibility": "public", "private": False}
    assert (await hub.bob.put("/api/models/alice/bert/settings", json={"gated": "auto"})).status_code == 403
    assert (await hub.alice.put("/api/models/alice/bert/settings", json={"gated": "maybe"})).status_code == 400


@on_a_hub
async def test_files_of_a_gated_repository_need_access(hub: Hub) -> None:
    await hub.repository()
    await hub.alice.put("/api/models/alice/bert/settings", json={"gated": "manual"})
    path = "/alice/bert/resolve/main/.gitattributes"
    for client, status in ((hub.alice, 200), (hub.bob, 403), (hub.nobody, 401)):
        answer = await client.head(path)
        assert (answer.status_code, answer.headers.get("x-error-code")) == (
            status,
            None if status == 200 else "GatedRepo",
        )
    assert (await hub.bob.get("/api/models/alice/bert")).json()["gated"] == "manual"
    assert (await hub.bob.get("/api/models/alice/bert/auth-check")).status_code == 403
    assert (await hub.bob.get("/api/models/alice/bert/xet-read-token/main")).status_code == 403


@on_a_hub
async def test_a_duplicate_has_the_files_and_the_history(hub: Hub) -> None:
    await hub.repository()
    head = await hub.commit("alice/bert", file("a.txt", "hello"))
    answer = await hub.bob.post("/api/models/alice/bert/duplicate", json={"repository": "bob/copy"})
    assert (answer.status_code, answer.json()["url"]) == (200, f"{URL}/bob/copy")
    assert (await hub.bob.get("/api/models/bob/copy")).json()["sha"] == head
    assert (await hub.bob.get("/bob/copy/resolve/main/a.txt")).text == "hello"


@on_a_hub
async def test_a_deleted_repository_is_gone(hub: Hub) -> None:
    await hub.repository()
    body = {"name": "bert", "organization": "alice", "type": "model"}
    assert (await hub.bob.request("DELETE", "/api/repos/delete", json=body)).status_code == 403
    assert (await hub.alice.request("DELETE", "/api/repos/delete", json=body)).status_code == 200
    again = await hub.alice.request("DELETE", "/api/repos/delete", json=body)
    assert (again.status_code, again.headers["x-error-code"]) == (404, "RepoNotFound")


@on_a_hub
async def test_names_without_an_owner_are_no_repositories(hub: Hub) -> None:
    for path in ("/api/models/gpt2", "/api/models/gpt2/commits/main", "/gpt2/resolve/main/config.json"):
        answer = await hub.alice.get(path)
        assert (answer.status_code, answer.headers["x-error-code"]) == (404, "RepoNotFound")
        assert (await hub.nobody.get(path)).status_code == 401


@on_a_hub
async def test_an_unknown_endpoint_of_a_repository_says_so(hub: Hub) -> None:
    await hub.repository()
    answer = await hub.alice.get("/api/models/alice/bert/teapot")
    assert (answer.status_code, answer.json()["code"]) == (404, "CG-1002")


@on_a_hub
async def test_a_wrong_token_is_refused_even_for_what_is_public(hub: Hub) -> None:
    await hub.repository()
    answer = await hub.nobody.head("/api/models/alice/bert", headers={"Authorization": "Bearer hf_wrong"})
    assert answer.status_code == 401
    assert answer.headers["x-error-message"] == "Invalid credentials in Authorization header"


@on_a_hub
async def test_whoami(hub: Hub) -> None:
    answer = (await hub.alice.get("/api/whoami-v2")).json()
    assert (answer["type"], answer["name"], answer["orgs"]) == ("user", "alice", [])
    assert answer["auth"]["accessToken"]["role"] == "write"
    assert (await hub.nobody.get("/api/whoami-v2")).status_code == 401


@on_a_hub
async def test_lists_show_what_the_caller_may_see(hub: Hub) -> None:
    await hub.repository("open")
    await hub.repository("closed", private=True)
    for client, names in ((hub.alice, {"alice/open", "alice/closed"}), (hub.bob, {"alice/open"})):
        assert {item["id"] for item in (await client.get("/api/models?author=alice")).json()} == names
    found = (await hub.alice.get("/api/models?search=clos&full=true&cardData=true")).json()
    assert [(item["id"], item["siblings"]) for item in found] == [("alice/closed", [{"rfilename": ".gitattributes"}])]


@on_a_hub
async def test_long_lists_come_in_pages(hub: Hub) -> None:
    for number in range(5):
        await hub.repository(f"m{number}")
    seen: list[str] = []
    address: str | None = "/api/models?author=alice&limit=2&sort=createdAt"
    while address:
        answer = await hub.nobody.get(address)
        seen += [item["id"] for item in answer.json()]
        address = answer.links.get("next", {}).get("url")
    assert sorted(seen) == [f"alice/m{number}" for number in range(5)]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"name":1}', b"[" * 100_000, b'{"name":"x","type":"zoo"}'])
def test_a_body_that_does_not_fit_is_a_bad_request(body: bytes, tmp_path: object) -> None:
    @on_a_hub
    async def check(hub: Hub) -> None:
        assert (await hub.alice.post("/api/repos/create", content=body)).status_code == 400

    check(tmp_path)  # type: ignore[arg-type]
