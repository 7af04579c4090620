"""The client of MLflow, unmodified: tracking and artifacts."""

import json

from bench.server import TOKEN, USER, Server

from tests.engines.mlflow.conftest import Mlflow


def test_a_session(mlflow: Mlflow, server: Server) -> None:
    run = mlflow("""
mlflow.set_experiment("session")
with mlflow.start_run(run_name="first try", tags={"team": "red"}) as run:
    mlflow.log_param("lr", 0.1)
    mlflow.log_params({"epochs": 3, "net": "mlp"})
    for step in range(5):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.log_metrics({"accuracy": 0.9, "diverged": float("nan"), "bound": float("inf")})
    mlflow.set_tags({"kind": "test", "gone": "x"})
    mlflow.delete_tag("gone")
    mlflow.log_text("hello", "notes/hello.txt")
    mlflow.log_dict({"a": 1}, "d.json")
    mlflow.log_input(mlflow.data.from_pandas(pandas.DataFrame({"x": [1]}), name="rows"), context="training")
show(run.info.run_id)
""")
    found = mlflow(
        """
run = hub.get_run(sys.argv[1])
show({
    "name": run.info.run_name, "status": run.info.status, "user": run.info.user_id, "params": run.data.params,
    "metrics": {key: str(value) for key, value in run.data.metrics.items()}, "team": run.data.tags["team"],
    "gone": "gone" in run.data.tags, "inputs": [one.dataset.name for one in run.inputs.dataset_inputs],
    "history": [(one.step, one.value) for one in hub.get_metric_history(run.info.run_id, "loss")],
    "files": sorted(one.path for one in hub.list_artifacts(run.info.run_id)),
    "text": mlflow.artifacts.load_text(run.info.artifact_uri + "/notes/hello.txt"),
    "dict": mlflow.artifacts.load_dict(f"runs:/{run.info.run_id}/d.json"),
    "folder": sorted(os.listdir(mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path="notes"))),
})
""",
        run,
    )
    assert found == {
        "name": "first try", "status": "FINISHED", "user": USER,
        "params": {"lr": "0.1", "epochs": "3", "net": "mlp"},
        "metrics": {"loss": "0.2", "accuracy": "0.9", "diverged": "nan", "bound": "inf"},
        "team": "red", "gone": False, "inputs": ["rows"],
        "history": [[step, 1 / (step + 1)] for step in range(5)],
        "files": ["d.json", "notes"], "text": "hello", "dict": {"a": 1}, "folder": ["hello.txt"],
    }  # fmt: skip
    shown = json.loads(server.get(f"/api/cg/v1/runs/{run}"))
    assert (shown["kind"], shown["state"], shown["owner"]) == ("external", "succeeded", USER)


def test_searches_and_the_bin(mlflow: Mlflow) -> None:
    found = mlflow("""
experiment = mlflow.create_experiment("searched", tags={"about": "search"})
ids = {}
for name, loss in (("a", 0.9), ("b", 0.4), ("c", 0.1)):
    with mlflow.start_run(experiment_id=experiment, run_name=name) as run:
        mlflow.log_metric("loss", loss)
        mlflow.log_param("name", name)
    ids[name] = run.info.run_id

def names(text="", **more):
    return [one.info.run_name for one in mlflow.search_runs([experiment], text, output_format="list", **more)]

shown = {
    "best": names("metrics.loss < 0.5 AND params.name LIKE '%'", order_by=["metrics.loss DESC"]),
    "finished": sorted(names("attributes.status = 'FINISHED'")),
    "two": names(order_by=["params.name DESC"], max_results=2),
    "frame": len(mlflow.search_runs([experiment])),
}
hub.delete_run(ids["a"])
shown["left"] = sorted(names())
hub.restore_run(ids["a"])
with mlflow.start_run(run_id=ids["a"]):
    mlflow.log_metric("loss", 0.05, step=1)
shown["first"] = names(order_by=["metrics.loss"])[0]
hub.delete_experiment(experiment)
shown["deleted"] = [one.name for one in mlflow.search_experiments(
    view_type=mlflow.entities.ViewType.DELETED_ONLY, filter_string="tags.about = 'search'")]
hub.restore_experiment(experiment)
hub.rename_experiment(experiment, "searched again")
shown["renamed"] = mlflow.get_experiment_by_name("searched again").experiment_id == experiment
shown["none"] = mlflow.get_experiment_by_name("nothing of that name")
try:
    hub.get_run("99999")
except mlflow.exceptions.MlflowException as error:
    shown["code"] = error.error_code
show(shown)
""")
    assert found == {
        "best": ["b", "c"], "finished": ["a", "b", "c"], "two": ["c", "b"], "frame": 3, "left": ["b", "c"],
        "first": "a", "deleted": ["searched"], "renamed": True, "none": None, "code": "RESOURCE_DOES_NOT_EXIST",
    }  # fmt: skip


def test_signing_in(mlflow: Mlflow) -> None:
    ask = """
try:
    show(len(hub.search_experiments()) > 0)
except mlflow.exceptions.MlflowException as error:
    show(error.error_code)
"""
    assert mlflow(ask, MLFLOW_TRACKING_TOKEN="") == "UNAUTHENTICATED"
    assert mlflow(ask, MLFLOW_TRACKING_TOKEN="hf_wrong") == "UNAUTHENTICATED"
    by_name = {"MLFLOW_TRACKING_TOKEN": "", "MLFLOW_TRACKING_USERNAME": USER, "MLFLOW_TRACKING_PASSWORD": TOKEN}
    assert mlflow(ask, **by_name) is True
