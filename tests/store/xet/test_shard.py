from __future__ import annotations

import hashlib
import struct
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonground.store.xet.errors import FormatError
from commonground.store.xet.limits import MAX_SHARD_LENGTH
from commonground.store.xet.shard import Term, parse_shard
from commonground.store.xet.shard_format import BOOKEND, ShardFooter, encode_header
from commonground.store.xet.shard_writer import serialize_shard, shard_file, shard_xorb
from tests.store.xet.oracle import LocalStore

A, B, C = (bytes((i,)) * 32 for i in (1, 2, 3))
FILES = [
    shard_file(A, [Term(B, 0, 2, 10_000), Term(C, 5, 6, 1)], [B, C], hashlib.sha256(b"a").digest()),
    shard_file(B, [Term(B, 0, 1, 8192)]),
    shard_file(bytes(32), [], [], hashlib.sha256(b"").digest()),
]
XORBS = [shard_xorb(B, [(A, 8192), (C, 1808)], global_dedup=[0]), shard_xorb(C, [(A, 131072)], packed_length=99)]
UPLOAD = serialize_shard(FILES, XORBS)
KEPT = serialize_shard(FILES, XORBS, ShardFooter(A, 1, 2))

terms = st.builds(
    lambda xorb, start, count, length: Term(xorb, start, start + count, count * length),
    st.binary(min_size=32, max_size=32),
    st.integers(0, 4096),
    st.integers(1, 4096),
    st.integers(1, 131072).map(lambda n: min(n, (1 << 20) - 1)),
).filter(lambda term: term.length < 1 << 32)
hashes = st.binary(min_size=32, max_size=32).filter(lambda h: h != b"\xff" * 32)


def file_record(flags: int, count: int) -> bytes:
    return struct.pack("<32sIIQ", A, flags, count, 0)


def xorb_record(count: int, length: int, packed: int = 0) -> bytes:
    return struct.pack("<32sIIII", A, 0, count, length, packed)


def term_record(length: int, start: int, end: int) -> bytes:
    return struct.pack("<32sIIII", A, 0, length, start, end)


def chunk_record(offset: int, length: int) -> bytes:
    return struct.pack("<32sIIII", A, offset, length, 0, 0)


def upload(files: bytes = BOOKEND, xorbs: bytes = BOOKEND) -> bytes:
    return encode_header(footer=False) + files + xorbs


def test_the_reference_shard_parses(reference: LocalStore) -> None:
    by_hash = {reference.hashes[name]: data for name, data in reference.files.items()}
    assert {file.hash: file.length for file in reference.shard.files} == {h: len(d) for h, d in by_hash.items()}
    assert {xorb.hash for xorb in reference.shard.xorbs} == set(reference.xorbs)
    for listed in reference.shard.xorbs:
        xorb = reference.xorbs[listed.hash]
        assert listed.chunks == [(chunk.hash, chunk.length) for chunk in xorb.chunks]
        assert (listed.length, listed.packed_length) == (xorb.length, 0)
    assert reference.shard.footer == ShardFooter(bytes(32), 0, 0)


def test_the_reference_server_flags_the_first_chunks_of_files(reference: LocalStore) -> None:
    firsts = {file.first_chunk for file in reference.shard.files if file.terms}
    assert firsts == {(xorb.hash, at) for xorb in reference.shard.xorbs for at in xorb.global_dedup_chunks}


def test_the_empty_file_has_the_zero_hash_and_no_terms(reference: LocalStore) -> None:
    [empty] = [file for file in reference.shard.files if not file.length]
    assert (empty.hash, empty.terms, empty.verification, empty.first_chunk) == (bytes(32), [], [], None)


def test_a_reference_shard_is_rewritten_byte_for_byte(reference: LocalStore) -> None:
    ours = serialize_shard(reference.shard.files, reference.shard.xorbs)
    assert ours[48:] == reference.shard_bytes[48 : len(ours)]
    assert len(reference.shard_bytes) == len(ours) + 200


def test_what_is_written_reads_back() -> None:
    shard = parse_shard(KEPT)
    assert [file.terms for file in shard.files] == [file.terms for file in FILES]
    assert [file.verification for file in shard.files] == [[B, C], None, []]
    assert [file.sha256 for file in shard.files] == [hashlib.sha256(b"a").digest(), None, hashlib.sha256(b"").digest()]
    assert [file.length for file in shard.files] == [10_001, 8192, 0]
    assert [xorb.chunks for xorb in shard.xorbs] == [[(A, 8192), (C, 1808)], [(A, 131072)]]
    assert [xorb.global_dedup_chunks for xorb in shard.xorbs] == [[0], []]
    assert [(xorb.length, xorb.packed_length) for xorb in shard.xorbs] == [(10_000, 0), (131072, 99)]
    assert shard.footer == ShardFooter(A, 1, 2)
    assert parse_shard(memoryview(UPLOAD)).footer is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(hashes, st.lists(terms, max_size=5), st.booleans(), st.none() | hashes), max_size=4))
def test_any_files_round_trip(entries: list[tuple[bytes, list[Term], bool, bytes | None]]) -> None:
    files = [shard_file(h, ts, [B] * len(ts) if proof else None, sha) for h, ts, proof, sha in entries]
    found = parse_shard(serialize_shard(files, [])).files
    assert [(f.hash, f.terms, f.verification, f.sha256) for f in found] == [
        (h, ts, [B] * len(ts) if proof else None, sha) for h, ts, proof, sha in entries
    ]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "header"),
        (bytes(200), "tag"),
        (UPLOAD[:32] + struct.pack("<QQ", 3, 0) + UPLOAD[48:], "version 3"),
        (UPLOAD[:32] + struct.pack("<QQ", 2, 199) + UPLOAD[48:], "footer of 199"),
        (UPLOAD[:32] + struct.pack("<QQ", 2, 200) + UPLOAD[48:], "footer"),
        (UPLOAD + bytes(48), "follow the end"),
        (KEPT[:32] + struct.pack("<QQ", 2, 0) + KEPT[48:], "follow the end"),
        (upload(file_record(0, 0xFFFFFFFF)), "ends inside"),
        (upload(file_record(1 << 31, 1) + term_record(1, 0, 1)), "ends inside"),
        (upload(file_record(1, 0)), "unknown file flags 0x1"),
        (upload(file_record(0, 1) + term_record(1, 1, 1) + BOOKEND), "range of chunks"),
        (upload(file_record(0, 1) + term_record(1, 2, 1) + BOOKEND), "range of chunks"),
        (upload(file_record(0, 1) + term_record(1, 0xFFFFFFFF, 0) + BOOKEND), "range of chunks"),
        (upload(file_record(0, 1) + term_record(9000, 0, 8193) + BOOKEND), "range of chunks"),
        (upload(file_record(0, 1) + term_record(0, 0, 1) + BOOKEND), "its length"),
        (upload(file_record(0, 1) + term_record(131073, 0, 1) + BOOKEND), "its length"),
        (upload(BOOKEND, xorb_record(0, 0)), "outside the limits"),
        (upload(BOOKEND, xorb_record(8193, 1)), "outside the limits"),
        (upload(BOOKEND, xorb_record(1, 1, 1 << 31)), "outside the limits"),
        (upload(BOOKEND, xorb_record(8192, 1)), "ends inside"),
        (upload(BOOKEND, xorb_record(1, 0) + chunk_record(0, 0) + BOOKEND), "impossible length"),
        (upload(BOOKEND, xorb_record(1, 131073) + chunk_record(0, 131073) + BOOKEND), "impossible length"),
        (upload(BOOKEND, xorb_record(1, 6) + chunk_record(0, 5) + BOOKEND), "follow one another"),
        (
            upload(BOOKEND, serialize_shard([], XORBS)[96:-48] + xorb_record(1, 6) + chunk_record(0, 5) + BOOKEND),
            "follow",
        ),
        (upload(BOOKEND, xorb_record(2, 10) + chunk_record(0, 5) + chunk_record(4, 5) + BOOKEND), "follow one another"),
    ],
)
def test_hostile_shards_are_refused_with_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        parse_shard(data)


def test_too_large_a_shard_is_refused() -> None:
    with pytest.raises(FormatError, match="larger than"):
        parse_shard(bytes(MAX_SHARD_LENGTH + 1))


@pytest.mark.parametrize("field", [0, 8, 16, 24, 40, 56, 192])
def test_a_footer_that_points_elsewhere_is_refused(field: int) -> None:
    at = len(KEPT) - 200 + field
    for value in (1 << 63, 7):
        with pytest.raises(FormatError, match=r"footer|lookup"):
            parse_shard(KEPT[:at] + struct.pack("<Q", value) + KEPT[at + 8 :])


@pytest.mark.parametrize("data", [UPLOAD, KEPT])
def test_each_truncation_is_refused(data: bytes) -> None:
    for end in range(len(data)):
        with pytest.raises(FormatError):
            parse_shard(data[:end])


@settings(deadline=None)
@given(
    st.sampled_from([UPLOAD, KEPT]),
    st.lists(st.tuples(st.integers(0, len(UPLOAD) - 1), st.integers(0, 255)), max_size=6),
)
def test_random_damage_raises_format_error_only(data: bytes, changes: list[tuple[int, int]]) -> None:
    bad = bytearray(data)
    for at, value in changes:
        bad[at] = value
    try:
        shard = parse_shard(bytes(bad))
    except FormatError:
        return
    assert all(0 <= term.start < term.end <= 8192 for file in shard.files for term in file.terms)
    assert all(sum(length for _, length in xorb.chunks) == xorb.length for xorb in shard.xorbs)


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_junk_raises_format_error_only(junk: bytes) -> None:
    for data in (junk, encode_header(footer=False) + junk, encode_header(footer=True) + junk):
        try:
            parse_shard(data)
        except FormatError:
            continue


def test_many_small_xorbs_are_checked_in_order() -> None:
    xorbs = [shard_xorb(A, [(B, 1 + i % 3)] * (1 + i % 7)) for i in range(9000)]
    found = parse_shard(serialize_shard([], xorbs)).xorbs
    assert [(xorb.length, xorb.chunks) for xorb in found] == [(xorb.length, xorb.chunks) for xorb in xorbs]


def test_a_shard_of_many_records_costs_little_memory() -> None:
    one = file_record(0, 20_000) + term_record(1, 0, 1) * 20_000
    data = upload(one * 10 + BOOKEND)
    tracemalloc.start()
    try:
        parse_shard(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 << 20
