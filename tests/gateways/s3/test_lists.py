"""Lists against a list made from plain strings."""

from urllib.parse import quote, unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commonground.gateways.s3 import listing
from commonground.hub.revisions.model import AddFile, CommitRequest
from tests.gateways.s3.hub import BUCKET, NS, Hub, document, refusal, texts

pytestmark = pytest.mark.anyio

KEYS = sorted(
    [
        ".gitattributes",
        "a",
        "a-b/x",
        "a.b",
        "a0",
        "b/a",
        "b/c/d",
        "b/c/e",
        "b/c.txt",
        "b0/x",
        "dir/sub/deep/f",
        "é/ü",
        "z+ %&<>",
    ]
)


@pytest.fixture
async def filled(hub: Hub) -> Hub:
    operations = [AddFile(path=key, content=key.encode()) for key in KEYS if key != ".gitattributes"]
    assert hub.alice.principal is not None
    request = CommitRequest(title="Fill", operations=[*operations])
    await hub.services.revisions.commit(hub.repository, hub.alice.principal, "main", request)
    return hub


def reference(prefix: str, after: str, delimiter: str) -> list[str]:
    """Keys and common prefixes in order, as S3 defines them."""
    found = []
    for key in KEYS:
        if key.startswith(prefix) and key > after:
            folder, slash, _ = key[len(prefix) :].partition("/")
            item = prefix + folder + slash if delimiter and slash else key
            if item not in found and item > "" and not (item.endswith("/") and item == after):
                found.append(item)
    return found


async def page(hub: Hub, query: str) -> tuple[list[str], str | None]:
    answer = await hub.nobody("GET", f"/{BUCKET}?encoding-type=url&{query}")
    root = document(answer)
    keys = [element.text or "" for element in root.iterfind(f"{NS}Contents/{NS}Key")]
    folders = [element.text or "" for element in root.iterfind(f"{NS}CommonPrefixes/{NS}Prefix")]
    following = root.findtext(f"{NS}NextContinuationToken") or root.findtext(f"{NS}NextMarker")
    assert (root.findtext(f"{NS}IsTruncated") == "true") == (following is not None)
    return sorted(unquote(item) for item in keys + folders), following


PREFIXES = ["", "a", "a-", "b", "b/", "b/c", "b/c/", "b/c/d", "d", "dir/sub", "z", "é/", "x", "a/", "zz"]


@pytest.mark.parametrize("delimiter", ["", "/"])
@pytest.mark.parametrize("most", [1, 2, 3, 1000])
async def test_every_page_of_every_prefix(filled: Hub, delimiter: str, most: int) -> None:
    for prefix in PREFIXES:
        query = f"prefix={quote(prefix)}&delimiter={delimiter}&max-keys={most}"
        for form, name in (("list-type=2&", "continuation-token"), ("", "marker")):
            found: list[str] = []
            more, tail = True, ""
            while more:
                items, following = await page(filled, f"{form}{query}{tail}")
                assert len(items) <= most
                found += items
                more, tail = (
                    following is not None,
                    f"&{name}={quote(unquote(following or '') if form == '' else following or '')}",
                )
            assert found == reference(prefix, "", delimiter), (prefix, form)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    prefix=st.sampled_from([*PREFIXES, *KEYS]),
    after=st.text("ab/c.-dir0zé", max_size=6),
    delimiter=st.sampled_from(["", "/"]),
)
async def test_any_start(filled: Hub, prefix: str, after: str, delimiter: str) -> None:
    query = f"list-type=2&prefix={quote(prefix)}&delimiter={delimiter}&start-after={quote(after)}"
    assert (await page(filled, query))[0] == reference(prefix, after, delimiter)


async def test_pages_of_one_list_are_of_one_commit(filled: Hub) -> None:
    first, token = await page(filled, "list-type=2&max-keys=2")
    await filled.put("aa")
    rest, _ = await page(filled, f"list-type=2&continuation-token={token}")
    assert first + rest == KEYS


async def test_what_a_list_says_of_an_object(filled: Hub) -> None:
    answer = await filled.nobody("GET", f"/{BUCKET}?list-type=2&prefix=b/a&fetch-owner=true")
    head = await filled.nobody("HEAD", f"/{BUCKET}/b/a")
    assert texts(answer, "Contents/ETag") == [head.headers["etag"]]
    assert texts(answer, "Contents/Size") == ["3"]
    assert texts(answer, "Contents/Owner/ID") == ["alice"]
    assert texts(answer, "KeyCount") == ["1"]
    [date] = texts(answer, "Contents/LastModified")
    await filled.put("later.txt")
    again = await filled.nobody("GET", f"/{BUCKET}?list-type=2&prefix=b/a")
    assert texts(again, "Contents/LastModified") == [date]


async def test_versions_are_those_of_the_newest_commit(filled: Hub) -> None:
    answer = await filled.nobody("GET", f"/{BUCKET}?versions&prefix=b/c&max-keys=2")
    assert texts(answer, "Version/Key") == ["b/c.txt", "b/c/d"]
    assert set(texts(answer, "Version/VersionId")) == {await filled.head()}
    assert texts(answer, "NextKeyMarker") == ["b/c/d"]


async def test_names_that_xml_cannot_say_are_replaced(filled: Hub) -> None:
    assert "z+ %&<>" in texts(await filled.nobody("GET", f"/{BUCKET}?list-type=2"), "Contents/Key")
    answer = await filled.nobody("GET", f"/{BUCKET}?list-type=2&prefix=%01%ef%bf%be")
    assert texts(answer, "Prefix") == ["??"]


async def test_nothing_is_asked_for(filled: Hub) -> None:
    answer = await filled.nobody("GET", f"/{BUCKET}?list-type=2&max-keys=0")
    assert (texts(answer, "KeyCount"), texts(answer, "IsTruncated")) == (["0"], ["false"])


@pytest.mark.parametrize("query", ["max-keys=x", "max-keys=-1", "encoding-type=x", "list-type=2&continuation-token=!"])
async def test_a_list_that_makes_no_sense(hub: Hub, query: str) -> None:
    assert refusal(await hub.nobody("GET", f"/{BUCKET}?{query}")) == (400, "InvalidArgument")


async def test_other_delimiters_are_not_offered(hub: Hub) -> None:
    assert refusal(await hub.nobody("GET", f"/{BUCKET}?delimiter=-"))[1] == "NotImplemented"


async def test_a_large_folder_is_entered_where_the_list_begins(hub: Hub) -> None:
    operations = [AddFile(path=f"f/{number:05}", content=b"x") for number in range(3000)]
    assert hub.alice.principal is not None
    await hub.services.revisions.commit(
        hub.repository, hub.alice.principal, "main", CommitRequest(title="x", operations=[*operations])
    )
    assert (await page(hub, "list-type=2&prefix=f/029&max-keys=1"))[0] == ["f/02900"]
    found, token = await page(hub, "list-type=2&prefix=f/")
    assert (len(found), found[-1]) == (listing.MOST, "f/00999")
    assert (await page(hub, f"list-type=2&prefix=f/&continuation-token={token}"))[0][0] == "f/01000"
