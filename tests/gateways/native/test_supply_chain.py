"""Manifest, bill of materials and verification over HTTP."""

import hashlib
from pathlib import Path

import pytest

from commonground.gateways.native.routes import supply_chain
from commonground.operations.manifest.model import ManifestFile
from commonground.operations.sbom import service
from commonground.operations.signing.bundle import sign
from commonground.operations.signing.keys import PrivateKey
from commonground.operations.signing.statement import make_statement
from tests.gateways.native.hub import BERT, Hub, code
from tests.operations.signing.conftest import KeyPair, key_pair

pytestmark = pytest.mark.anyio
LARGE = b"\0weights" * 20_000


@pytest.fixture
def keys(tmp_path: Path) -> KeyPair:
    return key_pair(tmp_path)


async def filled(hub: Hub, **settings: str) -> str:
    await hub.create(**settings)
    await hub.write("README.md", b"---\nlicense: mit\nbase_model: acme/base\n---\n# Tiny\n")
    await hub.write("model.bin", LARGE)
    return await hub.write("a/b.txt", b"text")


async def signed(hub: Hub, keys: KeyPair) -> None:
    """The repository with a signature of all its files."""
    listed = (await hub.alice.get(f"{BERT}/manifest/main")).json()["items"]
    statement = make_statement("bert", [ManifestFile(**item) for item in listed])
    await hub.write("model.sig", sign(statement, PrivateKey.read(keys.private)))


async def test_the_manifest_has_the_digest_of_every_file(hub: Hub) -> None:
    commit = await filled(hub)
    answer = await hub.nobody.get(f"{BERT}/manifest/{commit}")
    found = {item["path"]: (item["size"], item["sha256"]) for item in answer.json()["items"]}
    assert found["model.bin"] == (len(LARGE), hashlib.sha256(LARGE).hexdigest())
    assert found["a/b.txt"] == (4, hashlib.sha256(b"text").hexdigest())


async def test_the_manifest_comes_in_pages_of_one_commit(hub: Hub) -> None:
    await filled(hub)
    paths, cursor = [], ""
    while True:
        answer = (await hub.nobody.get(f"{BERT}/manifest/main?limit=2{cursor}")).json()
        paths += [item["path"] for item in answer["items"]]
        if answer["next"] is None:
            break
        cursor = f"&cursor={answer['next']}"
        await hub.write(f"later{len(paths)}", b"later")
    assert paths == [".gitattributes", "README.md", "a/b.txt", "model.bin"]


async def test_a_bill_of_materials_is_pinned_and_the_same_each_time(hub: Hub) -> None:
    commit = await filled(hub)
    first = (await hub.nobody.get(f"{BERT}/sbom")).json()
    await hub.write("more.txt", b"more")
    again = (await hub.nobody.get(f"{BERT}/sbom?revision={commit}")).json()
    assert first == again
    subject = first["metadata"]["component"]
    assert (subject["name"], subject["version"]) == ("bert", commit)
    assert subject["licenses"] == [{"license": {"id": "MIT", "acknowledgement": "declared"}}]
    assert subject["pedigree"]["ancestors"][0]["name"] == "acme/base"
    spdx = (await hub.nobody.get(f"{BERT}/sbom?format=spdx&revision={commit}")).json()
    assert spdx["@context"].endswith("spdx-context.jsonld")


async def test_unknown_formats_and_revisions_are_refused(hub: Hub) -> None:
    await filled(hub)
    assert code(await hub.nobody.get(f"{BERT}/sbom?format=other")) == (400, "CG-1001")
    assert code(await hub.nobody.get(f"{BERT}/sbom?revision=none")) == (404, "CG-1203")
    assert code(await hub.nobody.get(f"{BERT}/manifest/none")) == (404, "CG-1203")


async def test_too_many_files_for_one_document_are_refused(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    await filled(hub)
    monkeypatch.setattr(service, "FILES", 3)
    assert code(await hub.nobody.get(f"{BERT}/sbom")) == (413, "CG-1601")
    monkeypatch.setattr(service, "FILES", 4)
    assert (await hub.nobody.get(f"{BERT}/sbom")).status_code == 200


async def test_a_signature_holds_until_a_file_changes(hub: Hub, keys: KeyPair) -> None:
    await filled(hub)
    await signed(hub, keys)
    body = {"public_key": keys.public.decode()}
    verdict = (await hub.nobody.post(f"{BERT}/verify", json=body)).json()
    assert (verdict["valid"], verdict["problem"]) == (True, None)
    await hub.write("a/b.txt", b"changed")
    await hub.write("new.txt", b"new")
    verdict = (await hub.nobody.post(f"{BERT}/verify", json=body)).json()
    assert not verdict["valid"]
    assert verdict["differences"] == [
        {"path": "a/b.txt", "problem": "changed"},
        {"path": "new.txt", "problem": "not signed"},
    ]


async def test_the_answer_names_a_bounded_number_of_differences(
    hub: Hub, keys: KeyPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(hub)
    await signed(hub, keys)
    for name in ("x", "y", "z"):
        await hub.write(name, b"new")
    monkeypatch.setattr(supply_chain, "SHOWN", 2)
    verdict = (await hub.nobody.post(f"{BERT}/verify", json={"public_key": keys.public.decode()})).json()
    assert len(verdict["differences"]) == 2
    assert verdict["problem"].startswith("3 files")


async def test_what_is_no_signature_or_no_key_is_told_apart(hub: Hub, keys: KeyPair) -> None:
    await filled(hub)
    key = keys.public.decode()
    missing = await hub.nobody.post(f"{BERT}/verify", json={"public_key": key})
    assert code(missing) == (404, "CG-1204")
    folder = await hub.nobody.post(f"{BERT}/verify", json={"public_key": key, "path": "a"})
    assert code(folder) == (404, "CG-1204")
    readme = (await hub.nobody.post(f"{BERT}/verify", json={"public_key": key, "path": "README.md"})).json()
    assert not readme["valid"]
    assert "sigstore bundle" in readme["problem"]
    no_key = await hub.nobody.post(f"{BERT}/verify", json={"public_key": "none", "path": "README.md"})
    assert code(no_key) == (400, "CG-1602")


async def test_private_repositories_are_the_owners_alone(hub: Hub, keys: KeyPair) -> None:
    await filled(hub, visibility="private")
    body = {"public_key": keys.public.decode(), "path": "README.md"}
    for caller in (hub.nobody, hub.bob):
        assert code(await caller.get(f"{BERT}/manifest/main")) == (404, "CG-1201")
        assert code(await caller.get(f"{BERT}/sbom")) == (404, "CG-1201")
        assert code(await caller.post(f"{BERT}/verify", json=body)) == (404, "CG-1201")
    assert (await hub.alice.get(f"{BERT}/sbom")).status_code == 200
