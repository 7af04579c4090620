"""Whatever is sent, the answer is one of the protocol's, and never a failure of the server."""

from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gateways.mlflow.conftest import Client
from tests.system.house import all_routes

ROUTES = sorted(
    {(route.method, route.template) for route in all_routes() if route.tag == "mlflow" and not route.hidden}
)
BODIES = [
    b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"[" * 10_000, b'{"run_id": 1}', b'{"run_id": "\\u0000"}',
    b'{"run_id": "\\ud800"}', b'{"name": "\\ud800.x"}', b'{"experiment_id": "99999999999999999999"}',
    b'{"run_id": "1", "metrics": [{"key": "", "value": "x"}]}', b'{"run_id": "1", "key": "a", "value": 1e999}',
    b'{"run_id": "1", "key": "a", "value": "NaN", "step": 9999999999999999999999}',
    b'{"run_id": "1", "end_time": -9223372036854775809, "status": "FINISHED"}',
    b'{"experiment_ids": ["0"], "filter": "attributes.start_time > 1e999 AND metrics.a = 1"}',
    b'{"experiment_ids": ["0"], "max_results": 0}', b'{"experiment_ids": ["0"], "page_token": "-1"}',
    b'{"experiment_ids": ["0"], "order_by": ["metrics.`;drop`"]}', b'{"name": "a/b/c", "source": "runs:/x"}',
    b'{"name": "' + b"x" * 5000 + b'"}', b'{"name": "ada.none", "version": "-1", "alias": "\\n", "stage": "x"}',
]  # fmt: skip


def is_answer(answer: httpx.Response) -> bool:
    if answer.status_code >= 500:
        return False
    body = answer.json() if answer.status_code >= 400 else {"error_code": "", "message": ""}
    return {"error_code", "message"} <= body.keys()


@pytest.mark.parametrize(("method", "template"), ROUTES)
def test_a_hostile_body(ada: Client, nobody: Client, method: str, template: str) -> None:
    path = template.replace("{model}", "m-x").replace("{key*}", "k").replace("{path*}", "runs/99/x")
    for body in BODIES:
        for client in (ada, nobody):
            answer = client.http.request(method, path, content=body)
            assert is_answer(answer), (body, answer.status_code, answer.text)


@pytest.mark.parametrize("path", ["traces", "runs/none", "webhooks/1", "prompts/x/y"])
def test_what_is_not_offered(ada: Client, path: str) -> None:
    for root in ("/api/2.0/mlflow", "/api/3.0/mlflow"):
        for method in ("GET", "POST", "PATCH", "DELETE"):
            answer = ada.http.request(method, f"{root}/{path}")
            assert answer.json()["error_code"] == "ENDPOINT_NOT_FOUND"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["key", "value", "dataset", "name"]), inner)
    ),
    max_leaves=5,
)
names = st.sampled_from(
    ["run_id", "experiment_id", "name", "key", "value", "tags", "metrics", "params", "filter", "order_by", "source",
     "version", "status", "experiment_ids", "max_results", "models", "datasets", "start_time", "run_name"]
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(route=st.sampled_from([one for one in ROUTES if one[0] == "POST"]), body=st.dictionaries(names, values))
def test_any_body(ada: Client, route: tuple[str, str], body: dict[str, Any]) -> None:
    path = route[1].replace("{model}", "m-x")
    assert is_answer(ada.http.request(route[0], path, json=body))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=60))
def test_any_query(ada: Client, text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    for path, name in (
        ("runs/get", "run_id"),
        ("experiments/get", "experiment_id"),
        ("registered-models/get", "name"),
        ("registered-models/search", "filter"),
        ("registered-models/search", "page_token"),
        ("model-versions/search", "filter"),
        ("metrics/get-history", "max_results"),
    ):
        assert is_answer(ada.http.get(f"/api/2.0/mlflow/{path}", params={name: text}))
