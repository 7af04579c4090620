"""Who may do what where the path does not name the repository: operation x role x visibility, for every protocol.

Together with the matrix of routes that do name it this covers the whole route table: a new route fails here until
somebody says what it needs.
"""

import httpx
import pytest

from tests.system.house import (
    ABSENT,
    CALLERS,
    READ,
    SECRET,
    STRANGERS,
    TAKE,
    VISIBILITIES,
    People,
    all_routes,
    anonymised,
)
from tests.system.operations.catalogue import OPERATIONS
from tests.system.operations.model import Annex, Ask, Operation, key_of
from tests.system.test_permission_matrix import ROUTES

KAGGLE = (
    "{service:api.v1.DiagnosticsService|blobs.BlobApiService|competitions.CompetitionApiService|"
    "datasets.DatasetApiService|kernels.KernelsApiService|models.ModelApiService|security.OAuthService}"
)
MLFLOW = "/api/2.0/mlflow"
OPEN: dict[str, tuple[str, ...]] = {
    "about the server": (
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
        "GET /openapi.json",
        "GET /llms.txt",
        "GET /api/cg/v1/server",
        "GET /api/jobs/hardware",
        "GET /schemas/{name}/{version}.json",
        "GET /static/{version}/{name}",
    ),
    "for administrators": ("GET /api/cg/v1/tasks",),
    "about an account, whose existence is no secret": (
        "GET /api/users/{account}/overview",
        "GET /api/organizations/{account}/overview",
        "GET /api/organizations/{account}/members",
    ),
    "about the caller alone": (
        "GET /api/whoami-v2",
        "GET /api/settings/repositories",
        "GET /api/cg/v1/whoami",
        "GET /api/cg/v1/tokens",
        "POST /api/cg/v1/tokens",
        "DELETE /api/cg/v1/tokens/{token}",
        "POST /api/cg/v1/me/access-keys",
        "POST /api/cg/v1/runs",
        "GET /api/cg/v1/runs",
        "GET /api/cg/v1/runs/{run}",
        *(f"POST /api/cg/v1/runs/{{run}}/{what}" for what in ("cancel", "resume", "replay")),
        *(f"GET /api/cg/v1/runs/{{run}}/{what}" for what in ("logs", "metrics", "metrics/stream")),
        "GET /runs",
        "GET /runs/{run}",
        "GET /runs/{run}/log",
        *(f"POST /runs/{{run}}/{what}" for what in ("cancel", "resume", "replay")),
        "GET /runs/compare",
        *(f"{method} /runs/{form}" for method in ("GET", "POST") for form in ("new", "fine-tune")),
        "POST /api/cg/v1/schedules",
        "GET /api/cg/v1/schedules",
        "GET /api/cg/v1/schedules/{schedule}",
        "DELETE /api/cg/v1/schedules/{schedule}",
        *(f"POST /api/cg/v1/schedules/{{schedule}}/{what}" for what in ("suspend", "resume", "run")),
        "POST /api/jobs/{namespace}",
        "GET /api/jobs/{namespace}",
        "GET /api/jobs/{namespace}/{job}",
        *(f"GET /api/jobs/{{namespace}}/{{job}}/{what}" for what in ("logs", "metrics", "events")),
        *(f"POST /api/jobs/{{namespace}}/{{job}}/{what}" for what in ("cancel", "duplicate")),
        *(f"PUT /api/jobs/{{namespace}}/{{job}}/{what}" for what in ("labels", "expose")),
        "POST /api/scheduled-jobs/{namespace}",
        "GET /api/scheduled-jobs/{namespace}",
        "GET /api/scheduled-jobs/{namespace}/{schedule}",
        "DELETE /api/scheduled-jobs/{namespace}/{schedule}",
        *(
            f"POST /api/scheduled-jobs/{{namespace}}/{{schedule}}/{what}"
            for what in ("suspend", "resume", "schedule", "run")
        ),
        "PUT /api/scheduled-jobs/{namespace}/{schedule}/labels",
        *(
            f"POST {MLFLOW}/experiments/{what}"
            for what in (
                "create",
                "search",
                "update",
                "delete",
                "restore",
                "set-experiment-tag",
                "delete-experiment-tag",
            )
        ),
        *(f"GET {MLFLOW}/experiments/{what}" for what in ("get", "get-by-name", "search")),
        *(
            f"POST {MLFLOW}/runs/{what}"
            for what in (
                "create",
                "update",
                "delete",
                "restore",
                "search",
                "log-metric",
                "log-parameter",
                "log-batch",
                "set-tag",
                "delete-tag",
                "outputs",
                "log-inputs",
                "log-model",
            )
        ),
        f"GET {MLFLOW}/runs/get",
        f"GET {MLFLOW}/metrics/get-history",
        f"POST {MLFLOW}/logged-models",
        f"POST {MLFLOW}/logged-models/search",
        *(f"{method} {MLFLOW}/logged-models/{{model}}" for method in ("GET", "PATCH", "DELETE")),
        f"PATCH {MLFLOW}/logged-models/{{model}}/tags",
        f"DELETE {MLFLOW}/logged-models/{{model}}/tags/{{key*}}",
        f"POST {MLFLOW}/logged-models/{{model}}/params",
        *(f"{method} {MLFLOW}-artifacts/artifacts/{{path*}}" for method in ("PUT", "DELETE")),
        "GET /openapi/v1/users/me",
        "POST /api/v1/api.v1.DiagnosticsService/Hello",
        "GET /new",
        "GET /settings",
        "GET /settings/profile",
        "POST /settings/profile",
        "GET /settings/tokens",
        "POST /settings/tokens",
        "POST /settings/tokens/{id}/revoke",
        "GET /settings/password",
        "POST /settings/password",
    ),
    "ways in": (
        "POST /api/v1/login",
        "GET /v2",
        "GET /login",
        "POST /login",
        "POST /logout",
        "GET /join",
        "POST /join",
        "GET /join/{code}",
        "POST /join/{code}",
    ),
    "content of the caller's, not yet anywhere": (
        "POST /api/v1/blobs.BlobApiService/StartBlobUpload",
        "PUT /api/v1/blobs.BlobApiService/uploads/{upload}",
    ),
    "nothing is kept of it": ("POST /api/validate-yaml", "POST /xet/v1/telemetry"),
    "no repository has such a name, or nothing is offered": (
        "GET /{name}/{verb:resolve|raw}/{rest*}",
        *(f"{method} /v2/{{path*}}" for method in ("GET", "POST", "PUT", "PATCH", "DELETE")),
        *(
            f"{method} /api/{version}/mlflow/{{path*}}"
            for version in ("2.0", "3.0")
            for method in ("GET", "POST", "PATCH", "DELETE")
        ),
        "GET /mcp",
        "DELETE /mcp",
        f"POST /api/v1/{KAGGLE}/{{method}}",
    ),
}
"""Routes that concern no repository, by why they do not."""

NAMES_ONLY = {
    "HEAD /s3/{bucket}",
    *(f"GET /s3/{{bucket}} [S3 GetBucket{what}]" for what in ("Acl", "Location", "Versioning")),
    "GET /s3/{bucket} [S3 configurations no bucket has]",
    *(f"GET /s3/{{bucket}}/{{key*}} [S3 GetObject{what}]" for what in ("Acl", "Tagging")),
    *(f"POST /mcp {tool}" for tool in ("list_files", "list_commits", "compare {'base': 'main', 'head': 'v1'}")),
}
"""What says nothing, or no more than the names of files, which are on the page of a gated repository, too."""

CHANGING = {"date", "connection", "content-length", "location", "docker-upload-uuid", "x-request-id"}
"""Headers that are different in every answer, or depend on the name that was asked for."""


@pytest.fixture(scope="module")
def annex(people: People) -> Annex:
    return Annex(people)


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_an_operation_lets_in_who_may_and_nobody_else(annex: Annex, operation: Operation) -> None:
    wrong = []
    for caller in CALLERS:
        for visibility in VISIBILITIES:
            ask, answer = operation.ask(annex, caller, visibility)
            fits = operation.passes(ask, answer) if ask.may else operation.refuses(ask, answer)
            leaks = not ask.may and not operation.hides and SECRET in answer.content
            if not fits or leaks:
                wrong.append(f"{caller} on {visibility}: {answer.status_code} {answer.text[:300]}")
    assert not wrong


@pytest.mark.parametrize("operation", [found for found in OPERATIONS if not found.hides], ids=str)
def test_private_looks_like_absent(annex: Annex, operation: Operation) -> None:
    """Strangers get the same answer for a private repository and for one that does not exist."""
    for caller in STRANGERS:
        private, absent = (
            operation.call(Ask(annex, caller, operation.kind, name, may=False))
            for name in (annex.name(operation.kind, "private"), ABSENT)
        )
        assert (private.status_code, anonymised(private.text)) == (absent.status_code, anonymised(absent.text))
        assert _headers(private) == _headers(absent)


def _headers(answer: httpx.Response) -> dict[str, str]:
    return {name: anonymised(value) for name, value in answer.headers.items() if name not in CHANGING}


def test_every_route_says_what_it_needs() -> None:
    """A route is in the other matrix, or here, or concerns no repository; and nothing is said of routes that are gone."""
    named, operated = {key_of(route) for route in ROUTES}, {operation.route for operation in OPERATIONS}
    concern_none = {route for some in OPEN.values() for route in some}
    routes = {key_of(route) for route in all_routes()}
    assert sorted(routes - named - operated - concern_none) == []
    assert sorted((operated | concern_none) - routes) == []
    assert sorted(concern_none & (named | operated)) == []


def test_what_was_said_in_public_is_not_told_of_what_is_private_or_gone(annex: Annex) -> None:
    """Events of the time before, lists and likes follow what a repository is now."""
    for end in ("private", "deleted"):
        name = annex.create("model", "private" if end == "deleted" else "public")
        owner, place = annex.callers["owner"], f"/api/models/annex/{name}"
        owner.post(f"{place}/like").raise_for_status()
        ended = (
            owner.delete(f"/api/cg/v1/repositories/models/annex/{name}")
            if end == "deleted"
            else owner.put(f"{place}/settings", json={"visibility": "private"})
        )
        ended.raise_for_status()
        for operation in OPERATIONS:
            if operation.hides:
                for caller in STRANGERS:
                    ask = Ask(annex, caller, "model", name, may=False)
                    assert operation.refuses(ask, operation.call(ask)), f"{operation} tells {caller} of what is {end}"


@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_files_of_a_gated_repository_are_for_those_who_were_let_in(annex: Annex, kind: str) -> None:
    name = annex.furnished(kind, "public")
    gated = annex.callers["owner"].put(f"/api/{kind}s/annex/{name}/settings", json={"gated": "manual"})
    gated.raise_for_status()
    wrong = []
    for operation in OPERATIONS:
        if operation.kind == kind and operation.need in {READ, TAKE}:
            for caller in STRANGERS:
                ask = Ask(annex, caller, kind, name, may=False)
                answer = operation.call(ask)
                if not (operation.refuses(ask, answer) or answer.status_code == 501 or str(operation) in NAMES_ONLY):
                    wrong.append(f"{operation} for {caller}: {answer.status_code} {answer.text[:200]}")
                assert SECRET not in answer.content
    assert not wrong


def test_strangers_are_not_told_how_much_an_organisation_keeps_in_private(annex: Annex) -> None:
    shown = annex.callers["stranger"].get("/api/organizations/annex/settings/repositories").json()
    assert sum(item["storagePercent"] for item in shown) == pytest.approx(100)
    known = annex.callers["reader"].get("/api/organizations/annex/settings/repositories").json()
    assert len(known) > len(shown)
    assert sum(item["storagePercent"] for item in known) == pytest.approx(100)
