"""Repositories as buckets: names, creation, removal, what clients ask about them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.errors import BadRequest, CommongroundError
from commonground.gateways.s3.bucket_routes import ABSENT
from commonground.gateways.s3.buckets import Bucket, parse_bucket
from tests.gateways.s3.hub import BUCKET, Hub, refusal, texts

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("text", "kind", "owner", "name", "revision"),
    [
        ("alice.bert", "model", "alice", "bert", ""),
        ("alice.bert.v1.0", "model", "alice", "bert.v1.0", ""),
        ("datasets.alice.bert", "dataset", "alice", "bert", ""),
        ("SPACES.a-b.c_d", "space", "a-b", "c_d", ""),
        ("models.alice.x", "model", "alice", "x", ""),
        ("alice.bert--v1.0", "model", "alice", "bert", "v1.0"),
        ("datasets.alice.d--refs--pr--1", "dataset", "alice", "d", "refs/pr/1"),
        ("a--b.c--main", "model", "a--b", "c", "main"),
    ],
)
def test_a_name_taken_apart(text: str, kind: str, owner: str, name: str, revision: str) -> None:
    found = parse_bucket(text)
    assert (found.kind, found.owner, found.name, found.revision) == (kind, owner, name, revision)


@pytest.mark.parametrize(
    "text", ["", ".", "alice", "alice.", ".bert", "datasets.alice", "a.--main", "a/b.c", "a." + "b" * 300]
)
def test_a_name_that_is_none(text: str) -> None:
    if text == "datasets.alice":  # read as a model of an owner that nobody can be
        assert parse_bucket(text).owner == "datasets"
        return
    with pytest.raises(CommongroundError):
        parse_bucket(text)


@given(st.text(max_size=40))
def test_any_text_is_a_name_or_a_refusal(text: str) -> None:
    with suppress(BadRequest):
        assert isinstance(parse_bucket(text), Bucket)


async def test_the_buckets_of_a_caller(hub: Hub) -> None:
    assert texts(await hub.alice("GET", "/"), "Buckets/Bucket/Name") == [BUCKET]
    assert texts(await hub.bob("GET", "/"), "Buckets/Bucket/Name") == []
    assert texts(await hub.nobody("GET", "/"), "Buckets/Bucket/Name") == []
    accounts = hub.services.accounts
    await accounts.create_organization("acme", members={"bob": "write"})
    assert (await hub.bob("PUT", "/datasets.acme.D")).status_code == 200
    assert texts(await hub.bob("GET", "/"), "Buckets/Bucket/Name") == ["datasets.acme.d"]


async def test_many_buckets_come_in_pages(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("commonground.gateways.s3.bucket_routes.BUCKETS", 2)
    await hub.services.accounts.create_organization("acme", members={"alice": "write"})
    names = {BUCKET, "alice.a", "alice.b", "acme.c", "acme.d", "acme.e"}
    for name in names - {BUCKET}:
        await hub.alice("PUT", f"/{name}")
    found: list[str] = []
    query = ""
    while True:
        page = await hub.alice("GET", f"/{query}")
        found += texts(page, "Buckets/Bucket/Name")
        if not (token := texts(page, "ContinuationToken")):
            break
        query = f"?continuation-token={token[0]}"
    assert (len(found), set(found)) == (6, names)
    assert refusal(await hub.alice("GET", "/?continuation-token=x")) == (400, "InvalidArgument")


async def test_create(hub: Hub) -> None:
    body = b"<CreateBucketConfiguration><LocationConstraint>eu</LocationConstraint></CreateBucketConfiguration>"
    for name, acl, visibility in (("alice.new", None, "public"), ("alice.p", "private", "private")):
        made = await hub.alice("PUT", f"/{name}", body, {"x-amz-acl": acl} if acl else {})
        assert (made.status_code, made.headers["location"]) == (200, f"/{name}")
        assert hub.alice.principal is not None
        found = await hub.services.repositories.open(hub.alice.principal, "model", "alice", name.partition(".")[2])
        assert found.visibility == visibility
    assert refusal(await hub.alice("PUT", "/alice.new")) == (409, "BucketAlreadyOwnedByYou")
    assert refusal(await hub.bob("PUT", "/alice.new")) == (403, "AccessDenied")
    assert refusal(await hub.nobody("PUT", "/alice.x")) == (403, "AccessDenied")
    for name in ("plain", "nobody.x", "alice.-x", "alice.x--dev", "alice.x.git"):
        assert refusal(await hub.alice("PUT", f"/{name}")) == (400, "InvalidBucketName"), name


async def test_delete_takes_only_what_is_empty(hub: Hub) -> None:
    await hub.put("a.txt")
    assert refusal(await hub.alice("DELETE", f"/{BUCKET}")) == (409, "BucketNotEmpty")
    await hub.alice("DELETE", f"/{BUCKET}/a.txt")
    assert hub.alice.principal is not None
    await hub.services.revisions.create_branch(hub.repository, hub.alice.principal, "dev")
    assert refusal(await hub.alice("DELETE", f"/{BUCKET}")) == (409, "BucketNotEmpty")
    await hub.services.revisions.delete_branch(hub.repository, hub.alice.principal, "dev")
    assert refusal(await hub.alice("DELETE", f"/{BUCKET}--main")) == (501, "NotImplemented")
    assert refusal(await hub.alice("DELETE", f"/{BUCKET}?force=1")) == (501, "NotImplemented")
    assert refusal(await hub.alice("DELETE", f"/{BUCKET}//")) == (400, "InvalidArgument")
    assert (await hub.alice("DELETE", f"/{BUCKET}")).status_code == 204
    assert (await hub.alice("HEAD", f"/{BUCKET}")).status_code == 404


async def test_what_clients_ask_about_a_bucket(hub: Hub) -> None:
    assert (await hub.nobody("HEAD", f"/{BUCKET}")).status_code == 200
    assert (await hub.nobody("GET", f"/{BUCKET}?location")).status_code == 200
    assert texts(await hub.nobody("GET", f"/{BUCKET}?versioning"), "Status") == ["Enabled"]
    assert texts(await hub.nobody("GET", f"/{BUCKET}?acl"), "Owner/ID") == ["alice"]
    for name, code in ABSENT.items():
        assert refusal(await hub.nobody("GET", f"/{BUCKET}?{name}")) == (404, code)
    for name in ("logging", "notification", "accelerate", "inventory", "policyStatus"):
        assert refusal(await hub.nobody("GET", f"/{BUCKET}?{name}")) == (501, "NotImplemented")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST"])
@pytest.mark.parametrize("name", ["acl", "policy", "tagging", "lifecycle", "versioning", "website", "unknown"])
async def test_what_is_not_offered_changes_nothing(hub: Hub, method: str, name: str) -> None:
    for path in (f"/{BUCKET}?{name}", f"/{BUCKET}/a.txt?{name}"):
        assert refusal(await hub.alice(method, path, b"<x/>")) == (501, "NotImplemented")
    assert await hub.commits() == ["initial commit"]
