"""What to paste: the library of a model or data set, the client, the command, plain HTTP."""

from collections.abc import Callable, Mapping

from commonground.http.gateway import Snippet, Use
from commonground.hub.repositories.model import Repository


def snippets(use: Use) -> list[Snippet]:
    """The ways to use a repository, the most fitting first."""
    repository, origin = use.repository, use.origin
    find = _LIBRARIES if repository.kind == "model" else _DATA_LIBRARIES if repository.kind == "dataset" else {}
    own = find.get(repository.library_name or _assumed(repository))
    first = [own(repository, origin)] if own else []
    return [*first, _hub_client(repository, origin), *_terminal(use)]


def _assumed(repository: Repository) -> str:
    return "datasets" if repository.kind == "dataset" else ""


def _python(title: str, origin: str, code: str) -> Snippet:
    head = f'import os\n\nos.environ["HF_ENDPOINT"] = "{origin}"  # before the next import\n\n'
    return Snippet(title, "python", head + code)


def _transformers(repository: Repository, origin: str) -> Snippet:
    task = repository.pipeline_tag or "text-generation"
    code = f'from transformers import pipeline\n\nmodel = pipeline("{task}", model="{repository.full_name}")\n'
    return _python("Transformers", origin, code)


def _sentence_transformers(repository: Repository, origin: str) -> Snippet:
    return _python(
        "Sentence Transformers",
        origin,
        "from sentence_transformers import SentenceTransformer\n\n"
        f'model = SentenceTransformer("{repository.full_name}")\nvectors = model.encode(["one", "two"])\n',
    )


def _diffusers(repository: Repository, origin: str) -> Snippet:
    code = f'from diffusers import DiffusionPipeline\n\npipe = DiffusionPipeline.from_pretrained("{repository.full_name}")\n'
    return _python("Diffusers", origin, code)


def _onnx(repository: Repository, origin: str) -> Snippet:
    return _python(
        "ONNX Runtime",
        origin,
        "import onnxruntime\nfrom huggingface_hub import hf_hub_download\n\n"
        f'session = onnxruntime.InferenceSession(hf_hub_download("{repository.full_name}", "model.onnx"))\n',
    )


def _spacy(repository: Repository, origin: str) -> Snippet:
    code = (
        "import spacy\nfrom huggingface_hub import snapshot_download\n\n"
        f'nlp = spacy.load(snapshot_download("{repository.full_name}"))\n'
    )
    return _python("spaCy", origin, code)


def _llama_cpp(repository: Repository, origin: str) -> Snippet:
    code = (
        f'from llama_cpp import Llama\n\nmodel = Llama.from_pretrained("{repository.full_name}", filename="*.gguf")\n'
    )
    return _python("llama.cpp", origin, code)


def _datasets(repository: Repository, origin: str) -> Snippet:
    code = f'from datasets import load_dataset\n\ndata = load_dataset("{repository.full_name}")\n'
    return _python("Datasets", origin, code)


_LIBRARIES: Mapping[str, Callable[[Repository, str], Snippet]] = {
    "transformers": _transformers,
    "sentence-transformers": _sentence_transformers,
    "diffusers": _diffusers,
    "onnx": _onnx,
    "onnxruntime": _onnx,
    "spacy": _spacy,
    "gguf": _llama_cpp,
    "llama-cpp-python": _llama_cpp,
}
_DATA_LIBRARIES: Mapping[str, Callable[[Repository, str], Snippet]] = {"datasets": _datasets}


def _hub_client(repository: Repository, origin: str) -> Snippet:
    kind = "" if repository.kind == "model" else f', repo_type="{repository.kind}"'
    code = (
        f'from huggingface_hub import snapshot_download\n\nfolder = snapshot_download("{repository.full_name}"{kind})\n'
    )
    return _python("huggingface_hub", origin, code)


def _terminal(use: Use) -> list[Snippet]:
    repository = use.repository
    kind = "" if repository.kind == "model" else f" --repo-type {repository.kind}"
    file = f"{use.address}/resolve/{repository.default_branch}/README.md"
    return [
        Snippet("hf", "bash", f"HF_ENDPOINT={use.origin} hf download {repository.full_name}{kind}\n"),
        Snippet("curl", "bash", f"curl --location --remote-name {file}\n"),
    ]
