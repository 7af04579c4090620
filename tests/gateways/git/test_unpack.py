"""Taking objects out of pushed packs."""

import contextlib
import hashlib
import io
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commonground.errors import ObjectConflict, PushRejected
from commonground.gateways.git import unpack as unpacking
from commonground.gateways.git.pack_reader import PackReader
from commonground.gateways.git.unpack import Unpacked, Unpacker
from commonground.hub.revisions.objects import BLOB, COMMIT, TREE, object_id
from tests.gateways.git.memory import MemoryObjects, all_ids, commit, git, new_repository, pack_of

LIMIT = 100_000


def unpack(data: bytes, objects: MemoryObjects | None = None, limit: int = LIMIT) -> tuple[Unpacked, MemoryObjects]:
    objects = MemoryObjects() if objects is None else objects
    unpacked = Unpacked()
    for _ in Unpacker(PackReader(io.BytesIO(data), limit), objects, limit, unpacked).run():
        pass
    return unpacked, objects


def header(kind: int, size: int) -> bytes:
    first, size = kind << 4 | size & 15, size >> 4
    out = bytearray()
    while size:
        out.append(first | 128)
        first, size = size & 127, size >> 7
    return bytes([*out, first])


def make_pack(*entries: bytes, count: int | None = None) -> bytes:
    body = b"PACK\0\0\0\2" + (len(entries) if count is None else count).to_bytes(4) + b"".join(entries)
    return body + hashlib.sha1(body).digest()


def whole(kind: int, body: bytes) -> bytes:
    return header(kind, len(body)) + zlib.compress(body)


def ref_delta(base: bytes, delta: bytes) -> bytes:
    return header(7, len(delta)) + base + zlib.compress(delta)


def replacing(base: bytes, new: bytes) -> bytes:
    """A delta that turns ``base`` into ``new`` (both below 128 bytes) without copying anything."""
    return bytes([len(base), len(new), len(new)]) + new


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = new_repository(tmp_path_factory.mktemp("history") / "repository")
    for step in range(20):
        text = b"".join(b"line %d of %d\n" % (line, step if line % 7 == 0 else 0) for line in range(300))
        commit(where, {"notes.txt": text, f"folder/file{step}": b"%d" % step})
    git(where, "tag", "-a", "v1", "-m", "one")
    return where


def test_every_object_of_a_real_pack_arrives(history: Path) -> None:
    data = pack_of(history, "main", "v1")
    unpacked, objects = unpack(data)
    assert {sha.hex() for sha in objects} == all_ids(history, "main", "v1")
    assert unpacked.count == len(objects)
    assert unpacked.blobs == {sha for sha, (kind, _) in objects.items() if kind == BLOB}


def test_a_thin_pack_builds_on_objects_that_are_there(history: Path) -> None:
    _, objects = unpack(pack_of(history, "main~5"))
    thin = pack_of(history, "main", "^main~5", thin=True)
    unpacked, objects = unpack(thin, objects)
    assert {sha.hex() for sha in objects} == all_ids(history, "main")
    assert unpacked.count < len(objects)


def test_a_thin_pack_without_its_bases_is_refused(history: Path) -> None:
    with pytest.raises(PushRejected, match="a delta on an object that is missing"):
        unpack(pack_of(history, "main", "^main~5", thin=True))


def test_objects_are_stored_in_batches(history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "BATCH_ROWS", 7)
    monkeypatch.setattr(unpacking, "RECENT_BYTES", 1)
    objects = MemoryObjects()
    unpacker = Unpacker(PackReader(io.BytesIO(pack_of(history, "main")), LIMIT), objects, LIMIT, Unpacked())
    seen = [(count, len(objects)) for count in unpacker.run()]
    assert all(count == stored for count, stored in seen)
    assert [count for count, _ in seen[:3]] == [7, 14, 21]


def test_a_delta_may_come_before_its_base() -> None:
    chain = [b"first", b"second", b"third", b"fourth"]
    ids = [object_id(BLOB, body) for body in chain]
    deltas = [ref_delta(ids[n], replacing(chain[n], chain[n + 1])) for n in range(3)]
    _, objects = unpack(make_pack(*reversed(deltas), whole(BLOB, chain[0])))
    assert set(objects) == set(ids)


def test_a_circle_of_deltas_is_refused() -> None:
    one, two = b"first", b"second"
    pack = make_pack(
        ref_delta(object_id(BLOB, one), replacing(one, two)), ref_delta(object_id(BLOB, two), replacing(two, one))
    )
    with pytest.raises(PushRejected, match="missing"):
        unpack(pack)


def test_a_blob_above_the_limit_is_named_and_not_kept() -> None:
    big, small = b"x" * (LIMIT + 1), b"y" * LIMIT
    unpacked, objects = unpack(make_pack(whole(BLOB, big), whole(BLOB, small)))
    assert set(objects) == {object_id(BLOB, small)}
    assert unpacked.oversize == {object_id(BLOB, big): LIMIT + 1}


def test_a_delta_cannot_grow_above_the_limit() -> None:
    base = b"x" * 100
    grown = bytes([100]) + b"\xff\xff\xff\xff\x7f" + b"\xb0\x64\x00" * 3
    with pytest.raises(PushRejected, match="use git-lfs"):
        unpack(make_pack(whole(BLOB, base), ref_delta(object_id(BLOB, base), grown)))


def test_another_body_for_a_known_id_is_refused() -> None:
    objects = MemoryObjects({object_id(BLOB, b"honest"): (BLOB, b"forged")})
    with pytest.raises(ObjectConflict):
        unpack(make_pack(whole(BLOB, b"honest")), objects)


@pytest.mark.parametrize(
    ("pack", "reason"),
    [
        (b"", "no pack"),
        (b"PACK\0\0\0\2\xff\xff\xff\xff" + bytes(20), "push in parts"),
        (make_pack(whole(BLOB, b"a"), count=2), "cut off"),
        (make_pack(whole(BLOB, b"a") + b"more"), "bytes after"),
        (make_pack(whole(BLOB, b"a"))[:-1] + b"\0", "checksum"),
        (make_pack(whole(5, b"a")), "unknown type"),
        (make_pack(header(BLOB, 1) + zlib.compress(b"aa")), "another size"),
        (make_pack(header(BLOB, 3) + zlib.compress(b"aa")), "shorter"),
        (make_pack(header(BLOB, 3) + b"no zlib"), "damaged"),
        (make_pack(header(6, 4) + b"\x05" + zlib.compress(b"abcd")), "no object"),
        (make_pack(header(6, 4) + b"\xff" * 12), "malformed delta"),
        (make_pack(b"\xff" * 12), "malformed object header"),
        (make_pack(whole(BLOB, b"abc"), ref_delta(object_id(BLOB, b"abc"), b"\x03\x05\x01a")), "does not apply"),
        (make_pack(whole(BLOB, b"abc"), ref_delta(object_id(BLOB, b"abc"), b"\x83")), "malformed delta"),
        (make_pack(whole(COMMIT, b"tree 0")), "commit"),
        (make_pack(whole(TREE, b"100644 a")), "tree"),
        (make_pack(header(COMMIT, 2**27)), "larger than"),
    ],
)
def test_malformed_packs_are_refused_with_a_reason(pack: bytes, reason: str) -> None:
    with pytest.raises(PushRejected, match=reason):
        unpack(pack)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_damage_gets_a_wrong_object_in(history: Path, data: st.DataObject) -> None:
    pack = bytearray(pack_of_main(history))
    at = data.draw(st.integers(0, len(pack) - 21))
    pack[at] = data.draw(st.integers(0, 255))
    body = bytes(pack[: data.draw(st.sampled_from([len(pack) - 20, at]))])
    objects = MemoryObjects()
    with contextlib.suppress(PushRejected):
        unpack(body + hashlib.sha1(body).digest(), objects)
    assert all(object_id(kind, content) == sha for sha, (kind, content) in objects.items())


_packs: dict[Path, bytes] = {}


def pack_of_main(history: Path) -> bytes:
    return _packs.setdefault(history, pack_of(history, "main"))
