"""The hub under test: a client of its address, and a repository on it."""

import secrets
from functools import cached_property
from types import TracebackType
from typing import Any, Self

import httpx

TIMEOUT = 60.0


class Target:
    """Base of what the checks of a protocol are given. Redirects are not followed: many checks are about them."""

    def __init__(self, address: str, repository: str, token: str | None = None, auth: httpx.Auth | None = None) -> None:
        self.address, self.repository, self.token = address.rstrip("/"), repository, token
        self.http = httpx.Client(base_url=self.address, timeout=TIMEOUT, auth=auth, headers=self.headers())
        self.run = f"conformance-{secrets.token_hex(4)}"

    def headers(self) -> dict[str, str]:
        """What every request carries."""
        return {"User-Agent": "commonground-conformance"}

    @cached_property
    def anonymous(self) -> httpx.Client:
        """A client without credentials."""
        return httpx.Client(base_url=self.address, timeout=TIMEOUT)

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request, as the caller."""
        return self.http.request(method, path, **more)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()
        self.anonymous.close()
