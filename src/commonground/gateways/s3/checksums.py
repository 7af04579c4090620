"""The checksums a request may announce for its body, in headers or behind it."""

import hashlib
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Protocol

from commonground.gateways.s3.crc import crc32c, crc64nvme
from commonground.gateways.s3.errors import refused

PREFIX = "x-amz-checksum-"


class Hasher(Protocol):
    """A running checksum, as :mod:`hashlib` has them."""

    def update(self, data: bytes, /) -> object:
        """Take the next bytes."""
        ...

    def digest(self) -> bytes:
        """The checksum so far."""
        ...


class _Crc32:
    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


KINDS: Mapping[str, tuple[Callable[[], Hasher], int]] = {
    "crc32": (_Crc32, 4),
    "crc32c": (crc32c, 4),
    "crc64nvme": (crc64nvme, 8),
    "sha1": (lambda: hashlib.sha1(usedforsecurity=False), 20),
    "sha256": (hashlib.sha256, 32),
}
"""By the end of the header's name: what computes it, and its length in bytes."""


class Expected:
    """The checksums of one body: fed while it passes, checked at its end."""

    def __init__(self) -> None:
        self._hashers: dict[str, Hasher] = {}
        self._wanted: dict[str, bytes] = {}

    def want(self, name: str, make: Callable[[], Hasher], value: bytes | None) -> None:
        """Compute one under ``name``; its value is given now, or later through :meth:`give`."""
        self._hashers[name] = make()
        if value is not None:
            self._wanted[name] = value

    def give(self, name: str, value: str) -> None:
        """The value of an announced checksum, from behind the body; one that was not announced is refused."""
        if name not in self._hashers:
            raise refused("MalformedTrailerError", f"the trailer {name[:80]} was not announced")
        self._wanted[name] = decode(name, value)

    def update(self, data: bytes) -> None:
        """Take the next bytes of the body."""
        for hasher in self._hashers.values():
            hasher.update(data)

    def check(self) -> dict[str, str]:
        """The headers of the checksums that hold, ``BadDigest`` where one does not."""
        for name, hasher in self._hashers.items():
            if name not in self._wanted:
                raise refused("MalformedTrailerError", f"the trailer {name} is missing")
            if hasher.digest() != self._wanted[name]:
                raise refused(_MISMATCH.get(name, "BadDigest"), f"the body does not have the {name} that was sent")
        return {name: b64encode(value).decode() for name, value in self._wanted.items() if name.startswith(PREFIX)}


_MISMATCH = {"x-amz-content-sha256": "XAmzContentSHA256Mismatch"}


def announced(headers: Mapping[str, str]) -> Expected:
    """What the headers of a request say of its body: ``Content-MD5``, ``x-amz-checksum-*`` and ``x-amz-trailer``."""
    expected = Expected()
    if (md5 := headers.get("content-md5")) is not None:
        expected.want("content-md5", lambda: hashlib.md5(usedforsecurity=False), _base64(md5, 16, "InvalidDigest"))
    trailer = headers.get("x-amz-trailer", "").strip().lower()
    for kind, (make, _) in KINDS.items():
        name = PREFIX + kind
        if name in headers:
            expected.want(name, make, decode(name, headers[name]))
        elif name == trailer:
            expected.want(name, make, None)
    return expected


def decode(name: str, value: str) -> bytes:
    """The bytes of a checksum, by the name of its header."""
    return _base64(value, KINDS[name.removeprefix(PREFIX)][1], "InvalidRequest")


def _base64(value: str, length: int, code: str) -> bytes:
    try:
        found = b64decode(value, validate=True)
    except ValueError:
        found = b""
    if len(found) != length:
        raise refused(code, "a checksum is not base64 of the right length")
    return found
