"""Whatever arrives, the answer is one of S3: no 500, and nothing written by who may not write."""

from contextlib import suppress
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commonground.errors import BadRequest, CommongroundError
from commonground.gateways.s3.selection import SUBRESOURCES
from commonground.gateways.s3.xml import parse
from tests.gateways.s3.hub import BUCKET, URL, Hub

pytestmark = pytest.mark.anyio
RELAXED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=120)

words = st.sampled_from(
    ["list-type", "prefix", "delimiter", "max-keys", "marker", "start-after", "continuation-token", "versionId", "x",
     "partNumber", "X-Amz-Signature", "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires",
     "X-Amz-SignedHeaders", "AWSAccessKeyId", "Signature", "Expires", *sorted(SUBRESOURCES)]
)  # fmt: skip
values = st.text(max_size=12) | st.sampled_from(["2", "AWS4-HMAC-SHA256", "9" * 30, "-1", "/", "20261123T000000Z"])
headers = st.dictionaries(
    st.sampled_from(
        ["Authorization", "x-amz-date", "x-amz-content-sha256", "Range", "If-Match", "If-None-Match", "If-Modified-Since",
         "Content-MD5", "x-amz-copy-source", "x-amz-copy-source-range", "x-amz-trailer", "x-amz-decoded-content-length",
         "x-amz-checksum-crc32", "x-amz-checksum-sha256", "x-amz-acl", "User-Agent"]
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30)
    | st.sampled_from(["AWS4-HMAC-SHA256 Credential=a/b", "Bearer x", "AWS a:b", "UNSIGNED-PAYLOAD",
                       "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "bytes=0-", "*", f"{BUCKET}/a.txt", "5"]),
    max_size=5,
)  # fmt: skip


@RELAXED
@given(
    method=st.sampled_from(["GET", "HEAD", "PUT", "POST", "DELETE"]),
    key=st.text(max_size=8) | st.sampled_from(["a.txt", "dir/"]),
    query=st.lists(st.tuples(words, values), max_size=4),
    given_headers=headers,
    body=st.binary(max_size=60),
)
async def test_any_unsigned_request(
    hub: Hub, method: str, key: str, query: list[tuple[str, str]], given_headers: dict[str, str], body: bytes
) -> None:
    search = "&".join(f"{quote(name)}={quote(value, errors='replace')}" for name, value in query)
    path = f"/s3/{BUCKET}" + (f"/{quote(key, errors='replace')}" if key else "")
    encoded = {name: value.encode("latin-1") for name, value in given_headers.items()}
    url = httpx.URL(URL).copy_with(raw_path=f"{path}?{search}".encode())
    answer = await hub.nobody.raw(method, url, content=body, headers=encoded)
    _check(answer)
    assert await hub.commits() == ["initial commit"]


@RELAXED
@given(
    method=st.sampled_from(["PUT", "POST", "DELETE", "GET"]),
    key=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8),
    query=st.lists(st.tuples(words.filter(lambda word: "mz" not in word), values), max_size=3),
    given_headers=headers.map(
        lambda found: {k: v for k, v in found.items() if k not in {"Authorization", "x-amz-date"}}
    ),
    body=st.binary(max_size=60) | st.just(b"<Delete><Object><Key>a</Key></Object></Delete>"),
)
async def test_any_request_of_the_owner(
    hub: Hub, method: str, key: str, query: list[tuple[str, str]], given_headers: dict[str, str], body: bytes
) -> None:
    search = "&".join(f"{quote(name, safe='')}={quote(value, safe='', errors='replace')}" for name, value in query)
    path = f"/{BUCKET}/{quote(key)}" + (f"?{search}" if search else "")
    clean = {name: value.encode("ascii", "replace").decode().strip() for name, value in given_headers.items()}
    assert hub.alice.principal is not None
    answer = await hub.nobody.raw(
        method,
        httpx.URL(URL).copy_with(raw_path=f"/s3{path}".encode()),
        content=body,
        headers={**clean, "Authorization": f"Bearer {await _bearer(hub)}"},
    )
    _check(answer)


@given(st.binary(max_size=200) | st.text("<>/ab&;![]DOCTYPE\"'=-?x", max_size=80).map(str.encode))
def test_any_bytes_are_a_document_or_refused(data: bytes) -> None:
    with suppress(BadRequest):
        assert parse(data).name


def test_entities_are_never_expanded() -> None:
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    for body in (
        f'<!DOCTYPE x [<!ENTITY l0 "lol">{lol}]><x>&l9;</x>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1/x"><x/>',
        "<x>&undefined;</x>",
        "<a>" * 100_000,
        "<a>" + "<b/>" * 70_000 + "</a>",
    ):
        with pytest.raises(CommongroundError):
            parse(body.encode())


async def _bearer(hub: Hub) -> str:
    assert hub.alice.principal is not None
    assert hub.alice.principal.account_id is not None
    known = getattr(hub, "bearer", None)
    if known is None:
        known = await hub.services.accounts.create_token(hub.alice.principal.account_id, name="f", role="write")
        hub.bearer = known  # type: ignore[attr-defined]
    return str(known)


def _check(answer: httpx.Response) -> None:
    assert answer.status_code < 500 or answer.status_code == 501, answer.text
    if answer.status_code >= 400 and answer.request.method != "HEAD":
        assert b"<Error><Code>" in answer.content or b"NUL" in answer.content, answer.text
