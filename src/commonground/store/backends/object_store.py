"""Objects in an S3-compatible store."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from commonground.errors import BlobNotFound, InvalidSetting, StorageFull, StorageUnavailable
from commonground.store.backends.base import Buffer, StoredObject, check_key

_OPTIONS = frozenset({"endpoint", "region", "access_key_id", "secret_access_key", "session_token"})


class ObjectStoreBackend:
    """Objects in a bucket, below a prefix. ``presigns`` allows clients to upload straight into the bucket."""

    def __init__(self, store: S3Store, *, presigns: bool = False) -> None:
        self._store = store
        self._presigns = presigns

    @classmethod
    def from_url(cls, url: str, retries: int = 4) -> Self:
        """``s3://bucket/prefix?endpoint=&region=&access_key_id=&secret_access_key=&session_token=&presign=true``.

        Credentials left out come from the ``AWS_*`` environment. With ``presign=true`` clients are sent to the
        endpoint itself, so they must be able to reach it. :class:`InvalidSetting` for anything else.
        """
        parts = urlsplit(url)
        options: dict[str, Any] = dict(parse_qsl(parts.query))
        presigns = options.pop("presign", "false") == "true"
        unknown = sorted(set(options) - _OPTIONS)
        if unknown or not parts.netloc:
            raise InvalidSetting(name="storage_url", reason=f"unknown option {unknown[0]}" if unknown else "no bucket")
        plain = str(options.get("endpoint", "")).startswith("http://")
        options.setdefault("region", "us-east-1")
        store = S3Store(
            parts.netloc,
            prefix=parts.path.strip("/") or None,
            client_options={"allow_http": plain, "timeout": timedelta(minutes=5)},
            retry_config={"max_retries": retries, "retry_timeout": timedelta(seconds=30)},
            **options,
        )
        return cls(store, presigns=presigns)

    async def put(self, key: str, data: Buffer) -> None:
        """See :class:`Backend`."""
        with _translated(key):
            await obstore.put_async(self._store, check_key(key), data, use_multipart=False)

    async def get(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        """See :class:`Backend`."""
        if end is not None and end <= start:
            return b""
        try:
            with _translated(key):
                return await self._get(check_key(key), start, end)
        except _BehindTheEnd:
            return b""

    async def size(self, key: str) -> int | None:
        """See :class:`Backend`."""
        try:
            with _translated(key):
                return (await obstore.head_async(self._store, check_key(key)))["size"]
        except BlobNotFound:
            return None

    async def copy(self, source: str, target: str) -> None:
        """See :class:`Backend`."""
        with _translated(source):
            await obstore.copy_async(self._store, check_key(source), check_key(target), overwrite=True)

    async def delete(self, key: str) -> None:
        """See :class:`Backend`."""
        try:
            with _translated(key):
                await obstore.delete_async(self._store, check_key(key))
        except BlobNotFound:
            return

    async def list(self, prefix: str = "") -> AsyncIterator[StoredObject]:
        """See :class:`Backend`."""
        with _translated(prefix):
            async for page in obstore.list(self._store, check_key(prefix) if prefix else None):
                for item in page:
                    yield StoredObject(item["path"], item["size"], int(item["last_modified"].timestamp() * 1000))

    def local_path(self, key: str) -> Path | None:
        """See :class:`Backend`."""
        return None

    async def presign_put(self, key: str, seconds: int) -> str | None:
        """See :class:`Backend`."""
        if not self._presigns:
            return None
        with _translated(key):
            return await obstore.sign_async(self._store, "PUT", check_key(key), timedelta(seconds=seconds))

    async def close(self) -> None:
        """See :class:`Backend`."""

    async def _get(self, key: str, start: int, end: int | None) -> bytes:
        if end is not None:
            return (await obstore.get_range_async(self._store, key, start=start, end=end)).to_bytes()
        whole = await obstore.get_async(self._store, key, options={"range": {"offset": start}})
        return (await whole.bytes_async()).to_bytes()


class _BehindTheEnd(Exception):
    pass


@contextmanager
def _translated(key: str) -> Iterator[None]:
    try:
        yield
    except (NotFoundError, FileNotFoundError):
        raise BlobNotFound(oid=key) from None
    except BaseError as error:
        # S3 stores tell of a full disk only in the text of a 5xx answer.
        text = str(error)
        if "416 Range Not Satisfiable" in text:
            raise _BehindTheEnd from error
        if "507 Insufficient" in text or "StorageFull" in text or "QuotaExceeded" in text:
            raise StorageFull from error
        raise StorageUnavailable(reason=text.splitlines()[0][:200]) from error
