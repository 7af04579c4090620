"""Where a request to a renamed repository goes on."""

from starlette.requests import Request


def moved_address(request: Request, repository: str) -> str:
    """Path and query of ``request`` with the id of the path replaced by ``repository`` (``owner/name``).

    For templates that begin with ``/{owner}/{name}`` or ``/{kind}/{owner}/{name}``, with ``.git`` or without.
    """
    raw = (request.scope.get("raw_path") or request.scope["path"].encode()).decode("ascii", "replace")
    segments = raw.strip("/").split("/")
    start = 1 if "kind" in request.path_params else 0
    suffix = ".git" if segments[start + 1].endswith(".git") else ""
    moved = [*segments[:start], f"{repository}{suffix}", *segments[start + 2 :]]
    query = request.scope.get("query_string", b"").decode("ascii", "replace")
    return "/" + "/".join(moved) + (f"?{query}" if query else "")
