from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.gateways.xet.cas import Cas, running

ALICE, BOB = 2001, 2002
OPEN, SECRET = 10, ALICE
"""A repository everybody may read, and one only Alice may."""


@pytest.fixture(scope="module")
def cas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cas]:
    """One server for the tests of a module."""
    with running(tmp_path_factory.mktemp("cas") / "data") as server:
        yield server


@pytest.fixture
def web(cas: Cas) -> Iterator[httpx.Client]:
    """A plain HTTP client of that server."""
    with httpx.Client(base_url=cas.url, timeout=30) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
