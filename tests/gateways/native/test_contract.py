"""The running server keeps to its OpenAPI document, whatever it is sent: no 500, only documented statuses and shapes."""

from collections.abc import Iterator
from typing import Any, cast

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from commonground.gateways.native.wire import API
from tests.sdk.live import TOKENS, running

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
ALICE = {"Authorization": f"Bearer {TOKENS['alice']}"}
ROOT = {"Authorization": f"Bearer {TOKENS['root']}"}
KNOWN = {"kind": "models", "owner": "alice", "name": "bert", "revision": "main", "branch": "main", "path": "a/b.txt"}

bounded = settings(
    max_examples=20, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("contract")) as found:
        yield found


@pytest.fixture(scope="module")
def document(address: str) -> schemathesis.BaseSchema:
    found = schemathesis.openapi.from_url(f"{address}/openapi.json")
    return found.include(path_regex=f"^{API}/")


def prepare(address: str) -> None:
    """Most cases are sent to a repository that is there, with a file in it."""
    made = httpx.post(f"{address}{API}/repositories", json={"owner": "alice", "name": "bert"}, headers=ALICE)
    if made.status_code == 201:
        httpx.put(f"{address}{API}/repositories/models/alice/bert/files/main/a/b.txt", content=b"b", headers=ALICE)


def aim(case: Any, address: str) -> None:
    """Every second case names what exists; no case waits for events."""
    if case.operation.path.endswith("/events"):
        case.query["follow"] = "false"
    known = {name: KNOWN[name] for name in case.path_parameters if name in KNOWN}
    if known and sum(map(ord, str(case.path_parameters) + str(case.body)[:100])) % 2:
        case.path_parameters.update(known)
        prepare(address)


def headers_of(case: Any) -> dict[str, str]:
    """Tasks are for administrators; everything else is the business of a plain user."""
    return ROOT if case.operation.path.endswith("/tasks") else ALICE


def test_the_document_of_the_whole_server_is_valid(address: str) -> None:
    OpenAPIV31SpecValidator(httpx.get(f"{address}/openapi.json").json()).validate()


@pytest.mark.parametrize("signed_in", [False, True], ids=["anonymous", "signed in"])
def test_no_request_breaks_the_contract(
    document: schemathesis.BaseSchema, address: str, subtests: pytest.Subtests, signed_in: bool
) -> None:
    def check(case: Any) -> None:
        aim(case, address)
        case.call_and_validate(headers=headers_of(case) if signed_in else {}, checks=CHECKS)

    operations: list[Any] = [found.ok() for found in cast("Any", document).get_all_operations()]
    for operation in operations:
        with subtests.test(operation=operation.label):
            bounded(given(case=operation.as_strategy())(check))()
