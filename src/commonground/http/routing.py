"""Routes matched on the undecoded path, so that ``refs%2Fpr%2F1`` stays one segment.

A template is a path of segments: ``literal``, ``{name}``, ``{name:a|b}`` (one of the listed words), ``{name}.git``
(a suffix that is taken off) and, last, ``{name*}`` (one or more segments, joined by ``/`` after decoding). Literals win
over words, words over suffixed, suffixed over free segments; the search backtracks.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias
from urllib.parse import unquote_to_bytes

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from commonground.errors import BadRequest, CommongroundError, MethodNotAllowed, RouteNotFound

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]
ErrorRenderer: TypeAlias = Callable[[Request, CommongroundError], Response]
Params: TypeAlias = dict[str, str]

_PARAM = re.compile(r"\{(?P<name>\w+)(?::(?P<words>[^}*]+))?(?P<tail>\*)?\}(?P<suffix>[^/{}]*)\Z")


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One endpoint. ``summary`` is its line in the OpenAPI document; ``render_error`` gives the protocol's envelope.

    Of several routes of one method and shape the first answers whose ``when`` is true of the request; the one without
    ``when`` is asked last.

    ``body`` and ``result`` are the types of the JSON sent and answered, or ``bytes`` for plain content; ``query`` the
    names of the query parameters or a struct of them; ``errors`` what the endpoint answers beside what all do.
    """

    method: str
    template: str
    handler: Handler
    summary: str = ""
    tag: str = ""
    body: Any = None
    result: Any = None
    query: tuple[str, ...] | type[msgspec.Struct] = ()
    status: int = 200
    media_type: str = "application/json"
    errors: tuple[type[CommongroundError], ...] = ()
    render_error: ErrorRenderer | None = None
    hidden: bool = False
    when: Callable[[Request], bool] | None = None

    @property
    def params(self) -> tuple[str, ...]:
        """Names of the path parameters, in order."""
        return tuple(m["name"] for s in self.template.split("/") if (m := _PARAM.match(s)))


class _Node:
    __slots__ = ("choices", "free", "literals", "routes", "tail")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.choices: list[tuple[str, frozenset[str] | None, str, _Node]] = []  # name, words, suffix, node
        self.free: tuple[str, _Node] | None = None
        self.tail: tuple[str, _Node] | None = None
        self.routes: dict[str, list[tuple[Route, tuple[str, ...]]]] = {}


class Router:
    """A trie of routes. Matching costs a few microseconds and does not depend on the number of routes."""

    def __init__(self, routes: Iterable[Route] = ()) -> None:
        self._root = _Node()
        self.routes: list[Route] = []
        for route in routes:
            self.add(route)

    def add(self, route: Route) -> None:
        """Register a route; a malformed template, or the method and shape of another route, is a :class:`ValueError`."""
        _check(route.template)
        node, names = self._root, []
        for segment in route.template.strip("/").split("/"):
            node, name = _descend(node, segment)
            names += [name] if name else []
        rivals = node.routes.setdefault(route.method, [])
        if route.when is not None:
            rivals.insert(0, (route, tuple(names)))
        elif rivals and rivals[-1][0].when is None:
            raise ValueError(f"{route.method} {route.template} is taken by {rivals[-1][0].template}")
        else:
            rivals.append((route, tuple(names)))
        self.routes.append(route)

    def match(self, method: str, raw_path: bytes, request: Request | None = None) -> tuple[Route, Params]:
        """The route of a request and its decoded parameters. Without ``request`` no route with ``when`` answers.

        Raises :class:`RouteNotFound`, :class:`MethodNotAllowed`, or :class:`BadRequest` for a path that is not UTF-8.
        """
        segments = [_decode(part) for part in raw_path.strip(b"/").split(b"/")]
        allowed: set[str] = set()
        for node, values in _search(self._root, segments, 0, ()):
            rivals = node.routes.get(method) or (node.routes.get("GET") if method == "HEAD" else None)
            for route, names in rivals or ():
                if route.when is None or (request is not None and route.when(request)):
                    return route, dict(zip(names, values, strict=True))
            allowed.update(node.routes.keys() - {method})
        if allowed:
            allowed |= {"HEAD"} if "GET" in allowed else set()
            raise MethodNotAllowed(method=method, allowed=", ".join(sorted(allowed)))
        raise RouteNotFound(path=raw_path.decode("ascii", "replace"))


def _check(template: str) -> None:
    segments = template.strip("/").split("/")
    found = [_PARAM.match(segment) for segment in segments]
    names = [match["name"] for match in found if match]
    malformed = any(not match and set(segment) & set("{}") for segment, match in zip(segments, found, strict=True))
    tails = [match for match in found if match and match["tail"]]
    if malformed or len(names) != len(set(names)) or any(match["suffix"] or match["words"] for match in tails):
        raise ValueError(f"malformed template {template}")
    if tails and tails != found[-1:]:
        raise ValueError(f"{template}: only the last segment may be a tail")


def _descend(node: _Node, segment: str) -> tuple[_Node, str | None]:
    match = _PARAM.match(segment)
    if match is None:
        return node.literals.setdefault(segment, _Node()), None
    name = match["name"]
    if match["tail"]:
        node.tail = node.tail or (name, _Node())
        return node.tail[1], name
    words = frozenset(match["words"].split("|")) if match["words"] else None
    if words is None and not match["suffix"]:
        node.free = node.free or (name, _Node())
        return node.free[1], name
    for _, other_words, suffix, child in node.choices:
        if other_words == words and suffix == match["suffix"]:
            return child, name
    child = _Node()
    node.choices.append((name, words, match["suffix"], child))
    node.choices.sort(key=lambda choice: (choice[1] is None, -len(choice[2])))
    return child, name


def _search(
    node: _Node, segments: Sequence[str], at: int, values: tuple[str, ...]
) -> Iterator[tuple[_Node, tuple[str, ...]]]:
    if at == len(segments):
        if node.routes:
            yield node, values
        return
    segment = segments[at]
    if (child := node.literals.get(segment)) is not None:
        yield from _search(child, segments, at + 1, values)
    for _, words, suffix, child in node.choices:
        value = segment.removesuffix(suffix) if suffix else segment
        if value and (not suffix or segment.endswith(suffix)) and (words is None or value in words):
            yield from _search(child, segments, at + 1, (*values, value))
    if node.free is not None and segment:
        yield from _search(node.free[1], segments, at + 1, (*values, segment))
    if node.tail is not None:
        yield node.tail[1], (*values, "/".join(segments[at:]))


def _decode(part: bytes) -> str:
    try:
        text = (unquote_to_bytes(part) if b"%" in part else part).decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest(reason="the path is not UTF-8") from None
    if "\0" in text:  # PostgreSQL cannot even be asked for it
        raise BadRequest(reason="the path holds a NUL")
    return text
