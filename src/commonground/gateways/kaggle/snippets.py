"""What to paste: ``kagglehub`` knows the address of no hub but through a proxy variable or the forwarder."""

from commonground.gateways.kaggle.handles import DEFAULT
from commonground.http.gateway import Snippet, Use
from commonground.hub.versions import HOUSEKEEPING

_FRAMEWORKS = {"keras": "keras", "keras-hub": "keras", "transformers": "transformers", "gguf": "gguf", "onnx": "onnx"}


def snippets(use: Use) -> list[Snippet]:
    """How to download a model or a data set; nothing for other kinds, and where there is nothing to download."""
    name = use.repository.full_name
    if use.paths <= HOUSEKEEPING:
        return []
    if use.repository.kind == "model":
        framework = _FRAMEWORKS.get(use.repository.library_name or "", "other")
        code = f'folder = kagglehub.model_download("{name}/{framework}/{DEFAULT}")'
    elif use.repository.kind == "dataset":
        code = f'folder = kagglehub.dataset_download("{name}")'
    else:
        return []
    return [Snippet("kagglehub", "python", f"import os\n\n{_way(use.origin)}\nimport kagglehub\n\n{code}\n")]


def _way(origin: str) -> str:
    """How the client, which calls localhost, gets here."""
    if origin.startswith("https:"):
        return f'os.environ["KAGGLE_API_ENVIRONMENT"] = "TEST"  # beside: commonground proxy kaggle --hub {origin}\n'
    lines = ['os.environ["KAGGLE_API_ENVIRONMENT"] = "LOCALHOST"', f'os.environ["http_proxy"] = "{origin}"']
    return "".join(f"{line}\n" for line in lines)
