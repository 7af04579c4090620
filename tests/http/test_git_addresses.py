"""What git and Git LFS share on the way in."""

import pytest
from starlette.requests import Request
from starlette.responses import Response

from commonground.errors import CommongroundError, Forbidden, GatedRepository, RepositoryNotFound, Unauthenticated
from commonground.http.git_addresses import challenge, git_routes
from commonground.http.responses import json_error
from commonground.http.routing import Router


async def answer(_request: Request) -> Response:
    return Response()


ROUTER = Router(git_routes([("GET", "info/refs", answer, "Refs")], tag="git", render_error=json_error))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"/o/n/info/refs", {"owner": "o", "name": "n"}),
        (b"/o/n.git/info/refs", {"owner": "o", "name": "n"}),
        (b"/datasets/o/n/info/refs", {"kind": "datasets", "owner": "o", "name": "n"}),
        (b"/kernels/o/n.git/info/refs", {"kind": "kernels", "owner": "o", "name": "n"}),
    ],
)
def test_a_repository_is_reached_by_every_spelling(path: bytes, expected: dict[str, str]) -> None:
    assert ROUTER.match("GET", path)[1] == expected


def test_only_one_spelling_is_documented() -> None:
    assert [route.template for route in ROUTER.routes if not route.hidden] == [
        "/{owner}/{name}.git/info/refs",
        "/{kind:datasets|spaces|kernels}/{owner}/{name}.git/info/refs",
    ]


@pytest.mark.parametrize(
    ("error", "credentials", "shown"),
    [
        (RepositoryNotFound(), False, Unauthenticated),
        (GatedRepository(repository="o/n"), False, Unauthenticated),
        (RepositoryNotFound(), True, RepositoryNotFound),
        (Forbidden(), False, Forbidden),
    ],
)
def test_what_may_be_private_asks_for_credentials(
    error: CommongroundError, credentials: bool, shown: type[CommongroundError]
) -> None:
    headers = [(b"authorization", b"Basic eA==")] if credentials else []
    assert type(challenge(Request({"type": "http", "headers": headers}), error)) is shown
