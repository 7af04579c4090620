"""A commit as an artifact, whoever made the commit."""

import json

from commonground.accounts.model import Principal
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import AddFile, AddPointer, CommitRequest, DeleteFile, Operation
from commonground.services import Services
from tests.gateways.git.server import Hub, principal_of
from tests.gateways.oci.registry import MANIFEST, Registry, code, digest_of

MODEL = "application/vnd.cncf.model"
WEIGHTS = bytes(range(256)) * 1000
FILES = {"README.md": b"# Tiny\n", "config.json": b"{}", "src/model.py": b"pass\n", "data/x.csv": b"a,b\n"}


def commit(hub: Hub, repository: Repository, *operations: Operation, branch: str = "main") -> str:
    async def work(services: Services) -> str:
        ada = await principal_of(services, "ada")
        request = CommitRequest(title="Change files", operations=list(operations))
        return (await services.revisions.commit(repository, ada, branch, request)).sha

    return hub.run(work)


def fill(hub: Hub, name: str) -> tuple[Repository, str]:
    """A repository with plain files and weights; it, and the commit."""
    repository = hub.create(name)

    async def weights(services: Services) -> AddPointer:
        ada: Principal = await principal_of(services, "ada")
        assert ada.account_id
        file = await services.store.put_bytes(ada.account_id, WEIGHTS)
        assert file.sha256
        return AddPointer(path="model.safetensors", sha256=file.sha256.hex())

    plain = [AddFile(path=path, content=content) for path, content in FILES.items()]
    return repository, commit(hub, repository, hub.run(weights), *plain)


def test_a_commit_is_a_modelpack_artifact(hub: Hub, registry: Registry) -> None:
    _, sha = fill(hub, registry.name.partition("/")[2])
    answer = registry.manifest("main")
    manifest = answer.json()
    assert answer.headers["Docker-Content-Digest"] == digest_of(answer.content)
    assert (manifest["schemaVersion"], manifest["mediaType"]) == (2, MANIFEST)
    assert manifest["artifactType"] == f"{MODEL}.manifest.v1+json"
    assert manifest["annotations"]["org.opencontainers.image.revision"] == sha
    found = {layer["annotations"]["org.cncf.model.filepath"]: layer for layer in manifest["layers"]}
    assert {path: layer["mediaType"] for path, layer in found.items() if path != ".gitattributes"} == {
        "README.md": f"{MODEL}.doc.v1.raw",
        "config.json": f"{MODEL}.weight.config.v1.raw",
        "src/model.py": f"{MODEL}.code.v1.raw",
        "data/x.csv": f"{MODEL}.dataset.v1.raw",
        "model.safetensors": f"{MODEL}.weight.v1.raw",
    }
    for path, content in {**FILES, "model.safetensors": WEIGHTS}.items():
        layer = found[path]
        assert layer["annotations"]["org.opencontainers.image.title"] == path
        assert (layer["digest"], layer["size"]) == (digest_of(content), len(content))
        assert registry.blob(layer["digest"]).content == content
        part = registry.blob(layer["digest"], Range="bytes=1-2")
        assert (part.status_code, part.content) == (206, content[1:3]) if len(content) > 2 else (206, content[1:2])
    config = registry.blob(manifest["config"]["digest"])
    assert config.json()["modelfs"]["diffIds"] == [layer["digest"] for layer in manifest["layers"]]
    assert config.json()["descriptor"]["revision"] == sha


def test_a_digest_is_a_frozen_revision(hub: Hub, registry: Registry) -> None:
    repository, sha = fill(hub, registry.name.partition("/")[2])
    before = registry.manifest("main")
    digest = before.headers["Docker-Content-Digest"]
    commit(hub, repository, DeleteFile("config.json"), AddFile(path="README.md", content=b"# Other\n"))
    after = registry.manifest("main")
    assert after.headers["Docker-Content-Digest"] != digest
    assert registry.manifest(digest).content == before.content
    assert registry.manifest(sha).content == before.content, "a commit id is a tag, too"
    assert registry.blob(digest_of(FILES["config.json"])).content == FILES["config.json"]
    assert registry.ask("HEAD", f"manifests/{digest}", headers={"If-None-Match": f'"{digest}"'}).status_code == 304


def test_what_left_the_history_is_gone_and_what_stayed_is_not(hub: Hub, registry: Registry) -> None:
    repository, _ = fill(hub, registry.name.partition("/")[2])
    first = registry.manifest("main").headers["Docker-Content-Digest"]
    lost = AddFile(path="lost.txt", content=b"only there")
    commit(hub, repository, lost)
    second = registry.manifest("main").headers["Docker-Content-Digest"]

    async def squash(services: Services) -> None:
        ada = await principal_of(services, "ada")
        await services.revisions.commit(
            repository, ada, "main", CommitRequest(title="Remove", operations=[DeleteFile("lost.txt")])
        )
        await services.revisions.super_squash(repository, ada, "main")

    hub.run(squash)
    assert registry.blob(digest_of(FILES["config.json"])).status_code == 404, "nothing names it yet"
    third = registry.manifest("main")
    for digest in (first, second):
        assert code(registry.manifest(digest)) == "MANIFEST_UNKNOWN"
    for layer in third.json()["layers"]:
        assert registry.blob(layer["digest"]).status_code == 200
    assert code(registry.blob(digest_of(b"only there"))) == "BLOB_UNKNOWN"


def test_refs_with_slashes_are_tags_with_dashes(hub: Hub, registry: Registry) -> None:
    repository, sha = fill(hub, registry.name.partition("/")[2])

    async def refs(services: Services) -> None:
        ada = await principal_of(services, "ada")
        await services.revisions.create_branch(repository, ada, "feature/one")
        await services.revisions.create_branch(repository, ada, "ünsagbar")
        await services.revisions.create_tag(repository, ada, "v1", "main")

    hub.run(refs)
    assert registry.tags() == ["feature--one", "main", "v1"]
    bodies = {registry.manifest(tag).content for tag in registry.tags()}
    assert len(bodies) == 1
    assert json.loads(bodies.pop())["annotations"]["org.opencontainers.image.revision"] == sha
    assert registry.ask("DELETE", "manifests/feature--one").status_code == 202
    assert registry.ask("DELETE", "manifests/v1").status_code == 202
    assert registry.tags() == ["main"]
    refused = registry.ask("DELETE", "manifests/main")
    assert (refused.status_code, code(refused)) == (400, "MANIFEST_INVALID")


def test_what_commits_hold_is_not_deleted(hub: Hub, registry: Registry) -> None:
    fill(hub, registry.name.partition("/")[2])
    manifest = registry.manifest("main")
    assert code(registry.ask("DELETE", f"manifests/{manifest.headers['Docker-Content-Digest']}")) == "UNSUPPORTED"
    for layer in manifest.json()["layers"]:
        answer = registry.ask("DELETE", f"blobs/{layer['digest']}")
        assert (answer.status_code, code(answer)) == (405, "UNSUPPORTED")
        assert registry.ask("HEAD", f"blobs/{layer['digest']}").status_code == 200


def test_data_sets_have_a_prefix(hub: Hub, registry: Registry) -> None:
    name = registry.name.partition("/")[2]
    repository = hub.create(name, kind="dataset")
    commit(hub, repository, AddFile(path="rows.json", content=b"[]"))
    data = Registry(hub, f"datasets/ada/{name}")
    kinds = {
        layer["annotations"]["org.cncf.model.filepath"]: layer["mediaType"]
        for layer in data.manifest("main").json()["layers"]
    }
    assert kinds["rows.json"] == f"{MODEL}.dataset.v1.raw"
    assert data.ask("GET", "tags/list").json() == {"name": f"datasets/ada/{name}", "tags": ["main"]}
    assert code(registry.manifest("main")) == "NAME_UNKNOWN"
