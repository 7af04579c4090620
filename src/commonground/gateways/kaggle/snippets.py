"""What to paste: ``kagglehub`` knows the address of no hub but through a proxy variable."""

from commonground.gateways.kaggle.handles import DEFAULT
from commonground.http.gateway import Snippet, Use

_FRAMEWORKS = {"keras": "keras", "keras-hub": "keras", "transformers": "transformers", "gguf": "gguf", "onnx": "onnx"}


def snippets(use: Use) -> list[Snippet]:
    """How to download a model or a data set; nothing for other kinds."""
    name = use.repository.full_name
    if use.repository.kind == "model":
        framework = _FRAMEWORKS.get(use.repository.library_name or "", "other")
        code = f'folder = kagglehub.model_download("{name}/{framework}/{DEFAULT}")'
    elif use.repository.kind == "dataset":
        code = f'folder = kagglehub.dataset_download("{name}")'
    else:
        return []
    head = 'import os\n\nos.environ["KAGGLE_API_ENVIRONMENT"] = "LOCALHOST"\n'
    head += f'os.environ["http_proxy"] = "{use.origin}"  # the client calls localhost through it\n\n'
    return [Snippet("kagglehub", "python", f"{head}import kagglehub\n\n{code}\n")]
