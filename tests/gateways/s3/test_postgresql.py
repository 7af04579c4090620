"""The same with PostgreSQL below."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateways.s3.hub import BUCKET, Hub, refusal, running, texts
from tests.gateways.s3.test_multipart import begin, completion, send
from tests.support.databases import Cluster, postgres_cluster
from tests.support.postgres import fresh_database

__all__ = ["postgres_cluster"]
pytestmark = pytest.mark.anyio


@pytest.fixture
async def postgres(postgres_cluster: Cluster, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Hub]:
    with fresh_database(postgres_cluster.address) as address:
        async with running(tmp_path, database_url=address) as hub:
            yield hub


async def test_keys_objects_lists_and_parts(postgres: Hub) -> None:
    await postgres.put("a b+ü.txt", b"text")
    assert (await postgres.alice("GET", f"/{BUCKET}/a%20b%2B%C3%BC.txt")).content == b"text"
    upload = await begin(postgres)
    tags = [(number, await send(postgres, upload, number, b"%d\0" % number)) for number in (1, 2)]
    assert texts(await postgres.alice("GET", f"/{BUCKET}?uploads"), "Upload/UploadId") == [upload]
    await postgres.alice("POST", f"/{BUCKET}/m.bin?uploadId={upload}", completion(*tags))
    listed = await postgres.nobody("GET", f"/{BUCKET}?list-type=2")
    assert texts(listed, "Contents/Key") == [".gitattributes", "a b+ü.txt", "m.bin"]
    assert texts(await postgres.alice("GET", "/"), "Buckets/Bucket/Name") == [BUCKET]


@pytest.mark.parametrize(
    "query",
    ["?list-type=2&prefix=%00", "?list-type=2&start-after=%00", "?versions&key-marker=%00", "?uploads&upload-id-marker=%00",
     "?uploads&prefix=%00", "/a?versionId=%00", "/a?uploadId=%00", "/a?versionId=%EF%BF%BF", "?marker=%F0%9F%98%80"],
)  # fmt: skip
async def test_texts_that_postgresql_cannot_take(postgres: Hub, query: str) -> None:
    answer = await postgres.alice("GET", f"/{BUCKET}{query}")
    if answer.status_code != 200:
        assert refusal(answer)[0] in {400, 404}


async def test_a_source_that_postgresql_cannot_take(postgres: Hub) -> None:
    for source in ("alice.%00/x", f"{BUCKET}/%00", f"{BUCKET}--%00/x", f"{BUCKET}/x?versionId=%00"):
        answer = await postgres.alice("PUT", f"/{BUCKET}/b", headers={"x-amz-copy-source": source})
        assert refusal(answer)[0] in {400, 404}
