"""A pushed model artifact is a commit that every other protocol reads."""

import gzip
import io
import json
import tarfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.gateways.oci.registry import EMPTY, INDEX, MANIFEST, Registry, code, descriptor, digest_of, encoded

WEIGHTS = bytes(range(256)) * 1000
TITLE = "org.opencontainers.image.title"


def files(registry: Registry, revision: str = "main") -> dict[str, bytes]:
    """What Hugging Face clients see, without the rules that come with a repository."""
    listed = registry.http.get(f"api/models/{registry.name}/tree/{revision}", params={"recursive": True})
    assert listed.status_code == 200, listed.text
    paths = [item["path"] for item in listed.json() if item["type"] == "file" and item["path"] != ".gitattributes"]
    return {path: registry.http.get(f"{registry.name}/resolve/{revision}/{path}").content for path in paths}


def history(registry: Registry, revision: str = "main") -> list[dict[str, Any]]:
    found = registry.http.get(f"api/models/{registry.name}/commits/{revision}").json()
    assert isinstance(found, list)
    return found


def test_a_push_is_one_commit(registry: Registry) -> None:
    body = registry.push_files("main", {"model.safetensors": WEIGHTS, "sub/config.json": b"{}"})
    found = files(registry)
    assert {path: found[path] for path in ("model.safetensors", "sub/config.json")} == {
        "model.safetensors": WEIGHTS,
        "sub/config.json": b"{}",
    }
    last, first = history(registry)
    assert (last["title"], last["authors"][0]["user"]) == ("Push main", "ada")
    assert digest_of(body) in last["message"]
    pointer = registry.http.head(f"{registry.name}/resolve/main/model.safetensors")
    assert pointer.headers["X-Linked-Etag"] == f'"{digest_of(WEIGHTS).removeprefix("sha256:")}"'
    assert registry.manifest("main").content == body, "as it was pushed"
    assert registry.manifest(digest_of(body)).content == body
    assert first["title"]


def test_the_tag_shows_the_branch_again_once_it_moves(registry: Registry) -> None:
    body = registry.push_files("main", {"a.txt": b"1"})
    line = {"key": "file", "value": {"path": "b.txt", "content": "2", "encoding": "utf-8"}}
    lines = [{"key": "header", "value": {"summary": "Add b"}}, line]
    answer = registry.http.post(f"api/models/{registry.name}/commit/main", content="\n".join(map(json.dumps, lines)))
    assert answer.status_code == 200
    paths = {layer["annotations"][TITLE] for layer in registry.manifest("main").json()["layers"]}
    assert {"a.txt", "b.txt"} <= paths
    assert registry.manifest(digest_of(body)).content == body, "the digest stays"


def test_a_push_replaces_the_files_and_keeps_the_card(registry: Registry) -> None:
    registry.push_files("main", {"README.md": b"# Mine\n", "a.txt": b"1", "b.txt": b"2"})
    registry.push_files("main", {"a.txt": b"one", "c.txt": b"3"})
    assert files(registry) == {"README.md": b"# Mine\n", "a.txt": b"one", "c.txt": b"3"}
    assert len(history(registry)) == 3


def test_a_new_tag_is_a_new_branch(registry: Registry) -> None:
    registry.push_files("main", {"a.txt": b"1"})
    body = registry.push_files("v2", {"a.txt": b"2"})
    assert files(registry)["a.txt"] == b"1"
    assert files(registry, "v2")["a.txt"] == b"2"
    assert registry.tags() == ["main", "v2"]
    assert registry.push("v3", body).status_code == 201, "the same artifact under another tag"
    assert history(registry, "v3") == history(registry, "v2"), "needs no other commit"
    assert registry.manifest("v3").content == body
    assert registry.push("v2", body).status_code == 201
    assert len(history(registry, "v2")) == 3, "nor does pushing it again"
    assert registry.ask("DELETE", "manifests/v3").status_code == 202
    assert registry.tags() == ["main", "v2"]


def test_a_deleted_artifact_takes_its_branches_along(registry: Registry) -> None:
    body = registry.push_files("v1", {"a.txt": b"1"})
    for tag in ("v2", "main"):
        assert registry.push(tag, body).status_code == 201
    registry.push_files("v2", {"a.txt": b"2"})
    assert registry.ask("DELETE", f"manifests/{digest_of(body)}").status_code == 202
    assert registry.tags() == ["main", "v2"], "but not those that have moved on, and not the default one"
    assert registry.manifest("main").content != body
    assert files(registry)["a.txt"] == b"1"
    assert registry.manifest(digest_of(body)).status_code == 404


def test_a_projected_artifact_is_tagged_without_a_commit(registry: Registry) -> None:
    registry.push_files("first", {"a.txt": b"1"})
    body = registry.manifest("main").content
    assert registry.push("copy", body).status_code == 201
    assert history(registry, "copy") == history(registry, "main")
    assert registry.manifest("copy").content == body


def test_an_artifact_is_copied_to_another_repository(registry: Registry) -> None:
    registry.push_files("main", {"model.safetensors": WEIGHTS, "a.txt": b"1"})
    line = {"key": "file", "value": {"path": "b.txt", "content": "2", "encoding": "utf-8"}}
    lines = [{"key": "header", "value": {"summary": "Add b"}}, line]
    registry.http.post(f"api/models/{registry.name}/commit/main", content="\n".join(map(json.dumps, lines)))
    manifest = registry.manifest("main")
    other = Registry(registry.hub, registry.name + "-copy")
    parsed = manifest.json()
    for blob in [parsed["config"], *parsed["layers"]]:
        query = {"mount": blob["digest"], "from": registry.name}
        assert other.ask("POST", "blobs/uploads/", params=query).status_code == 201
    assert other.push("main", manifest.content).status_code == 201
    assert files(other) == files(registry)
    assert other.manifest("main").content == manifest.content


def test_an_image_over_a_branch_and_the_branch_over_the_image(registry: Registry) -> None:
    artifact = registry.push_files("v1", {"a.txt": b"1"})
    image = encoded({"schemaVersion": 2, "mediaType": INDEX, "manifests": []})
    assert registry.push("v1", image, INDEX).status_code == 201
    assert registry.manifest("v1").content == image
    assert files(registry, "v1")["a.txt"] == b"1"
    assert registry.ask("DELETE", "manifests/v1").status_code == 202, "only what was pushed over it"
    assert files(registry, "v1")["a.txt"] == b"1"
    assert registry.push("v1", image, INDEX).status_code == 201
    registry.push_files("v1", {"a.txt": b"2"})
    assert files(registry, "v1")["a.txt"] == b"2"
    assert registry.manifest(digest_of(artifact)).content == artifact


def test_tags_of_the_repository_do_not_move(registry: Registry) -> None:
    registry.push_files("main", {"a.txt": b"1"})
    assert registry.http.post(f"api/models/{registry.name}/tag/main", json={"tag": "v1"}).status_code == 201
    registry.push_blob(b"2")
    layer = descriptor(b"2", "text/plain", annotations={TITLE: "a.txt"})
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(b"{}", EMPTY), "layers": [layer]}
    answer = registry.push("v1", manifest)
    assert (answer.status_code, code(answer)) == (400, "MANIFEST_INVALID")


# --- archives ---------------------------------------------------------------------------------------------------------------

KIT = "application/vnd.kitops.modelkit.model.v1.tar"
FOLDER = "application/vnd.oci.image.layer.v1.tar+gzip"


def packed(members: dict[str, bytes], **kinds: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for path, content in members.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for path, kind in kinds.items():
            member = tarfile.TarInfo(path)
            member.type, member.linkname = kind, "/etc/passwd"
            tar.addfile(member)
    return stream.getvalue()


def push_archive(registry: Registry, archive: bytes, media_type: str, title: str | None = None) -> Any:
    for blob in (b"{}", archive):
        registry.push_blob(blob)
    layer = descriptor(archive, media_type, annotations={TITLE: title} if title else {})
    config = descriptor(b"{}", "application/vnd.kitops.modelkit.config.v1+json")
    return registry.push("main", {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]})


def test_archives_become_files(registry: Registry) -> None:
    members = {"./model/weights.bin": WEIGHTS, "model/a.txt": b"a", "empty": b""}
    assert push_archive(registry, packed(members, folder=tarfile.DIRTYPE), KIT).status_code == 201
    assert {path: content for path, content in files(registry).items() if path != "README.md"} == {
        "model/weights.bin": WEIGHTS,
        "model/a.txt": b"a",
        "empty": b"",
    }
    archive = gzip.compress(packed({"b.txt": b"b"}))
    assert push_archive(registry, archive, KIT + "+gzip").status_code == 201
    assert "b.txt" in files(registry)
    folder = gzip.compress(packed({"folder/c.txt": b"c"}))
    assert push_archive(registry, folder, FOLDER, "sub/folder").status_code == 201
    assert files(registry)["sub/folder/c.txt"] == b"c"


LONG = tarfile.TarInfo("long")
LONG.type, LONG.size = tarfile.XHDTYPE, 2**30


@pytest.mark.parametrize(
    ("archive", "media_type"),
    [
        (packed({"../escape": b"x"}), KIT),
        (packed({"/etc/passwd": b"x"}), KIT),
        (packed({"a\\..\\b": b"x"}), KIT),
        (packed({}, link=tarfile.SYMTYPE), KIT),
        (packed({}, link=tarfile.LNKTYPE), KIT),
        (packed({}, device=tarfile.CHRTYPE), KIT),
        (packed({".git/config": b"x"}), KIT),
        (packed({"a": WEIGHTS})[:2000], KIT),
        (b"no archive at all" * 100, KIT),
        (b"no archive at all", KIT + "+gzip"),
        (gzip.compress(packed({"a": WEIGHTS}))[:200], KIT + "+gzip"),
        (gzip.compress(packed({"zeros": bytes(80 * 2**20)})), KIT + "+gzip"),
        (LONG.tobuf() + bytes(4096), KIT),
        (b"x", KIT + "+zstd"),
    ],
    ids=[
        "above-the-root",
        "absolute",
        "backslashes",
        "symbolic-link",
        "hard-link",
        "device",
        "git-folder",
        "cut-off",
        "no-tar",
        "no-gzip",
        "cut-off-gzip",
        "bomb",
        "endless-header",
        "zstd",
    ],
)
def test_archives_that_could_do_harm_are_refused(registry: Registry, archive: bytes, media_type: str) -> None:
    answer = push_archive(registry, archive, media_type)
    assert (answer.status_code, code(answer)) == (400, "MANIFEST_INVALID")
    assert len(history(registry)) == 1, "nothing was committed"


@pytest.mark.parametrize("path", ["/a", "../a", "a/../../b", ".", "a\\b", ".git/hooks/x", "a" * 5000])
def test_paths_out_of_the_repository_are_refused(registry: Registry, path: str) -> None:
    registry.push_blob(b"x")
    registry.push_blob(b"{}")
    layer = descriptor(b"x", "text/plain", annotations={TITLE: path})
    config = descriptor(b"{}", EMPTY)
    for tag in ("main", "new"):
        answer = registry.push(tag, {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]})
        assert (answer.status_code, code(answer)) == (400, "MANIFEST_INVALID")
    assert registry.tags() == ["main"], "no branch is left behind"


def test_one_path_twice_is_refused(registry: Registry) -> None:
    registry.push_blob(b"{}")
    layers = []
    for content in (b"1", b"2"):
        registry.push_blob(content)
        layers.append(descriptor(content, "text/plain", annotations={TITLE: "a.txt"}))
    config = descriptor(b"{}", EMPTY)
    answer = registry.push("main", {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers})
    assert (answer.status_code, code(answer)) == (400, "MANIFEST_INVALID")


def test_what_is_attached_is_no_commit(registry: Registry) -> None:
    body = registry.push_files("main", {"a.txt": b"1"})
    subject = descriptor(body, MANIFEST)
    attached = registry.push_files("sig", {"signature.json": b"{}"}, subject=subject)
    assert "signature.json" not in files(registry)
    branches = registry.http.get(f"api/models/{registry.name}/refs").json()["branches"]
    assert [branch["name"] for branch in branches] == ["main"]
    found = registry.ask("GET", f"referrers/{digest_of(body)}").json()["manifests"]
    assert [item["digest"] for item in found] == [digest_of(attached)]
    assert registry.tags() == ["main", "sig"]


def test_pushes_to_one_tag_at_once_all_arrive(registry: Registry) -> None:
    registry.push_files("main", {str(number): b"%d" % number for number in range(4)})
    manifests = [
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": descriptor(b"{}", EMPTY),
            "layers": [descriptor(b"%d" % number, "text/plain", annotations={TITLE: "a.txt"})],
        }
        for number in range(4)
    ]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda manifest: registry.push("new", manifest), manifests))
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len(history(registry, "new")) == 2 + 4
    shown = {layer["annotations"][TITLE]: layer["digest"] for layer in registry.manifest("new").json()["layers"]}
    assert shown["a.txt"] == digest_of(files(registry, "new")["a.txt"])
