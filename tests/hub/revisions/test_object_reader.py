"""Git objects for threads: what the git gateway stands on."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest

from commonground.errors import ObjectConflict, PushRejected, RevisionNotFound
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions import object_queries
from commonground.hub.revisions.model import ZERO, AddFile, RefUpdate
from commonground.hub.revisions.object_reader import Blob, ObjectReader
from commonground.hub.revisions.objects import (
    BLOB,
    COMMIT,
    EMPTY_TREE,
    TAG,
    TREE,
    GitObject,
    encode_commit,
    encode_pointer,
    encode_tag,
    object_id,
)
from commonground.hub.revisions.trees import FILE, encode_entry
from tests.hub.revisions.conftest import ADA, Hub
from tests.hub.revisions.support import content, request

T = TypeVar("T")

pytestmark = pytest.mark.anyio


async def in_thread(hub: Hub, repository: Repository, work: Callable[[ObjectReader], T]) -> T:
    reader = hub.revisions.objects(repository, ADA)

    def run() -> T:
        with reader:
            return work(reader)

    return await asyncio.to_thread(run)


async def test_a_pushed_history_becomes_visible_with_its_ref(hub: Hub, repository: Repository) -> None:
    large = b"large body " * 20_000
    blobs = [b"small", large]
    tree = b"".join(
        encode_entry(FILE, name, object_id(BLOB, body)) for name, body in zip([b"a", b"b"], blobs, strict=True)
    )
    commit = encode_commit(object_id(TREE, tree), (), "Ada", "ada@example.org", 1_700_000_000, "Pushed")
    sha = object_id(COMMIT, commit)
    objects = [*((BLOB, body) for body in blobs), (TREE, tree), (COMMIT, commit)]
    await in_thread(hub, repository, lambda reader: reader.add_many(objects))
    with pytest.raises(RevisionNotFound):
        await hub.revisions.resolve(repository, sha.hex())
    await hub.revisions.update_refs(repository, ADA, [RefUpdate(name="refs/heads/new", old=ZERO, new=sha.hex())])
    assert await content(hub, repository, "a", "new") == b"small"
    assert await content(hub, repository, "b", "new") == large
    assert await hub.revisions.fsck(repository) == []


async def test_objects_come_back_as_they_were(hub: Hub, repository: Repository) -> None:
    bodies = {object_id(BLOB, body): body for body in (b"", b"x" * 1000, b"y" * 200_000)}
    missing = bytes(20)

    def work(reader: ObjectReader) -> None:
        reader.add_many((BLOB, body) for body in bodies.values())
        assert reader.contains([*bodies, missing]) == set(bodies)
        assert {sha: body for sha, _, body in reader.read([*bodies, missing])} == bodies
        assert [reader.get_raw(sha) for sha in bodies] == [(BLOB, body) for body in bodies.values()]
        assert reader.get_raw(missing) is None
        reader.add_many([(TREE, b"")])
        assert reader.blobs([*bodies, missing, EMPTY_TREE]) == {
            sha: Blob(len(body), None) for sha, body in bodies.items()
        }

    await in_thread(hub, repository, work)


async def test_pointers_are_recognised(hub: Hub, repository: Repository) -> None:
    pointer = encode_pointer(b"s" * 32, 12345)

    def work(reader: ObjectReader) -> dict[bytes, Blob]:
        reader.add_many([(BLOB, pointer)])
        return reader.blobs([object_id(BLOB, pointer)])

    assert await in_thread(hub, repository, work) == {object_id(BLOB, pointer): Blob(len(pointer), (b"s" * 32, 12345))}


async def test_reachable_objects_are_those_a_ref_leads_to(hub: Hub, repository: Repository) -> None:
    await hub.revisions.commit(repository, ADA, "main", request(AddFile(path="d/x", content=b"x")))
    head = bytes.fromhex(await hub.revisions.resolve(repository, "main"))
    tag = encode_tag(head, "v1", "ada", "a@b", 1, "m")

    def work(reader: ObjectReader) -> None:
        reader.add_many([(TAG, tag), (BLOB, b"unused")])
        reachable = reader.reachable_from([object_id(TAG, tag)])
        assert len(reachable) == 8  # a tag, two commits, two roots, one folder, two files
        assert reader.contains(reachable) == reachable
        assert object_id(BLOB, b"unused") not in reachable

    await in_thread(hub, repository, work)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (TREE, b"garbage"),
        (TREE, encode_entry(FILE, b".git", bytes(20))),
        (COMMIT, b"no header"),
        (COMMIT, b"tree " + b"0" * 40 + b"\n\n"),
        (TAG, b"type nonsense\n\n"),
        (7, b""),
    ],
)
async def test_malformed_objects_are_rejected(hub: Hub, repository: Repository, kind: int, body: bytes) -> None:
    with pytest.raises(PushRejected):
        await in_thread(hub, repository, lambda reader: reader.add_many([(kind, body)]))


async def test_another_body_for_a_known_id_is_a_conflict(hub: Hub, repository: Repository) -> None:
    sha = object_id(BLOB, b"one")
    await in_thread(hub, repository, lambda reader: reader.add_many([(BLOB, b"one")] * 2))
    forged = GitObject(sha, BLOB, 3, b"two")
    with pytest.raises(ObjectConflict):
        await hub.database.write(object_queries.add_objects, repository.id, [forged], 1)
    with pytest.raises(ObjectConflict):
        await hub.database.write(object_queries.add_objects, repository.id, [GitObject(sha, TREE, 3, b"one")], 1)
