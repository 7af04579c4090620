import pytest
from dulwich.objects import Commit as DulwichCommit
from dulwich.objects import Tag as DulwichTag
from hypothesis import given
from hypothesis import strategies as st

from commonground.hub.revisions.objects import (
    BLOB,
    COMMIT,
    EMPTY_TREE,
    TAG,
    TREE,
    decode_commit,
    decode_tag,
    encode_commit,
    encode_pointer,
    encode_tag,
    make_object,
    object_id,
    pack,
    parse_pointer,
)

IDS = [bytes([number]) * 20 for number in range(3)]
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)


@given(texts, texts, texts, st.integers(0, 2**33))
def test_commits_are_what_dulwich_reads(name: str, email: str, message: str, seconds: int) -> None:
    body = encode_commit(IDS[0], (IDS[1], IDS[2]), name, email, seconds, message)
    reference = DulwichCommit.from_string(body)
    reference.check()
    assert reference.id == object_id(COMMIT, body).hex().encode()
    assert reference.message == message.encode()
    decoded = decode_commit(body)
    assert (decoded.tree, decoded.parents, decoded.message) == (IDS[0], (IDS[1], IDS[2]), message)
    assert (decoded.author_time, decoded.commit_time) == (seconds, seconds)
    assert f"{decoded.author_name} <{decoded.author_email}>".encode() == reference.author


@given(texts.filter(str.strip), texts)
def test_tags_are_what_dulwich_reads(tagger: str, message: str) -> None:
    body = encode_tag(IDS[1], "v1", tagger, "a@b", 7, message)
    reference = DulwichTag.from_string(body)
    reference.check()
    assert reference.object[1] == IDS[1].hex().encode()
    assert decode_tag(body) == (IDS[1], COMMIT)


def test_signatures_and_other_headers_are_passed_over() -> None:
    body = (
        b"tree " + b"11" * 20 + b"\nauthor A U <a@u> 5 +0100\ncommitter C <c@d> 6 -0200\n"
        b"encoding latin-1\ngpgsig -----BEGIN\n tree nonsense\n parent nonsense\n -----END\n\nTitle \xe9\n"
    )
    commit = decode_commit(body)
    assert (commit.author_name, commit.author_time, commit.commit_time) == ("A U", 5, 6)
    assert commit.message == "Title �\n"


@given(st.binary(max_size=200))
def test_what_is_no_commit_or_tag_is_refused_and_nothing_worse(body: bytes) -> None:
    with pytest.raises(ValueError):
        decode_commit(body)
    with pytest.raises(ValueError):
        decode_tag(body)


@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**60 - 1).filter(lambda size: size < 10**18))
def test_pointers_are_read_back(sha256: bytes, size: int) -> None:
    assert parse_pointer(encode_pointer(sha256, size)) == (sha256, size)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"version https://git-lfs.github.com/spec/v1\n",
        encode_pointer(b"x" * 32, 5) + b"more\n",
        encode_pointer(b"x" * 32, 5).replace(b"sha256", b"sha512"),
        encode_pointer(b"x" * 32, 5).replace(b"size 5", b"size -5"),
        b"ext-0-foo sha256:1\n" * 100 + encode_pointer(b"x" * 32, 5),
    ],
)
def test_what_is_no_pointer_is_a_plain_blob(body: bytes) -> None:
    assert parse_pointer(body) is None
    assert make_object(BLOB, body).pointer is None


def test_ids_are_those_of_git() -> None:
    assert object_id(TREE, b"") == EMPTY_TREE
    assert object_id(BLOB, b"") == bytes.fromhex("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")


def test_only_what_shrinks_is_deflated() -> None:
    assert pack(make_object(BLOB, b"a" * 255)).packed == b"a" * 255
    deflated = pack(make_object(BLOB, b"a" * 1000)).packed
    assert deflated is not None
    assert len(deflated) < 100
    noise = bytes(range(256)) * 2
    assert pack(make_object(TAG, noise[::7])).packed == noise[::7]
