"""Signature Version 4 against the examples of the S3 API reference."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.errors import BadRequest, CommongroundError
from commonground.gateways.s3 import signature, signature2
from commonground.gateways.s3.signature import EMPTY_SHA256, Signed

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SCOPE = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"
HOST = {"host": ["examplebucket.s3.amazonaws.com"]}
DATE = {"x-amz-date": ["20130524T000000Z"]}


def claims(names: str, payload: str = EMPTY_SHA256) -> Signed:
    header = f"AWS4-HMAC-SHA256 Credential={SCOPE},SignedHeaders={names}, Signature={'0' * 64}"
    return signature.read_header(header, {"x-amz-date": "20130524T000000Z", "x-amz-content-sha256": payload})


def signed(found: Signed, method: str, path: str, query: str, headers: dict[str, list[str]]) -> str:
    canonical = signature.canonical_request(found, method, path, signature.parse_query(query), headers)
    return signature.sign(found.signing_key(SECRET), signature.string_to_sign(found, canonical))


def test_a_ranged_get() -> None:
    headers = {**HOST, **DATE, "range": ["bytes=0-9"], "x-amz-content-sha256": [EMPTY_SHA256]}
    found = claims("host;range;x-amz-content-sha256;x-amz-date")
    assert signed(found, "GET", "/test.txt", "", headers) == (
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    )


def test_a_put() -> None:
    payload = hashlib.sha256(b"Welcome to Amazon S3.").hexdigest()
    headers = {
        **HOST,
        **DATE,
        "date": ["Fri, 24 May 2013 00:00:00 GMT"],
        "x-amz-content-sha256": [payload],
        "x-amz-storage-class": ["REDUCED_REDUNDANCY"],
    }
    found = claims("date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class", payload)
    assert signed(found, "PUT", "/test%24file.text", "", headers) == (
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
    )


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("lifecycle", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        ("max-keys=2&prefix=J", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ],
)
def test_a_query(query: str, expected: str) -> None:
    headers = {**HOST, **DATE, "x-amz-content-sha256": [EMPTY_SHA256]}
    assert signed(claims("host;x-amz-content-sha256;x-amz-date"), "GET", "/", query, headers) == expected


def test_a_presigned_address() -> None:
    query = (
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2F"
        "aws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )
    found = signature.read_query(signature.parse_query(query), {})
    assert signed(found, "GET", "/test.txt", query, HOST) == found.signature


def test_the_chunks_of_a_stream() -> None:
    seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
    found = claims("host", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
    key, previous = found.signing_key(SECRET), seed
    for size, expected in (
        (65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
        (1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
        (0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
    ):
        digest = hashlib.sha256(b"a" * size).hexdigest()
        previous = signature.chunk_signature(key, found, previous, digest)
        assert previous == expected


@pytest.mark.parametrize(
    "header",
    [
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=x,SignedHeaders=host,Signature=0",
        f"AWS4-HMAC-SHA256 Credential={SCOPE},SignedHeaders=,Signature=0",
        f"AWS4-HMAC-SHA256 Credential={SCOPE},SignedHeaders=x-amz-date,Signature=0",
        f"AWS4-HMAC-SHA256 Credential={SCOPE},SignedHeaders=host,Signature=",
        f"AWS4-HMAC-SHA256 Credential={SCOPE.replace('s3', 'ec2')},SignedHeaders=host,Signature=0",
        f"AWS4-HMAC-SHA256 Credential={SCOPE.replace('24', '25')},SignedHeaders=host,Signature=0",
    ],
)
def test_claims_that_cannot_be_read(header: str) -> None:
    with pytest.raises(BadRequest):
        signature.read_header(header, {"x-amz-date": "20130524T000000Z", "x-amz-content-sha256": EMPTY_SHA256})


@pytest.mark.parametrize("moment", ["", "now", "20131324T000000Z", "20130524T250000Z", "２0130524T000000Z"])
def test_a_time_that_is_none(moment: str) -> None:
    header = f"AWS4-HMAC-SHA256 Credential={SCOPE},SignedHeaders=host,Signature=0"
    with pytest.raises(BadRequest):
        signature.read_header(header, {"x-amz-date": moment, "x-amz-content-sha256": EMPTY_SHA256})


@given(header=st.text(max_size=200), moment=st.text(max_size=20), payload=st.text(max_size=70))
def test_any_header_is_claims_or_a_refusal(header: str, moment: str, payload: str) -> None:
    for text in (header, f"AWS4-HMAC-SHA256 Credential={header},SignedHeaders={moment},Signature={payload}"):
        try:
            found = signature.read_header(text, {"x-amz-date": moment, "x-amz-content-sha256": payload})
        except CommongroundError:
            continue
        assert found.signature


@given(raw=st.text(max_size=300))
def test_any_query_is_claims_or_a_refusal(raw: str) -> None:
    for read in (lambda query: signature.read_query(query, {}), signature2.read_address):
        for text in (raw, f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires={raw}", f"AWSAccessKeyId=a&Expires={raw}"):
            try:
                read(signature.parse_query(text))
            except CommongroundError:
                continue
