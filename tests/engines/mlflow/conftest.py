"""Scripts of the client: each a process of its own, signed in with the write token."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from bench.server import TOKEN, Server

from tests.engines.conftest import Script

START = """
import json, logging, os, sys, warnings
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
import mlflow, pandas
from mlflow import MlflowClient
hub = MlflowClient()


class Times(mlflow.pyfunc.PythonModel):
    def __init__(self, factor):
        self.factor = factor

    def predict(self, context, model_input, params=None):
        return model_input * self.factor


def save(factor, name):
    return mlflow.pyfunc.log_model(
        name="model", python_model=Times(factor), registered_model_name=name, pip_requirements=[]
    )


def load(uri):
    return mlflow.pyfunc.load_model(uri).predict(pandas.DataFrame({"x": [1, 2]})).values.tolist()


def show(value):
    print("> " + json.dumps(value))


"""

Mlflow = Callable[..., Any]


@pytest.fixture(scope="session")
def mlflow(server: Server, client: Script) -> Mlflow:
    """``mlflow(code)``: what the code shows last."""
    environment = {
        "MLFLOW_TRACKING_URI": server.url,
        "MLFLOW_TRACKING_TOKEN": TOKEN,
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "GIT_PYTHON_REFRESH": "quiet",
        "TQDM_DISABLE": "1",
    }

    def run(code: str, *arguments: str, **extra: str) -> Any:
        lines = client(START + code, *arguments, **environment | extra).splitlines()
        return json.loads([line[2:] for line in lines if line.startswith("> ")][-1])

    return run
