"""A file of a hub as a local file object: read with ranges, written as a whole."""

import io
import tempfile
from typing import TYPE_CHECKING, Any, cast

from commonground.gateways.native import wire
from commonground.sdk.address import Address

if TYPE_CHECKING:
    from commonground.sdk.hub import Hub

BUFFER = 2**20
"""Bytes fetched at a time by small reads."""
IN_MEMORY = 8 * 2**20
"""Bytes of a file being written that are kept in memory before it goes to disk."""


class RemoteFile(io.RawIOBase):
    """Reads a file of a fixed commit: what changes on the branch meanwhile is not seen."""

    def __init__(self, hub: "Hub", address: Address) -> None:
        self._hub = hub
        self.address, self.size = hub.pin_file(address)
        self._position = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move; the new position."""
        base = (0, self._position, self.size)[whence]
        if base + offset < 0:
            raise ValueError("a position before the start of the file")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """The position."""
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fetch the next bytes; 0 at the end."""
        view = memoryview(buffer).cast("B")
        end = min(self.size, self._position + len(view))
        if end <= self._position:
            return 0
        data = self._hub.read_file(self.address, start=self._position, end=end)
        view[: len(data)] = data
        self._position += len(data)
        return len(data)


class Upload(io.BufferedIOBase):
    """Collects a file and commits it when it is closed; nothing is written if the ``with`` block fails."""

    def __init__(self, hub: "Hub", address: Address) -> None:
        self._hub, self.address = hub, address
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed by close()
        self.commit: wire.Commit | None = None

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: Any) -> int:
        """Add bytes."""
        return self._file.write(data)

    def tell(self) -> int:
        """How many bytes were written."""
        return self._file.tell()

    def discard(self) -> None:
        """Close without a commit."""
        self._file.close()
        super().close()

    def close(self) -> None:
        """Upload what was written, in one commit."""
        if self.closed:
            return
        try:
            self._file.seek(0)
            self.commit = self._hub.upload_file(self.address, cast("Any", self._file))
        finally:
            self.discard()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Upload, unless the block failed."""
        if kind is not None:
            self.discard()
        self.close()

    def __del__(self) -> None:
        """What nobody closed was not finished."""
        if not self.closed:
            self.discard()


class TextUpload(io.TextIOWrapper):
    """Text for an :class:`Upload`."""

    def __init__(self, upload: Upload, encoding: str, newline: str | None) -> None:
        super().__init__(cast("Any", upload), encoding=encoding, newline=newline)
        self._upload = upload

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Upload, unless the block failed."""
        if kind is not None:
            self.detach()
            self._upload.discard()
            return
        self.close()
