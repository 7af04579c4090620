"""What to paste: a model to be loaded."""

from commonground.gateways.mlflow.mlmodel import NAME
from commonground.gateways.mlflow.names import shown_name
from commonground.http.gateway import Snippet, Use


def snippets(use: Use) -> list[Snippet]:
    """For models that MLflow can load: those that say how, and single ONNX models."""
    onnx = sum(path.endswith(".onnx") for path in use.paths) == 1
    if use.repository.kind != "model" or not (NAME in use.paths or onnx):
        return []
    code = (
        f'import mlflow\n\nmlflow.set_tracking_uri("{use.origin}")\n'
        f'model = mlflow.pyfunc.load_model("models:/{shown_name(use.repository)}/latest")\n'
    )
    return [Snippet("MLflow", "python", code)]
