"""A bucket under test, and objects to try it with."""

import re
import secrets
from functools import cached_property
from html import unescape
from typing import Any
from urllib.parse import quote

import httpx

from commonground.conformance.model import Skipped, expect, expect_status
from commonground.conformance.s3.signature import S3Auth
from commonground.conformance.target import Target

PAGE = 1000


class Bucket(Target):
    """A bucket in path style. ``token`` is a key pair, ``id:secret``; without one requests are not signed."""

    def __init__(self, address: str, repository: str, token: str | None = None, *, write: bool = False) -> None:
        key, _, secret = (token or "").partition(":")
        self.pair = (key, secret) if secret else None
        super().__init__(address, repository, token, S3Auth(key, secret) if secret else None)
        self.write = write

    def object(self, method: str, key: str, query: str = "", **more: Any) -> httpx.Response:
        """A request for an object."""
        return self.send(method, f"/{self.repository}/{quote(key, safe='/-_.~')}{query}", **more)

    def bucket(self, method: str = "GET", query: str = "", **more: Any) -> httpx.Response:
        """A request for the bucket."""
        return self.send(method, f"/{self.repository}{query}", **more)

    def keys(self, query: str = "") -> list[str]:
        """The keys of a page of ListObjectsV2."""
        answer = expect_status(self.bucket(query=f"?list-type=2{query}"), 200)
        return texts(answer, "Key")

    def key(self, suffix: str = "bin") -> str:
        """A key nobody uses."""
        return f"{self.run}/{secrets.token_hex(4)}.{suffix}"

    def put(self, data: bytes, key: str | None = None) -> str:
        """A new object; its key."""
        made = key or self.key()
        expect_status(self.object("PUT", made, content=data), 200)
        return made

    def some(self) -> list[str]:
        """All keys, of which a check needs two."""
        if self.write and len(self.keys()) < 2:
            self.put(b"one")
            self.put(b"two")
        found = self.keys()
        if not 2 <= len(found) < PAGE:
            raise Skipped("the bucket has less than two objects, or too many")
        return found

    @cached_property
    def sample(self) -> tuple[str, bytes]:
        """An object to read: one written for this run, or the smallest of the first page."""
        if self.write:
            data = secrets.token_bytes(100)
            return self.put(data), data
        answer = expect_status(self.bucket(query="?list-type=2"), 200)
        sizes = zip(map(int, texts(answer, "Size")), texts(answer, "Key"), strict=True)
        found = sorted((size, key) for size, key in sizes if size > 1)
        if not found:
            raise Skipped("the bucket has no objects")
        return found[0][1], expect_status(self.object("GET", found[0][1]), 200).content


def texts(answer: httpx.Response, tag: str) -> list[str]:
    """The texts of all elements of a name. The documents are flat enough to be read without a parser of entities."""
    return [unescape(text) for text in re.findall(rf"<{tag}>([^<]*)</{tag}>", answer.text)]


def expect_code(answer: httpx.Response, *codes: str) -> None:
    """Go on if the body is an error document with one of these codes."""
    given = texts(answer, "Code")
    expect(given and given[0] in codes, f"the code is {given[0] if given else 'missing'}, not {' or '.join(codes)}")
