"""The description a model needs to be loaded, for repositories whose makers did not write one."""

from collections.abc import Sequence

import yaml

from commonground.hub.revisions.model import Entry

NAME = "MLmodel"


def written_for(entries: Sequence[Entry]) -> bytes | None:
    """The file ``MLmodel`` for a revision with these entries at its root, if there is one sensible way to load it: one
    ONNX model. ``None`` where there is a file of that name, or no such way.
    """
    if any(entry.path == NAME for entry in entries):
        return None
    models = [entry.path for entry in entries if entry.type == "file" and entry.path.endswith(".onnx")]
    if len(models) != 1:
        return None
    loader = {"loader_module": "mlflow.onnx", "data": models[0]}
    providers = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    document = {"flavors": {"onnx": {"data": models[0], "providers": providers}, "python_function": loader}}
    return yaml.safe_dump(document, sort_keys=False).encode()
