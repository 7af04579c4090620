"""Downloads and listings over HTTP."""

from tests.gateways.huggingface.hub import Hub, file, on_a_hub

HELLO = "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0"  # git's blob id of "hello"
FILE = "/alice/bert/resolve/main/a/b%20c.txt"
API = "/api/models/alice/bert"


async def with_a_file(hub: Hub) -> str:
    await hub.repository()
    return await hub.commit("alice/bert", file("a/b c.txt", "hello"))


@on_a_hub
async def test_the_headers_a_download_starts_from(hub: Hub) -> None:
    commit = await with_a_file(hub)
    answer = await hub.nobody.head(FILE, headers={"Accept-Encoding": "identity"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["x-repo-commit"] == commit
    assert answer.headers["etag"] == f'"{HELLO}"'
    assert answer.headers["content-length"] == "5"
    assert answer.headers["accept-ranges"] == "bytes"
    assert "x-xet-hash" not in answer.headers


@on_a_hub
async def test_a_file_by_branch_and_by_commit(hub: Hub) -> None:
    commit = await with_a_file(hub)
    for revision in ("main", commit, commit[:9], "refs%2Fheads%2Fmain"):
        answer = await hub.nobody.get(FILE.replace("main", revision))
        assert (answer.status_code, answer.text) == (200, "hello"), revision
        assert answer.headers["x-repo-commit"] == commit
    cached = await hub.nobody.get(f"/api/resolve-cache/models/alice/bert/{commit}/a/b%20c.txt")
    assert cached.text == "hello"


@on_a_hub
async def test_a_part_of_a_file(hub: Hub) -> None:
    await with_a_file(hub)
    answer = await hub.nobody.get(FILE, headers={"Range": "bytes=1-3"})
    assert (answer.status_code, answer.text, answer.headers["content-range"]) == (206, "ell", "bytes 1-3/5")
    assert (await hub.nobody.get(FILE, headers={"Range": "bytes=5-"})).status_code == 416
    assert (await hub.nobody.get(FILE, headers={"If-None-Match": f'"{HELLO}"'})).status_code == 304


@on_a_hub
async def test_what_users_wrote_cannot_run_on_our_origin(hub: Hub) -> None:
    await hub.repository()
    await hub.commit("alice/bert", file("page.html", "<script>alert(1)</script>"))
    for verb in ("resolve", "raw"):
        answer = await hub.nobody.get(f"/alice/bert/{verb}/main/page.html")
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.headers["content-disposition"].startswith("inline")
    forced = await hub.nobody.get("/alice/bert/resolve/main/page.html?download=true")
    assert forced.headers["content-disposition"] == 'attachment; filename="page.html";'


@on_a_hub
async def test_a_missing_file_names_the_commit(hub: Hub) -> None:
    commit = await with_a_file(hub)
    for path in ("missing", "a", "a/b%20c.txt/d", "..%2Fsecret", "%E4%BD%A0"):
        answer = await hub.nobody.head(f"/alice/bert/resolve/main/{path}")
        assert (answer.status_code, answer.headers["x-error-code"]) == (404, "EntryNotFound"), path
        assert answer.headers["x-repo-commit"] == commit
    unknown = await hub.nobody.head(FILE.replace("main", "nope"))
    assert (unknown.status_code, unknown.headers["x-error-code"]) == (404, "RevisionNotFound")


@on_a_hub
async def test_a_folder_is_listed(hub: Hub) -> None:
    await with_a_file(hub)
    top = (await hub.nobody.get(f"{API}/tree/main")).json()
    assert [(item["type"], item["path"]) for item in top] == [("file", ".gitattributes"), ("directory", "a")]
    below = (await hub.nobody.get(f"{API}/tree/main/a?expand=true")).json()
    assert [(item["path"], item["oid"], item["size"]) for item in below] == [("a/b c.txt", HELLO, 5)]
    assert below[0]["lastCommit"]["title"] == "Change files"
    missing = await hub.nobody.get(f"{API}/tree/main/nope")
    assert (missing.status_code, missing.headers["x-error-code"]) == (404, "EntryNotFound")


@on_a_hub
async def test_long_listings_come_in_pages(hub: Hub) -> None:
    await hub.repository()
    await hub.commit("alice/bert", *(file(f"d{i % 3}/f{i}", "x") for i in range(20)))
    seen: list[str] = []
    address: str | None = f"{API}/tree/main?recursive=true&limit=7"
    while address:
        answer = await hub.nobody.get(address)
        seen += [item["path"] for item in answer.json()]
        address = answer.links.get("next", {}).get("url")
    assert len(seen) == len(set(seen)) == 20 + 3 + 1


@on_a_hub
async def test_paths_are_described_from_a_form_and_from_json(hub: Hub) -> None:
    await with_a_file(hub)
    asked = {"paths": ["a/b c.txt", "nope", "a"], "expand": "true"}
    form = await hub.nobody.post(f"{API}/paths-info/main", data=asked)
    assert [(item["path"], item["type"]) for item in form.json()] == [("a/b c.txt", "file"), ("a", "directory")]
    assert "lastCommit" in form.json()[0]
    json = await hub.nobody.post(f"{API}/paths-info/main", json={"paths": ["a/b c.txt"]})
    assert [item["oid"] for item in json.json()] == [HELLO]


@on_a_hub
async def test_sizes_are_told_on_request(hub: Hub) -> None:
    await with_a_file(hub)
    plain = (await hub.nobody.get(API)).json()["siblings"]
    assert plain == [{"rfilename": ".gitattributes"}, {"rfilename": "a/b c.txt"}]
    sized = (await hub.nobody.get(f"{API}?blobs=true")).json()["siblings"]
    assert sized[1] == {"rfilename": "a/b c.txt", "size": 5, "blobId": HELLO}


@on_a_hub
async def test_a_download_is_counted_once_a_caller(hub: Hub) -> None:
    await hub.repository()
    await hub.commit("alice/bert", file("config.json", "{}"), file("vocab.txt", "a"))
    for client in (hub.bob, hub.bob, hub.nobody):
        for name in ("vocab.txt", "config.json"):
            await client.head(f"/alice/bert/resolve/main/{name}")
            await client.get(f"/alice/bert/resolve/main/{name}")
    await hub.restart()
    info = (await hub.nobody.get("/api/models/alice/bert?expand=downloadsAllTime")).json()
    assert info["downloadsAllTime"] == 2
