"""What is particular to S3-compatible stores."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request

import pytest

from commonground.errors import InvalidSetting, StorageUnavailable
from commonground.settings import Settings
from commonground.store.backends import ObjectStoreBackend, open_backend


@pytest.mark.parametrize(
    "url", ["s3://", "s3:///prefix", "s3://bucket?endpint=http://x", "gs://bucket", "http://bucket", "bucket"]
)
def test_a_wrong_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidSetting):
        open_backend(Settings(storage_url=url))


def test_a_store_that_is_away_is_unavailable() -> None:
    url = "s3://bucket?endpoint=http://127.0.0.1:1&access_key_id=a&secret_access_key=b"
    backend = ObjectStoreBackend.from_url(url, retries=0)
    with pytest.raises(StorageUnavailable):
        asyncio.run(backend.put("a/b", b"x"))


def test_addresses_for_uploads_are_given_only_where_asked_for(s3_url: str) -> None:
    assert asyncio.run(ObjectStoreBackend.from_url(s3_url).presign_put("grants/x", 60)) is None


def test_an_address_takes_one_object_without_credentials(s3_url: str) -> None:
    backend = ObjectStoreBackend.from_url(f"{s3_url}&presign=true")
    url = asyncio.run(backend.presign_put("grants/signed", 60))
    assert url is not None
    urllib.request.urlopen(urllib.request.Request(url, b"sent by a client", method="PUT"), timeout=10).close()
    assert asyncio.run(backend.get("grants/signed")) == b"sent by a client"
    forged = url.replace("grants/signed", "grants/other")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(urllib.request.Request(forged, b"x", method="PUT"), timeout=10)
