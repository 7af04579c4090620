"""Files and history, as methods of the hub."""

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from commonground.errors import InvalidAddress, RangeNotSatisfiable, SizeMismatch
from commonground.gateways.native import wire
from commonground.sdk.address import Address
from commonground.sdk.transport import PART, Transport, file_path, repository_path

DEFAULT_BRANCH = "HEAD"

Progress = Callable[[int, int | None], None]
"""Told how many bytes are done, and of how many where that is known."""


class FileMethods:
    """Reading and writing files. ``repository`` may be an address with revision and path; ``revision`` and ``path``
    win over it. Without a revision the default branch is meant.
    """

    _transport: Transport

    def list_tree(
        self,
        repository: str | Address,
        *,
        revision: str | None = None,
        path: str | None = None,
        recursive: bool = False,
        expand: bool = False,
    ) -> Iterator[wire.Entry]:
        """The entries of a folder; ``expand`` adds the last commit of each."""
        address = Address.of(repository).at(revision, path)
        query = wire.TreeQuery(recursive=recursive, expand=expand)
        return self._transport.pages(wire.Entry, file_path(address, "tree", _revision(address)), query)

    def list_commits(self, repository: str | Address, *, revision: str | None = None) -> Iterator[wire.Commit]:
        """The history of a revision, newest first."""
        address = Address.of(repository).at(revision)
        path = repository_path(address, "commits", _revision(address))
        return self._transport.pages(wire.Commit, path, wire.HistoryQuery(limit=100))

    def diff(self, repository: str | Address, base: str, head: str | None = None) -> wire.Diff:
        """The paths that differ between two revisions."""
        address = Address.of(repository).at(head)
        query = wire.DiffQuery(base=base, head=_revision(address))
        return self._transport.call(wire.Diff, "GET", repository_path(address, "diff"), query=query)

    def create_commit(
        self,
        repository: str | Address,
        operations: Sequence[wire.Operation],
        *,
        title: str,
        description: str = "",
        branch: str | None = None,
        parent: str | None = None,
    ) -> wire.Commit:
        """Apply several operations in one commit, all or none; ``parent`` refuses it if the branch has moved."""
        address = Address.of(repository).at(branch)
        body = wire.CreateCommit(
            title=title,
            description=description,
            branch=address.revision,
            parent=parent,
            operations=list(operations),
        )
        return self._transport.call(wire.Commit, "POST", repository_path(address, "commits"), body=body)

    def upload_file(
        self,
        repository: str | Address,
        content: "bytes | str | os.PathLike[str] | IO[bytes]",
        *,
        path: str | None = None,
        branch: str | None = None,
        title: str = "",
        description: str = "",
        parent: str | None = None,
    ) -> wire.Commit:
        """Write one file of any size in one commit. ``content`` is bytes, the path of a local file, or an open file."""
        address = _file(Address.of(repository).at(branch, path))
        query = wire.ChangeFileQuery(title=title, description=description, parent=parent)
        target = file_path(address, "files", _revision(address))
        with _opened(content) as body:
            return self._transport.upload("PUT", target, body, wire.Commit, query)

    def upload_content(
        self, repository: str | Address, content: "bytes | str | os.PathLike[str] | IO[bytes]"
    ) -> wire.Content:
        """Upload content of any size for a later :meth:`create_commit`, which names it with ``WriteLarge``."""
        target = repository_path(Address.of(repository), "contents")
        with _opened(content) as body:
            return self._transport.upload("POST", target, body, wire.Content)

    def delete_file(
        self,
        repository: str | Address,
        *,
        path: str | None = None,
        branch: str | None = None,
        title: str = "",
        description: str = "",
        parent: str | None = None,
    ) -> wire.Commit:
        """Remove one file in one commit."""
        address = _file(Address.of(repository).at(branch, path))
        query = wire.ChangeFileQuery(title=title, description=description, parent=parent)
        target = file_path(address, "files", _revision(address))
        return self._transport.call(wire.Commit, "DELETE", target, query=query)

    def download_file(
        self,
        repository: str | Address,
        to: "str | os.PathLike[str]",
        *,
        path: str | None = None,
        revision: str | None = None,
        progress: Progress | None = None,
    ) -> Path:
        """Write a file of the hub to the local path ``to``, which appears only when it is complete."""
        address, target = _file(Address.of(repository).at(revision, path)), Path(to)
        target.parent.mkdir(parents=True, exist_ok=True)
        new = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}")
        try:
            with new.open("xb") as file:
                self._download(address, file, progress)
            return new.replace(target)
        finally:
            new.unlink(missing_ok=True)

    def read_file(
        self,
        repository: str | Address,
        *,
        path: str | None = None,
        revision: str | None = None,
        start: int = 0,
        end: int | None = None,
    ) -> bytes:
        """The bytes [start, end) of a file, in memory."""
        address = _file(Address.of(repository).at(revision, path))
        if end is not None and end <= start:
            return b""
        wanted = {"Range": f"bytes={start}-{'' if end is None else end - 1}"} if start or end is not None else None
        with self._transport.stream(file_path(address, "files", _revision(address)), headers=wanted) as response:
            return response.read()

    def pin_file(self, repository: str | Address) -> tuple[Address, int]:
        """The address of a file with the commit it is in now, and the size of the file."""
        address = _file(Address.of(repository))
        path = file_path(address, "files", _revision(address))
        try:
            with self._transport.stream(path, headers={"Range": "bytes=0-0"}) as response:
                size = int(response.headers["content-range"].rpartition("/")[2])
                return address.at(response.headers["x-repo-commit"]), size
        except RangeNotSatisfiable:  # an empty file has no first byte
            return address, 0

    def _download(self, address: Address, file: IO[bytes], progress: Progress | None) -> None:
        with self._transport.stream(file_path(address, "files", _revision(address))) as response:
            announced = response.headers.get("content-length", "")
            size, done = int(announced) if announced.isdigit() else None, 0
            for part in response.iter_bytes(PART):
                done += file.write(part)
                if progress is not None:
                    progress(done, size)
        if size is not None and done != size:
            raise SizeMismatch(actual=done, expected=size)


def _revision(address: Address) -> str:
    return address.revision or DEFAULT_BRANCH


def _file(address: Address) -> Address:
    if not address.path:
        raise InvalidAddress(address=str(address), reason="the path of the file is missing")
    return address


@contextmanager
def _opened(content: "bytes | str | os.PathLike[str] | IO[bytes]") -> Iterator[bytes | IO[bytes]]:
    """``content``; a path is opened for as long as the block lasts."""
    if isinstance(content, (str, os.PathLike)):
        with Path(content).open("rb") as file:
            yield file
    else:
        yield content
