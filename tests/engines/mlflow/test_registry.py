"""The client of MLflow, unmodified: models saved by it are repositories, repositories are models to it."""

import json

from bench.server import USER, Server

from tests.engines.conftest import Script
from tests.engines.mlflow.conftest import Mlflow


def test_a_model_is_logged_registered_and_loaded(mlflow: Mlflow, server: Server, client: Script) -> None:
    name = f"{USER}.tiny"
    logged = mlflow(
        """
with mlflow.start_run() as run:
    first = save(2, sys.argv[1])
    second = save(3, sys.argv[1])
show([run.info.run_id, first.model_uri, first.registered_model_version, second.registered_model_version])
""",
        name,
    )
    run, uri, *versions = logged
    assert [str(version) for version in versions] == ["1", "2"]
    found = mlflow(
        """
name, run, uri = sys.argv[1:]
hub.set_registered_model_alias(name, "champion", 1)
hub.set_model_version_tag(name, 1, "checked", "yes")
hub.update_model_version(name, 1, "doubles")
version = hub.get_model_version_by_alias(name, "champion")
uris = [f"models:/{name}@champion", f"models:/{name}/2", f"models:/{name}/latest", uri]
shown = {
    "loaded": [load(one) for one in uris], "run": version.run_id, "tags": version.tags, "about": version.description,
    "aliases": hub.get_registered_model(name).aliases,
    "found": [one.version for one in hub.search_model_versions(f"name='{name}'")],
    "models": name in [one.name for one in hub.search_registered_models()],
    "of run": [one.name for one in hub.search_model_versions(f"run_id='{run}'")],
}
copied = hub.copy_model_version(f"models:/{name}/1", name + "-copy")
shown["copied"] = load(f"models:/{copied.name}/{copied.version}")
hub.delete_registered_model_alias(name, "champion")
show(shown)
""",
        name,
        run,
        uri,
    )
    twice, thrice = [[2], [4]], [[3], [6]]
    assert found == {
        "loaded": [twice, thrice, thrice, twice], "run": run, "tags": {"checked": "yes"}, "about": "doubles",
        "aliases": {"champion": "1"}, "found": ["2", "1"], "models": True, "of run": [name, name], "copied": twice,
    }  # fmt: skip
    listed = client("import huggingface_hub as h, sys; print(sorted(h.list_repo_files(sys.argv[1])))", f"{USER}/tiny")
    assert "MLmodel" in listed
    assert "python_model.pkl" in listed
    lineage = json.loads(server.get(f"/api/cg/v1/repositories/models/{USER}/tiny/lineage"))
    assert f"run:{run}" in [node["id"] for node in lineage["nodes"]]


def test_what_another_client_pushed_is_a_version(mlflow: Mlflow, client: Script) -> None:
    mlflow("save(5, sys.argv[1])\nshow(1)", f"{USER}.five")
    client(
        """
import huggingface_hub as h, sys
api = h.HfApi()
folder = h.snapshot_download(sys.argv[1])
api.create_repo(sys.argv[2])
api.upload_folder(repo_id=sys.argv[2], folder_path=folder)
api.create_tag(sys.argv[2], tag="good")
""",
        f"{USER}/five",
        f"{USER}/pushed",
    )
    assert mlflow("show(load(sys.argv[1]))", f"models:/{USER}.pushed/1") == [[5], [10]]
    assert mlflow("show(load(sys.argv[1]))", f"models:/{USER}.pushed@good") == [[5], [10]]


def test_a_bare_onnx_model_is_loaded(mlflow: Mlflow, client: Script) -> None:
    client(
        """
import huggingface_hub as h, onnx, sys
from onnx import TensorProto, helper
x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 2]) for name in "xy")
graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "twice", [x], [y])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
api = h.HfApi()
api.create_repo(sys.argv[1])
api.upload_file(repo_id=sys.argv[1], path_or_fileobj=model.SerializeToString(), path_in_repo="twice.onnx")
""",
        f"{USER}/bare",
    )
    found = mlflow(
        """
import numpy
model = mlflow.pyfunc.load_model(sys.argv[1])
show({name: value.tolist() for name, value in model.predict(numpy.array([[1, 2]], numpy.float32)).items()})
""",
        f"models:/{USER}.bare/latest",
    )
    assert found == {"y": [[2.0, 4.0]]}
