"""Whole folders, made of the operations on files."""

import os
from collections.abc import Iterator
from pathlib import Path

from commonground.errors import InvalidAddress
from commonground.gateways.native import wire
from commonground.sdk.address import Address
from commonground.sdk.files import FileMethods, Progress

INLINE = 2**20
"""Files up to this many bytes travel inside the commit."""

INLINE_TOTAL = 40 * 2**20
"""Bytes of all files inside one commit; what is beyond goes to the store."""


class FolderMethods(FileMethods):
    """Folders of this machine and of the hub."""

    def upload_folder(
        self,
        repository: str | Address,
        folder: "str | os.PathLike[str]",
        *,
        path: str | None = None,
        branch: str | None = None,
        title: str = "",
        description: str = "",
        parent: str | None = None,
        progress: Progress | None = None,
    ) -> wire.Commit:
        """Write all files below ``folder`` in one commit; folders named ``.git`` are left out."""
        address, inline = Address.of(repository).at(branch, path), 0
        operations: list[wire.Operation] = []
        files = list(_files(Path(folder)))
        if not files:
            raise InvalidAddress(address=str(folder), reason="there is no file in this folder")
        for number, file in enumerate(files, 1):
            target = "/".join(filter(None, (address.path, file.relative_to(folder).as_posix())))
            size = file.stat().st_size
            if size <= INLINE and inline + size <= INLINE_TOTAL:
                inline += size
                operations.append(_inline(target, file))
            else:
                content = self.upload_content(address, file)
                operations.append(wire.WriteLarge(path=target, sha256=content.sha256, size=content.size))
            if progress is not None:
                progress(number, len(files))
        return self.create_commit(
            address,
            operations,
            title=title or f"Upload {Path(folder).resolve().name or 'a folder'}",
            description=description,
            parent=parent,
        )

    def download_folder(
        self,
        repository: str | Address,
        to: "str | os.PathLike[str]",
        *,
        path: str | None = None,
        revision: str | None = None,
        progress: Progress | None = None,
    ) -> list[Path]:
        """Write all files below a folder of the hub below ``to``; where they are."""
        address = Address.of(repository).at(revision, path)
        entries = [entry for entry in self.list_tree(address, recursive=True) if entry.type == "file"]
        written = []
        for number, entry in enumerate(entries, 1):
            name = entry.path.removeprefix(f"{address.path}/") if address.path else entry.path
            written.append(self.download_file(address, _below(Path(to), name), path=entry.path))
            if progress is not None:
                progress(number, len(entries))
        return written


def _files(folder: Path) -> Iterator[Path]:
    for current, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != ".git")
        yield from (path for name in sorted(names) if (path := Path(current, name)).is_file())


def _inline(path: str, file: Path) -> wire.WriteBytes:
    return wire.WriteBytes(path=path, content=file.read_bytes(), executable=os.access(file, os.X_OK))


def _below(folder: Path, name: str) -> Path:
    """A place below ``folder``: a hub must not choose files elsewhere."""
    parts = name.split("/")
    if {"", ".", ".."} & set(parts) or Path(name).anchor:
        raise InvalidAddress(address=name[:200], reason="a file cannot have this name here")
    return folder.joinpath(*parts)
