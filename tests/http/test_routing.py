import contextlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response

from commonground.errors import BadRequest, MethodNotAllowed, RouteNotFound
from commonground.http.routing import Route, Router


async def handler(_request: Request) -> Response:
    return Response()


def router(*templates: str, method: str = "GET") -> Router:
    return Router(Route(method=method, template=template, handler=handler) for template in templates)


def matched(routes: Router, path: str, method: str = "GET") -> tuple[str, dict[str, str]]:
    route, params = routes.match(method, path.encode())
    return route.template, params


HUB = router(
    "/",
    "/{owner}/{name}",
    "/{kind:datasets|spaces}/{owner}/{name}",
    "/{owner}/{name}.git/info/refs",
    "/{owner}/{name}/info/refs",
    "/{owner}/{name}/resolve/{revision}/{path*}",
    "/api/models/{owner}/{name}",
    "/api/models/{owner}/{name}/revision/{revision}",
)


@pytest.mark.parametrize(
    ("path", "template", "params"),
    [
        ("/", "/", {}),
        ("/o/n", "/{owner}/{name}", {"owner": "o", "name": "n"}),
        ("/o/n/", "/{owner}/{name}", {"owner": "o", "name": "n"}),
        ("/datasets/o/n", "/{kind:datasets|spaces}/{owner}/{name}", {"kind": "datasets", "owner": "o", "name": "n"}),
        ("/o/n.git/info/refs", "/{owner}/{name}.git/info/refs", {"owner": "o", "name": "n"}),
        ("/o/n/info/refs", "/{owner}/{name}/info/refs", {"owner": "o", "name": "n"}),
        (
            "/o/n/resolve/refs%2Fpr%2F1/a%20b/c%2Fd",
            "/{owner}/{name}/resolve/{revision}/{path*}",
            {"owner": "o", "name": "n", "revision": "refs/pr/1", "path": "a b/c/d"},
        ),
        ("/api/models/o/n", "/api/models/{owner}/{name}", {"owner": "o", "name": "n"}),
        # a literal that leads nowhere gives way to a parameter
        ("/api/resolve", "/{owner}/{name}", {"owner": "api", "name": "resolve"}),
    ],
)
def test_the_most_specific_route_wins(path: str, template: str, params: dict[str, str]) -> None:
    assert matched(HUB, path) == (template, params)


@pytest.mark.parametrize("path", ["/o", "/o/n/x", "/o/n/resolve/main", "/o//n"])
def test_other_paths_are_not_found(path: str) -> None:
    with pytest.raises(RouteNotFound):
        HUB.match("GET", path.encode())


def test_head_is_answered_by_get() -> None:
    assert matched(HUB, "/o/n", "HEAD")[0] == "/{owner}/{name}"


def test_another_method_is_told_which_are_allowed() -> None:
    with pytest.raises(MethodNotAllowed, match="use GET, HEAD"):
        HUB.match("POST", b"/o/n")


def test_a_method_found_only_on_a_less_specific_route_is_found() -> None:
    routes = router("/api/models")
    routes.add(Route(method="POST", template="/{owner}/{name}", handler=handler))
    assert matched(routes, "/api/models", "POST")[0] == "/{owner}/{name}"


def test_a_route_with_a_condition_answers_where_it_holds() -> None:
    def asked(query: bytes) -> str:
        request = Request({"type": "http", "method": "GET", "path": "/o/n", "query_string": query, "headers": []})
        return routes.match("GET", b"/o/n", request)[0].summary

    routes = Router(
        [
            Route(method="GET", template="/{owner}/{name}", handler=handler, summary="page"),
            Route(
                method="GET",
                template="/{o}/{n}",
                handler=handler,
                summary="archive",
                when=lambda request: "format" in request.query_params,
            ),
        ]
    )
    assert asked(b"") == "page"
    assert asked(b"format=tar") == "archive"
    assert routes.match("HEAD", b"/o/n")[0].summary == "page"


def test_where_no_condition_holds_there_is_nothing() -> None:
    only = Route(method="GET", template="/{owner}/{name}", handler=handler, when=lambda _: False)
    with pytest.raises(RouteNotFound):
        Router([only]).match("GET", b"/o/n")


def test_parameters_may_have_other_names_on_other_routes() -> None:
    routes = router("/{owner}", "/{user}/tokens")
    assert matched(routes, "/me") == ("/{owner}", {"owner": "me"})
    assert matched(routes, "/me/tokens") == ("/{user}/tokens", {"user": "me"})


def test_a_path_that_is_not_plain_utf8_is_refused() -> None:
    with pytest.raises(BadRequest):
        HUB.match("GET", b"/o/%ff")
    with pytest.raises(BadRequest):
        HUB.match("GET", b"/o/\xff")
    with pytest.raises(BadRequest):
        HUB.match("GET", b"/o/a%00b")


@pytest.mark.parametrize("twin", ["/{o}/{n}", "/{owner}/{name}/"])
def test_two_routes_of_one_shape_are_a_mistake(twin: str) -> None:
    with pytest.raises(ValueError, match="taken"):
        router("/{owner}/{name}", twin)


@pytest.mark.parametrize(
    "template", ["/v{number}", "/{path*}/more", "/{a}/{a}", "/{path*}.git", "/{open", "/{kind:a|b*}", "/{}"]
)
def test_a_malformed_template_is_a_mistake(template: str) -> None:
    with pytest.raises(ValueError, match=r"malformed|tail"):
        router(template)


def test_params_of_a_route() -> None:
    assert Route(method="GET", template="/{a}/{b:x|y}/{c}.git/{d*}", handler=handler).params == ("a", "b", "c", "d")


segment = st.text(min_size=1, max_size=8).filter(lambda s: s.isprintable())


@given(owner=segment, name=segment, revision=segment, path=st.lists(segment, min_size=1, max_size=4))
def test_whatever_is_encoded_comes_back(owner: str, name: str, revision: str, path: list[str]) -> None:
    encoded = "/".join(quote(part, safe="") for part in (owner, name, "resolve", revision, *path))
    params = matched(HUB, f"/{encoded}")[1] if owner not in {"datasets", "spaces"} else None
    assert params is None or params == {"owner": owner, "name": name, "revision": revision, "path": "/".join(path)}


shapes = st.lists(
    st.lists(st.sampled_from(["a", "b", "{x}", "{y:a|b}", "{z}.git"]), min_size=1, max_size=3).filter(
        lambda parts: len({p for p in parts if "{" in p}) == len([p for p in parts if "{" in p])
    ),
    min_size=1,
    max_size=8,
    unique_by=tuple,
)


def fits(template: Sequence[str], path: Sequence[str]) -> bool:
    def one(shape: str, text: str) -> bool:
        if shape == "{y:a|b}":
            return text in {"a", "b"}
        if shape == "{z}.git":
            return text.endswith(".git") and text != ".git"
        return shape == "{x}" or shape == text

    return len(template) == len(path) and all(map(one, template, path))


@given(shapes, st.lists(st.sampled_from(["a", "b", "c", "c.git", ".git"]), min_size=1, max_size=3))
def test_a_route_is_found_exactly_when_one_fits(templates: list[list[str]], path: list[str]) -> None:
    routes = router(*("/" + "/".join(parts) for parts in templates))
    fitting = {"/" + "/".join(parts) for parts in templates if fits(parts, path)}
    try:
        found: Any = matched(routes, "/" + "/".join(path))[0]
    except RouteNotFound:
        found = None
    assert (found in fitting) if fitting else (found is None)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_match_or_a_clear_error(raw: bytes) -> None:
    with contextlib.suppress(RouteNotFound, BadRequest):
        HUB.match("GET", raw)
