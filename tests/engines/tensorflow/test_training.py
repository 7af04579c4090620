"""Training with TensorFlow as runs: Keras programs as NumPy's, and scripts for its own parameter servers unchanged."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from bench.server import TOKEN, USER

from commonground.sdk.hub import Hub
from tests.engines.conftest import HOME, Script
from tests.engines.training.conftest import TrainingServer, finished

PROGRAM = """
import os
import numpy as np
from commonground.training.adapters.numpy import NumpyProgram

random = np.random.default_rng(7)
X, Y = random.normal(size=(44, 6)).astype(np.float32), random.normal(size=(44, 1)).astype(np.float32)
SHAPES = ((6, 5), (5,), (5, 1), (1,))
START = [(random.normal(size=shape) / 3).astype(np.float32) for shape in SHAPES]


def numpy_program(context):
    def loss(w, batch):
        hidden = np.tanh(batch["x"] @ w["0"] + w["1"])
        error = hidden @ w["2"] + w["3"] - batch["y"]
        out = 2 * error / len(error)
        inner = out @ w["2"].T * (1 - hidden**2)
        return float((error**2).mean()), {"0": batch["x"].T @ inner, "1": inner.sum(0), "2": hidden.T @ out, "3": out.sum(0)}

    return NumpyProgram({str(number): value for number, value in enumerate(START)}, loss, {"x": X, "y": Y})


def keras_program(context):
    import keras
    from commonground.training.adapters.keras import KerasProgram

    model = keras.Sequential([keras.layers.Input((6,)), keras.layers.Dense(5, "tanh"), keras.layers.Dense(1)])
    model.set_weights(START)

    def loss(model, batch):
        return keras.ops.mean((model(batch["x"]) - batch["y"]) ** 2)

    def error(model):
        return {"error": float(((np.asarray(model(X)) - Y) ** 2).mean())}

    return KerasProgram(model, loss, {"x": X, "y": Y}, evaluate=error)
"""

STEPS = (
    PROGRAM
    + """
import json, sys, tempfile, pathlib
from types import SimpleNamespace
from commonground.training.sampler import Sampler

found = {}
for name in ("numpy_program", "keras_program"):
    program, sampler = globals()[name](None), Sampler(rows=44, batch=8, seed=1)
    out = np.zeros_like(program.parameters)
    for step in range(3 * sampler.steps):
        program.gradient(program.data.read(sampler.part(step, 0)), out)
        program.parameters -= np.float32(0.1) * out
    found[name] = program.parameters.tolist()

import keras
folder = pathlib.Path(tempfile.mkdtemp())
error = program.evaluate()["error"]
program.save(folder)
again = keras.models.load_model(folder / "model.keras")
assert abs(float(((np.asarray(again(X)) - Y) ** 2).mean()) - error) < 1e-6

dropped = keras.Sequential([keras.layers.Input((6,)), keras.layers.Dense(50), keras.layers.Dropout(0.5), keras.layers.Dense(1)])
from commonground.training.adapters.keras import KerasProgram
drawing = KerasProgram(dropped, lambda model, batch: keras.ops.mean(model(batch["x"], training=True) ** 2), {"x": X})
def drawn(step):
    drawing.seed(3, step, 0)
    return drawing.gradient({"x": X}, np.zeros_like(drawing.parameters))
assert drawn(1) == drawn(1) != drawn(2)
print(json.dumps(found))
"""
)

PARAMETER_SERVERS = """
import json, os
import tensorflow as tf

resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
if resolver.task_type in ("worker", "ps"):
    server = tf.distribute.Server(resolver.cluster_spec(), job_name=resolver.task_type, task_index=resolver.task_id, protocol="grpc")
    server.join()
else:
    strategy = tf.distribute.ParameterServerStrategy(resolver)
    coordinator = tf.distribute.coordinator.ClusterCoordinator(strategy)
    with strategy.scope():
        w = tf.Variable(tf.ones(10))

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(w**2)
        w.assign_sub(0.1 * tape.gradient(loss, w))

    for _ in range(10):
        coordinator.schedule(step)
        coordinator.join()
    with open(os.path.join(os.environ["CG_OUTPUT_MODEL"], "w.json"), "w") as file:
        json.dump(w.numpy().tolist(), file)
"""


@pytest.fixture(scope="module")
def lab() -> Iterator[Hub]:
    server = TrainingServer(python=str(HOME / "venv" / "bin" / "python"))
    with server, Hub(server.url, TOKEN) as hub:
        yield hub


def executed(lab: Hub, code: str, **specification: Any) -> str:
    """The repository that a run of the module ``train`` filled."""
    output = f"{USER}/trained-{len(list(lab.list_runs()))}"
    lab.create_repository(output)
    lab.create_repository(f"{output}-code")
    lab.upload_file(f"{output}-code/train.py", code.encode())
    edges = {"inputs": {"code": f"hub://{output}-code"}, "outputs": {"model": f"hub://{output}"}}
    run = lab.submit_run({**edges, "seed": 3, "fault": {"max_restarts": 0, "timeout": "200s"}, **specification})
    finished(lab, run.id)
    return output


def test_a_keras_program_takes_the_steps_of_numpy(client: Script) -> None:
    found = json.loads(client(STEPS, KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="3").splitlines()[-1])
    np.testing.assert_allclose(found["keras_program"], found["numpy_program"], atol=1e-6)


def test_a_keras_program_is_trained_as_a_run(lab: Hub) -> None:
    more = {
        "kind": "ps-sync",
        "resources": {"workers": 2, "servers": 1, "cpus": 0.5},
        "options": {"epochs": 1, "batch": 8},
    }
    output = executed(lab, PROGRAM, entry="train:keras_program", **more)
    assert {entry.path for entry in lab.list_tree(output)} >= {"model.keras"}


def test_a_script_for_parameter_servers_of_tensorflow_runs_unchanged(lab: Hub) -> None:
    output = executed(
        lab,
        PARAMETER_SERVERS,
        run="python $CG_INPUT_CODE/train.py",
        resources={"workers": 2, "servers": 1, "cpus": 0.5},
        options={"ends_with": "chief"},
        environment={"TF_CPP_MIN_LOG_LEVEL": "2"},
    )
    np.testing.assert_allclose(json.loads(lab.read_file(f"{output}/w.json")), [0.98**10] * 10, atol=1e-6)
