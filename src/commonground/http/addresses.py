"""Addresses an answer leads to: the next page of a list, the new place of a renamed repository."""

from urllib.parse import parse_qsl, quote, unquote, urlencode

from starlette.requests import Request

from commonground.errors import RepositoryMoved


def raw_path(request: Request) -> str:
    """The path as it was sent: ``%2F`` stays ``%2F``."""
    raw: bytes = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
    return raw.decode("ascii", "replace")


def next_link(request: Request, cursor: str | None, origin: str = "") -> dict[str, str]:
    """The header ``Link`` to the same list behind ``cursor``; nothing on the last page."""
    if cursor is None:
        return {}
    query = [pair for pair in parse_qsl(request.scope["query_string"].decode("latin-1")) if pair[0] != "cursor"]
    return {"Link": f'<{origin}{raw_path(request)}?{urlencode([*query, ("cursor", cursor)])}>; rel="next"'}


def moved_location(request: Request, error: RepositoryMoved) -> dict[str, str]:
    """The header ``Location``, relative, to the same place below the repository's new id; nothing where the path does
    not name the repository.
    """
    segments = raw_path(request).split("/")
    owner, name = request.path_params.get("owner", ""), request.path_params.get("name", "")
    names = [unquote(segment) for segment in segments]
    for at in range(len(names) - 1):
        if names[at] == owner and names[at + 1] in {name, f"{name}.git"}:
            suffix = ".git" if names[at + 1] != name else ""
            segments[at : at + 2] = [f"{error.details['repository']}{suffix}"]
            query = request.scope.get("query_string", b"").decode("ascii", "replace")
            return {"Location": "/".join(segments) + (f"?{query}" if query else "")}
    return {}
