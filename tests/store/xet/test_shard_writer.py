from __future__ import annotations

import struct

import pytest

from commonground.store.xet.hashing import keyed
from commonground.store.xet.shard import parse_shard
from commonground.store.xet.shard_format import ShardFooter
from commonground.store.xet.shard_writer import dedup_answer
from commonground.store.xet.xorb_packer import pack_xorb

KEY = bytes(range(32))
XORBS = [(xorb.hash, xorb.index()) for _, xorb in (pack_xorb([b"a", b"bc"]), pack_xorb([b"def"]))]
ANSWER = dedup_answer(XORBS, KEY, created=10, expires=20)


def test_a_dedup_answer_lists_xorbs_under_keyed_hashes() -> None:
    shard = parse_shard(ANSWER)
    assert shard.files == []
    assert shard.footer == ShardFooter(KEY, 10, 20)
    for listed, (xorb_hash, index) in zip(shard.xorbs, XORBS, strict=True):
        assert (listed.hash, listed.packed_length) == (xorb_hash, index.packed_length)
        assert listed.length == index.unpacked_length(0, len(index))
        plain = index.chunk_hashes(0, len(index))
        assert listed.chunks == list(zip([keyed(h, KEY) for h in plain], index.lengths.tolist(), strict=True))


def test_a_dedup_answer_gives_plain_chunk_hashes_of_single_chunk_xorbs_only() -> None:
    """Root of a tree of one: such a xorb is named by the hash of its chunk."""
    for xorb_hash, index in XORBS:
        hashes = index.chunk_hashes(0, len(index))
        assert [h in ANSWER for h in hashes] == [len(index) == 1] * len(hashes)
        assert (xorb_hash in hashes) == (len(index) == 1)


def test_the_lookup_offsets_end_the_xorb_section_for_the_reference_reader() -> None:
    footer = len(ANSWER) - 200
    assert struct.unpack_from("<9Q", ANSWER, footer) == (1, 48, 96, footer, 0, footer, 0, footer, 0)
    assert struct.unpack_from("<Q", ANSWER, len(ANSWER) - 8) == (footer,)


@pytest.mark.parametrize("key", [b"", bytes(32), b"k" * 31, b"k" * 33])
def test_a_key_that_protects_nothing_is_refused(key: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes and not zero"):
        dedup_answer(XORBS, key, created=0, expires=0)
