"""The ``hub://`` protocol of fsspec: pandas, pyarrow, datasets, DuckDB and others read and write a hub by address."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from fsspec.spec import AbstractFileSystem

from commonground.accounts.model import KINDS_BY_SEGMENT
from commonground.errors import CommongroundError, InvalidAddress
from commonground.gateways.native import wire
from commonground.sdk.address import SCHEME, Address
from commonground.sdk.hub import Hub

_NOT_FOUND = {404}


class HubFileSystem(AbstractFileSystem):  # type: ignore[misc]
    """A hub as a file system: ``models/owner/name[@revision]/path``. Every written or removed file is one commit.

    ``endpoint`` and ``token`` as in :class:`Hub`. Listings are not cached: others may commit at any time.
    """

    protocol = "hub"
    root_marker = ""

    def __init__(self, endpoint: str | None = None, token: str | None = None, **options: Any) -> None:
        super().__init__(use_listings_cache=False, **options)
        self.hub = Hub(endpoint, token)

    @property
    def fsid(self) -> str:
        """Names the hub."""
        return f"hub-{self.hub.endpoint}"

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        if isinstance(path, list):
            return [cls._strip_protocol(one) for one in path]
        return str(path).removeprefix(SCHEME).strip("/")

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        """The entries of a folder, the repositories of an owner, or the kinds of repositories."""
        found = list(self._entries(self._strip_protocol(path)))
        return found if detail else [item["name"] for item in found]

    def _entries(self, path: str) -> Iterable[dict[str, Any]]:
        parts = path.split("/") if path else []
        if not parts:
            return [_folder(segment) for segment in KINDS_BY_SEGMENT]
        if parts[0] in KINDS_BY_SEGMENT and len(parts) < 3:
            kind = KINDS_BY_SEGMENT[parts[0]]
            owner = parts[1] if len(parts) == 2 else ""
            return [_folder(f"{parts[0]}/{item.id}") for item in self.hub.list_repositories(kind, owner=owner)]
        return self._in_repository(path)

    def _in_repository(self, path: str) -> list[dict[str, Any]]:
        address = _address(path)
        with _Missing(path):
            try:
                return [self._item(address, entry) for entry in self.hub.list_tree(address)]
            except CommongroundError as error:
                if error.status not in _NOT_FOUND or not address.path:
                    raise
            return [self._file(address, path)]

    def _file(self, address: Address, path: str) -> dict[str, Any]:
        """The file at an address, found in the listing of its folder."""
        folder = address.at(path=address.path.rpartition("/")[0])
        for entry in self.hub.list_tree(folder):
            if entry.path == address.path:
                return self._item(address, entry)
        raise FileNotFoundError(path)

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """What is known about one path."""
        stripped = self._strip_protocol(path)
        parts = stripped.split("/")
        if not stripped or (parts[0] in KINDS_BY_SEGMENT and len(parts) < 3):
            return _folder(stripped)
        address = _address(stripped)
        with _Missing(path):
            if address.path:
                return self._file(address, path)
            self.hub.get_repository(address)
        return _folder(stripped)

    def modified(self, path: str) -> datetime:
        """When the file was last committed."""
        address = _address(self._strip_protocol(path))
        folder = address.at(path=address.path.rpartition("/")[0])
        with _Missing(path):
            for entry in self.hub.list_tree(folder, expand=True):
                if entry.path == address.path and entry.last_commit is not None:
                    return datetime.fromtimestamp(entry.last_commit.date / 1000, UTC)
        raise FileNotFoundError(path)

    def _item(self, address: Address, entry: wire.Entry) -> dict[str, Any]:
        name = str(address.at(path=entry.path)).removeprefix(SCHEME)
        return {
            "name": name,
            "size": entry.size if entry.type == "file" else None,
            "type": entry.type,
            "oid": entry.oid,
            "sha256": entry.sha256,
        }

    def _open(self, path: str, mode: str = "rb", **_: Any) -> Any:
        if mode not in {"rb", "wb"}:
            raise NotImplementedError(f"mode {mode}: a file of a hub is read, or written as a whole")
        with _Missing(path):
            return self.hub.open(_address(path), mode)  # type: ignore[arg-type]

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **_: Any) -> bytes:
        """The bytes [start, end) of a file; negative positions count from its end."""
        address = _address(self._strip_protocol(path))
        with _Missing(path):
            if (start or 0) >= 0 and (end is None or end >= 0):
                return self.hub.read_file(address, start=start or 0, end=end)
            pinned, size = self.hub.pin_file(address)
            first, last = ((size + n if n < 0 else n) for n in (start or 0, size if end is None else end))
            return self.hub.read_file(pinned, start=max(0, first), end=last)

    def _rm(self, path: str) -> None:
        with _Missing(path):
            self.hub.delete_file(_address(path))

    def created(self, path: str) -> datetime:
        """When the repository was made."""
        found = self.hub.get_repository(_address(self._strip_protocol(path)))
        return datetime.fromtimestamp(found.created_at / 1000, UTC)


class _Missing:
    """Turns "not found" into what callers of a file system catch."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, CommongroundError) and (error.status in _NOT_FOUND or isinstance(error, InvalidAddress)):
            raise FileNotFoundError(self._path) from error


def _address(path: str) -> Address:
    return Address.parse(path)


def _folder(path: str) -> dict[str, Any]:
    return {"name": path, "size": None, "type": "directory"}
