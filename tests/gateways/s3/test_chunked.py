"""Streams in chunks: signed, unsigned, with trailers, cut anywhere, and broken."""

import asyncio
import hashlib
import zlib
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonground.errors import CommongroundError, SignatureMismatch
from commonground.gateways.s3 import signature
from commonground.gateways.s3.checksums import Expected, announced
from commonground.gateways.s3.chunked import Chunks, Unsigned, Verifier
from commonground.gateways.s3.signature import EMPTY_SHA256, Signed

SCOPE = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"
CLAIMS = signature.read_header(
    f"AWS4-HMAC-SHA256 Credential={SCOPE},SignedHeaders=host,Signature={'1' * 64}",
    {"x-amz-date": "20130524T000000Z", "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"},
)
KEY = CLAIMS.signing_key("secret")


def crc(data: bytes) -> str:
    return b64encode(zlib.crc32(data).to_bytes(4, "big")).decode()


def plain(parts: Sequence[bytes], trailer: str = "") -> bytes:
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts if part)
    return chunks + b"0\r\n" + (f"{trailer}\r\n".encode() if trailer else b"") + b"\r\n"


def signed(parts: Sequence[bytes], trailer: str = "", claims: Signed = CLAIMS) -> bytes:
    previous, body = claims.signature, b""
    for part in [*(part for part in parts if part), b""]:
        previous = signature.chunk_signature(KEY, claims, previous, hashlib.sha256(part).hexdigest())
        body += b"%x;chunk-signature=%b\r\n" % (len(part), previous.encode()) + (part + b"\r\n" if part else b"")
    if trailer:
        digest = hashlib.sha256(f"{trailer}\n".encode()).hexdigest()
        mark = signature.trailer_signature(KEY, claims, previous, digest)
        body += f"{trailer}\r\nx-amz-trailer-signature:{mark}\r\n".encode()
    return body + b"\r\n"


def read(body: bytes, *, key: bytes | None = None, trailer: str = "", pieces: int = 7) -> bytes:
    """The content of a stream that arrives in ``pieces`` bytes at a time."""
    expected = announced({"x-amz-trailer": trailer} if trailer else {})

    async def raw() -> AsyncIterator[bytes]:
        for start in range(0, len(body), pieces):
            yield body[start : start + pieces]

    async def collect() -> bytes:
        found = b""
        async for part in Chunks(raw(), Verifier(key, CLAIMS) if key else Unsigned(), expected).parts():
            found += part
            expected.update(part)
        expected.check()
        return found

    return asyncio.run(collect())


@given(parts=st.lists(st.binary(max_size=40), max_size=5), pieces=st.integers(1, 60))
@settings(max_examples=50)
def test_what_was_wrapped_is_unwrapped(parts: list[bytes], pieces: int) -> None:
    data = b"".join(parts)
    checksum = f"x-amz-checksum-crc32:{crc(data)}"
    assert read(plain(parts), pieces=pieces) == data
    assert read(plain(parts, checksum), trailer="x-amz-checksum-crc32", pieces=pieces) == data
    assert read(signed(parts), key=KEY, pieces=pieces) == data
    assert read(signed(parts, checksum), key=KEY, trailer="x-amz-checksum-crc32", pieces=pieces) == data


@given(data=st.data())
@settings(max_examples=100)
def test_no_change_to_a_signed_stream_goes_unnoticed(data: st.DataObject) -> None:
    body = signed([b"hello", b"world"], f"x-amz-checksum-crc32:{crc(b'helloworld')}")
    at = data.draw(st.integers(0, len(body) - 3))  # the blank line at the end holds nothing
    changed = body[:at] + bytes([data.draw(st.integers(0, 255))]) + body[at + 1 :]
    try:
        assert read(changed, key=KEY, trailer="x-amz-checksum-crc32") == b"helloworld"
    except CommongroundError:
        assert changed != body


def test_a_stream_signed_with_another_key_is_refused() -> None:
    with pytest.raises(SignatureMismatch):
        read(signed([b"hello"]), key=b"other")
    with pytest.raises(SignatureMismatch):
        read(plain([b"hello"]), key=KEY)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"5\r\nhel",
        b"5\r\nhello",
        b"5\r\nhelloX\r\n0\r\n\r\n",
        b"z\r\n\r\n",
        b"-1\r\n\r\n",
        b"x" * 5000,
        b"0\r\nno colon\r\n\r\n",
        b"0\r\n" + b"x-a:b\r\n" * 20 + b"\r\n",
        b"0\r\nx-amz-checksum-sha256:AAAA\r\n\r\n",
        b"0\r\nx-amz-checksum-crc32:\xff\xff\r\n\r\n",
        b"ffffffffffffffffff\r\n\r\n",
    ],
)
def test_a_broken_stream_is_refused(body: bytes) -> None:
    with pytest.raises(CommongroundError):
        read(body)


def test_a_checksum_that_is_announced_must_come() -> None:
    with pytest.raises(CommongroundError, match="missing"):
        read(plain([b"hello"]), trailer="x-amz-checksum-crc32")
    with pytest.raises(CommongroundError, match="does not have"):
        read(plain([b"hello"], f"x-amz-checksum-crc32:{crc(b'jello')}"), trailer="x-amz-checksum-crc32")


@given(body=st.binary(max_size=300))
def test_any_bytes_end_well(body: bytes) -> None:
    for key in (None, KEY):
        try:
            read(body, key=key)
        except CommongroundError:
            continue


def test_an_expectation_without_a_value_is_not_met() -> None:
    expected = Expected()
    expected.want("x-amz-checksum-crc32", hashlib.sha256, None)
    with pytest.raises(CommongroundError):
        expected.check()
    assert announced({}).check() == {}
    assert EMPTY_SHA256
