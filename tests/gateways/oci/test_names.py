"""The grammar of names, tags and digests."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.errors import InvalidDigest, InvalidRegistryName
from commonground.gateways.oci.names import (
    TAG,
    RegistryName,
    digest_of,
    name_of,
    parse_digest,
    parse_name,
    refs_of,
    tag_of,
)
from commonground.hub.repositories.model import Repository

SPECIFIED = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")
"""The grammar as the specification prints it."""


def repository(owner: str, name: str, kind: str = "model") -> Repository:
    return Repository(id=1, kind=kind, owner_id=1, owner=owner, name=name, visibility="public")  # type: ignore[arg-type]


@given(st.text(alphabet="ab0-_./A", max_size=12))
def test_a_name_that_is_taken_keeps_to_the_grammar(text: str) -> None:
    try:
        found = parse_name(text)
    except InvalidRegistryName:
        return
    assert SPECIFIED.fullmatch(text)
    assert name_of(repository(found.owner, found.name, found.kind)) == text


@given(st.text())
def test_no_text_breaks_the_parsers(text: str) -> None:
    for parse, refusal in ((parse_name, InvalidRegistryName), (parse_digest, InvalidDigest)):
        with suppress(refusal):
            parse(text)


@given(st.binary(max_size=20), st.sampled_from(["sha256", "sha512"]))
def test_digests_are_read_as_they_are_written(data: bytes, algorithm: str) -> None:
    digest = digest_of(data, algorithm)  # type: ignore[arg-type]
    assert parse_digest(str(digest)) == digest
    assert len(digest.raw) == int(algorithm[3:]) // 8


@pytest.mark.parametrize(
    "text", ["", "sha256:", "sha256:zz", "md5:" + "0" * 32, "sha512:" + "0" * 64, "sha256:" + "A" * 64]
)
def test_what_is_no_digest(text: str) -> None:
    with pytest.raises(InvalidDigest):
        parse_digest(text)


@given(st.text(alphabet="ab/-._ü:", max_size=12))
def test_a_ref_is_found_again_by_its_tag(ref: str) -> None:
    tag = tag_of(ref)
    if tag is not None:
        assert TAG.fullmatch(tag)
        assert ref in refs_of(tag)


def test_kinds_have_prefixes() -> None:
    assert parse_name("datasets/ada/rows") == RegistryName("dataset", "ada", "rows")
    assert name_of(repository("Ada", "Rows", "dataset")) == "datasets/ada/rows"
    assert name_of(repository("ada", "_private")) is None
