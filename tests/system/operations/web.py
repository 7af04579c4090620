"""Pages that list repositories, or make one."""

import httpx

from tests.system.house import CREATE, METADATA
from tests.system.operations.model import Ask, Operation, answers, listing


def page(_ask: Ask, answer: httpx.Response) -> bool:
    """A page that says no, or the way to the login."""
    if answer.status_code == 303:
        return answer.headers["Location"].startswith("/login")
    return answer.status_code in {401, 403, 404} and answer.headers["Content-Type"].startswith("text/html")


def operations() -> list[Operation]:
    """All of them."""
    return [
        listing("GET /", METADATA, "/", shown=False),
        listing("GET /search", METADATA, "/search?q={name}"),
        listing("GET /search", METADATA, "/search?q={name}", kind="dataset"),
        listing("GET /search/suggestions", METADATA, "/search/suggestions?q={name}"),
        listing("GET /models", METADATA, "/models?search={name}"),
        listing("GET /datasets", METADATA, "/datasets?search={name}", kind="dataset"),
        listing("GET /spaces", METADATA, "/spaces?search={name}", shown=False),
        listing("GET /kernels", METADATA, "/kernels?search={name}", shown=False),
        listing("GET /{owner}", METADATA, "/annex"),
        listing("GET /{owner}", METADATA, "/annex", kind="dataset", title="/annex of data sets", shown=False),
        listing("GET /{owner}", METADATA, "/m-owner", title="/m-owner", shown=False),
        Operation(route="POST /new", need=CREATE, call=_create, passes=answers(409), refuses=page),
    ]


def _create(ask: Ask) -> httpx.Response:
    form = {"kind": "model", "owner": "annex", "name": ask.name, "visibility": "private"}
    return ask.send("POST", "/new", data=form)
