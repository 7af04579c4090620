"""The places that hold xorbs: a local directory or an S3-compatible object store."""

from urllib.parse import urlsplit

from commonground.errors import InvalidSetting
from commonground.settings import Settings
from commonground.store.backends.base import Backend, StoredObject
from commonground.store.backends.local import LocalBackend
from commonground.store.backends.object_store import ObjectStoreBackend

__all__ = ["Backend", "LocalBackend", "ObjectStoreBackend", "StoredObject", "open_backend"]


def open_backend(settings: Settings) -> Backend:
    """The backend that ``settings.storage_address`` names; :class:`InvalidSetting` for a scheme there is none for."""
    address = settings.storage_address
    if address.startswith("file://"):
        return LocalBackend(address.removeprefix("file://"))
    if urlsplit(address).scheme == "s3":
        return ObjectStoreBackend.from_url(address)
    raise InvalidSetting(name="storage_url", reason="must begin with s3://")
