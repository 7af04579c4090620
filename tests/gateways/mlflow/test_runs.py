"""Runs, as the protocol reports and finds them."""

from typing import Any

import pytest

from commonground.accounts.model import Principal
from commonground.compute.runs.model import Run
from commonground.services import Services
from tests.gateways.git.server import TOKENS, Hub, principal_of
from tests.gateways.mlflow.conftest import Client


def numbers(found: Any) -> dict[str, Any]:
    return {one["key"]: one["value"] for one in found["run"]["data"]["metrics"]}


def searched(client: Client, text: str = "", experiment: str = "0", **more: Any) -> list[str]:
    found = client.ask("POST runs/search", experiment_ids=[experiment], filter=text, **more)
    return [one["info"]["run_id"] for one in found.get("runs", [])]


@pytest.fixture
def experiment(ada: Client, request: pytest.FixtureRequest) -> str:
    return str(ada.ask("POST experiments/create", name=request.node.name)["experiment_id"])


def test_a_run_is_one_of_the_hubs(hub: Hub, ada: Client, experiment: str) -> None:
    run = ada.begin(experiment, run_name="my run!", start_time=1_700_000_000_000)
    shown = ada.http.get(f"/api/cg/v1/runs/{run}").json()
    assert (shown["kind"], shown["state"], shown["name"], shown["owner"]) == ("external", "running", "my-run", "ada")
    ended = ada.ask("POST runs/update", run_id=run, status="FINISHED", end_time=1_700_000_060_000)["run_info"]
    assert (ended["status"], ended["run_name"], ended["end_time"]) == ("FINISHED", "my run!", 1_700_000_060_000)
    assert ada.http.get(f"/api/cg/v1/runs/{run}").json()["state"] == "succeeded"
    ada.ask("POST runs/log-metric", run_id=run, key="loss", value=0.25, timestamp=5, step=2)
    assert [point["value"] for point in ada.http.get(f"/api/cg/v1/runs/{run}/metrics").json()["items"]] == [0.25]
    assert "my-run" in ada.http.get(f"/runs/{run}").raise_for_status().text


def test_a_run_that_is_executed_here_is_seen_beside_them(hub: Hub, ada: Client) -> None:
    async def submit(services: Services) -> Run:
        spec = {"name": "own", "run": "true", "options": {"lr": 0.1, "net": {"depth": 3}}}
        return await services.runs.submit(await principal_of(services, "ada"), spec)

    run = str(hub.run(submit).id)
    assert run in searched(ada, "params.lr = '0.1' AND params.net.depth = '3'")
    assert ada.ask("GET runs/get", run_id=run)["run"]["info"]["run_name"] == "own"
    ada.ask("POST runs/set-tag", run_id=run, key="good", value="yes")
    assert run in searched(ada, "tags.good = 'yes'")
    assert ada.refused("POST runs/log-metric", run_id=run, key="x", value=1.0) == "INVALID_STATE"
    assert ada.refused("POST runs/update", run_id=run, status="KILLED") == "INVALID_STATE"


def test_values_that_are_not_finite_are_kept(ada: Client) -> None:
    run = ada.begin()
    metrics = [
        {"key": "gone", "value": "NaN", "step": 1}, {"key": "up", "value": "Infinity"}, {"key": "down", "value": "-Infinity"},
        {"key": "back", "value": "NaN", "step": 1}, {"key": "back", "value": 1.5, "step": "2"},
    ]  # fmt: skip
    ada.ask("POST runs/log-batch", run_id=run, metrics=metrics)
    expected = {"gone": "NaN", "up": "Infinity", "down": "-Infinity", "back": 1.5}
    assert numbers(ada.ask("GET runs/get", run_id=run)) == expected
    history = ada.ask("GET metrics/get-history", run_id=run, metric_key="back")["metrics"]
    assert [one["value"] for one in history] == ["NaN", 1.5]


def test_what_is_said_again_for_a_model_counts_once(ada: Client) -> None:
    run = ada.begin()
    said = {"run_id": run, "key": "loss", "value": 0.5, "timestamp": 7, "step": 1}
    ada.ask("POST runs/log-metric", **said)
    ada.ask("POST runs/log-metric", **said, model_id="m-1")
    assert len(ada.ask("GET metrics/get-history", run_id=run, metric_key="loss")["metrics"]) == 1


def test_a_history_has_pages(ada: Client) -> None:
    run = ada.begin()
    ada.ask("POST runs/log-batch", run_id=run, metrics=[{"key": "a", "value": step, "step": step} for step in range(5)])
    asked = {"run_id": run, "metric_key": "a", "max_results": 2}
    first = ada.ask("GET metrics/get-history", **asked)
    second = ada.ask("GET metrics/get-history", **asked, page_token=first["next_page_token"])
    last = ada.ask("GET metrics/get-history", **asked, page_token=second["next_page_token"])
    steps = [one["step"] for page in (first, second, last) for one in page["metrics"]]
    assert steps == [0, 1, 2, 3, 4]
    assert "next_page_token" not in last
    assert ada.refused("GET metrics/get-history", **asked, page_token="x") == "INVALID_PARAMETER_VALUE"


def test_a_parameter_never_changes(ada: Client) -> None:
    run = ada.begin()
    for _ in range(2):
        ada.ask("POST runs/log-parameter", run_id=run, key="lr", value="0.1")
    assert ada.refused("POST runs/log-parameter", run_id=run, key="lr", value="0.2") == "INVALID_PARAMETER_VALUE"
    batch = {"params": [{"key": "lr", "value": "0.3"}], "tags": [{"key": "t", "value": "v"}]}
    assert ada.refused("POST runs/log-batch", run_id=run, **batch) == "INVALID_PARAMETER_VALUE"
    data = ada.ask("GET runs/get", run_id=run)["run"]["data"]
    assert data["params"] == [{"key": "lr", "value": "0.1"}]
    assert "t" not in {one["key"] for one in data["tags"]}


@pytest.fixture
def several(ada: Client, experiment: str) -> dict[str, str]:
    found = {}
    for name, loss, team in (("one", 0.9, "Red"), ("two", 0.4, "red"), ("three", 0.1, "blue")):
        run = found[name] = ada.begin(experiment, run_name=name)
        metrics = [{"key": "loss", "value": 5.0, "step": 0}, {"key": "loss", "value": loss, "step": 1}]
        params, tags = [{"key": "n", "value": name}], [{"key": "team", "value": team}]
        ada.ask("POST runs/log-batch", run_id=run, metrics=metrics, params=params, tags=tags)
    ada.ask("POST runs/update", run_id=found["one"], status="FAILED")
    return found


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("metrics.loss < 0.5", {"two", "three"}),
        ("metrics.loss < 0.5 AND tags.team = 'blue'", {"three"}),
        ("metrics.none > 0", set()),
        ("params.n != 'one'", {"two", "three"}),
        ("tags.team LIKE 'r%'", {"two"}),
        ("tags.team ILIKE 'r_d'", {"one", "two"}),
        ("tags.other IS NULL", {"one", "two", "three"}),
        ("status = 'FAILED'", {"one"}),
        ("attributes.status != 'FAILED'", {"two", "three"}),
        ("run_name = 'two'", {"two"}),
        ("user_id = 'ada' AND start_time > 0", {"one", "two", "three"}),
        ("end_time > 0", {"one"}),
    ],
)
def test_a_search(ada: Client, experiment: str, several: dict[str, str], text: str, names: set[str]) -> None:
    assert set(searched(ada, text, experiment)) == {several[name] for name in names}


def test_a_search_by_ids_in_order_by_pages(ada: Client, experiment: str, several: dict[str, str]) -> None:
    text = f"run_id IN ('{several['one']}', '{several['three']}')"
    order = ["metrics.loss ASC"]
    assert searched(ada, text, experiment, order_by=order) == [several["three"], several["one"]]
    assert searched(ada, "", experiment) == [several["three"], several["two"], several["one"]]
    asked = {"experiment_ids": [experiment], "order_by": ["params.n DESC"], "max_results": 2}
    first = ada.ask("POST runs/search", **asked)
    last = ada.ask("POST runs/search", **asked, page_token=first["next_page_token"])
    shown = [one["info"]["run_name"] for page in (first, last) for one in page["runs"]]
    assert shown == ["two", "three", "one"]
    assert "next_page_token" not in last
    for wrong in ("metrics.loss = 'x'", "params.n = 3", "start_time LIKE 'x'", "attributes.colour = 'x'"):
        assert ada.refused("POST runs/search", experiment_ids=[experiment], filter=wrong) == "INVALID_PARAMETER_VALUE"


def test_the_bin(ada: Client, experiment: str) -> None:
    run = ada.begin(experiment)
    ada.ask("POST runs/delete", run_id=run)
    assert searched(ada, "", experiment) == []
    assert searched(ada, "", experiment, run_view_type="DELETED_ONLY") == [run]
    assert ada.refused("POST runs/log-metric", run_id=run, key="a", value=1) == "INVALID_STATE"
    ada.ask("POST runs/restore", run_id=run)
    assert searched(ada, "", experiment, run_view_type="ALL") == searched(ada, "", experiment) == [run]


def test_experiments(ada: Client, eve: Client) -> None:
    made = ada.ask("POST experiments/create", name="mine", tags=[{"key": "a", "value": "b"}])["experiment_id"]
    assert ada.refused("POST experiments/create", name="mine") == "RESOURCE_ALREADY_EXISTS"
    eve.ask("POST experiments/create", name="mine")
    assert ada.ask("GET experiments/get-by-name", experiment_name="mine")["experiment"]["experiment_id"] == made
    ada.ask("POST experiments/set-experiment-tag", experiment_id=made, key="c", value="d")
    ada.ask("POST experiments/delete-experiment-tag", experiment_id=made, key="a")
    ada.ask("POST experiments/update", experiment_id=made, new_name="renamed")
    found = ada.ask("POST experiments/search", filter="name LIKE 'ren%' AND tags.c = 'd'")["experiments"]
    assert [one["experiment_id"] for one in found] == [made]
    ada.ask("POST experiments/delete", experiment_id=made)
    assert ada.refused("POST runs/create", experiment_id=made) == "INVALID_PARAMETER_VALUE"
    assert ada.ask("GET experiments/get", experiment_id=made)["experiment"]["lifecycle_stage"] == "deleted"
    ada.ask("POST experiments/restore", experiment_id=made)
    ada.begin(made)
    assert ada.ask("GET experiments/get-by-name", experiment_name="Default")["experiment"]["experiment_id"] == "0"
    assert ada.refused("POST experiments/delete", experiment_id="0") == "INVALID_PARAMETER_VALUE"


def test_data_sets_and_models_of_a_run(ada: Client) -> None:
    run = ada.begin()
    dataset = {"name": "digits", "digest": "abc", "source_type": "hub", "source": "{}"}
    for _ in range(2):
        ada.ask("POST runs/log-inputs", run_id=run, datasets=[{"dataset": dataset, "tags": []}])
    made = ada.ask("POST logged-models", experiment_id="0", name="net", source_run_id=run)["model"]["info"]["model_id"]
    ada.ask("POST runs/outputs", run_id=run, models=[{"model_id": made, "step": 3}])
    found = ada.ask("GET runs/get", run_id=run)["run"]
    assert [one["dataset"]["name"] for one in found["inputs"]["dataset_inputs"]] == ["digits"]
    assert found["outputs"]["model_outputs"] == [{"model_id": made, "step": 3}]
    ada.ask(f"PATCH logged-models/{made}", status="LOGGED_MODEL_READY")
    ada.ask(f"PATCH logged-models/{made}/tags", tags=[{"key": "a/b", "value": "c"}])
    ada.ask(f"POST logged-models/{made}/params", params=[{"key": "k", "value": "v"}])
    text = f"name = 'net' AND source_run_id = '{run}' AND tags.`a/b` = 'c' AND params.k = 'v' AND status = 'READY'"
    found = ada.ask("POST logged-models/search", experiment_ids=["0"], filter=text)["models"]
    assert [one["info"]["model_id"] for one in found] == [made]
    ada.ask(f"DELETE logged-models/{made}/tags/a%2Fb")
    ada.ask(f"DELETE logged-models/{made}")
    assert ada.refused(f"GET logged-models/{made}") == "RESOURCE_DOES_NOT_EXIST"
    assert ada.ask(f"GET logged-models/{made}", allow_deleted=True)["model"]["info"]["tags"] == []


def test_others_see_nothing(hub: Hub, ada: Client, eve: Client, nobody: Client) -> None:
    run = ada.begin()
    made = ada.ask("POST experiments/create", name="secret")["experiment_id"]
    model = ada.ask("POST logged-models", experiment_id="0")["model"]["info"]["model_id"]
    calls: list[tuple[str, dict[str, Any]]] = [
        ("GET runs/get", {"run_id": run}),
        ("POST runs/log-metric", {"run_id": run, "key": "a", "value": 1}),
        ("POST runs/set-tag", {"run_id": run, "key": "a", "value": "b"}),
        ("POST runs/delete", {"run_id": run}),
        ("GET metrics/get-history", {"run_id": run, "metric_key": "a"}),
        ("GET experiments/get", {"experiment_id": made}),
        ("POST runs/create", {"experiment_id": made}),
        (f"GET logged-models/{model}", {}),
        (f"DELETE logged-models/{model}", {}),
    ]
    for route, values in calls:
        assert eve.refused(route, **values) == "RESOURCE_DOES_NOT_EXIST", route
        assert nobody.refused(route, **values) == "UNAUTHENTICATED", route
    assert run not in searched(eve)
    administrator = hub.run(lambda services: principal_of(services, "eve"))
    everything = Principal(account_id=administrator.account_id, name="eve", via="internal", is_admin=True)

    async def look(services: Services) -> str:
        return (await services.tracking.runs.find(everything, int(run))).owner

    assert hub.run(look) == "ada"


def test_a_token_that_only_reads(hub: Hub, ada: Client) -> None:
    run = ada.begin()

    async def token(services: Services) -> str:
        account = await services.accounts.find("ada")
        return await services.accounts.create_token(account.id, name="reads", role="read")

    with hub.client(None) as http:
        http.headers["Authorization"] = f"Bearer {hub.run(token)}"
        reads = Client(http)
        assert reads.ask("GET runs/get", run_id=run)
        assert reads.refused("POST runs/create", experiment_id="0") == "PERMISSION_DENIED"
        assert reads.refused("POST runs/set-tag", run_id=run, key="a", value="b") == "PERMISSION_DENIED"
        assert reads.put(f"runs/{run}/a", b"x").status_code == 403


def test_a_name_and_a_password_or_a_token(hub: Hub) -> None:
    async def join(services: Services) -> None:
        await services.accounts.create_user("grace", password="correct horse battery")

    hub.run(join)
    for name, secret in (("grace", "correct horse battery"), ("ada", TOKENS["ada"])):
        with hub.client(None) as http:
            http.auth = (name, secret)
            assert Client(http).ask("GET experiments/get", experiment_id="0")
