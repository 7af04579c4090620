"""Which request counts as a download: see docs/explanation/downloads.md. No I/O."""

from collections import OrderedDict

WINDOW_MILLISECONDS = 5 * 60_000
REMEMBERED = 100_000

_DEFAULT = frozenset({"config.json", "config.yaml", "hyperparams.yaml", "params.json", "meta.yaml"})
_BY_LIBRARY: dict[str, frozenset[str]] = {
    "adapters": frozenset({"adapter_config.json"}),
    "diffusers": frozenset({"model_index.json", "modular_model_index.json"}),
    "fairseq": frozenset({"model.pt", "checkpoint_best.pt"}),
    "fairseq2": frozenset({"model.yaml"}),
    "fasttext": frozenset({"model.bin"}),
    "flair": frozenset({"pytorch_model.bin"}),
    "keras": frozenset({"config.json", "metadata.json"}),
    "peft": frozenset({"adapter_config.json"}),
    "setfit": frozenset({"config_setfit.json"}),
    "sklearn": frozenset({"sklearn_model.joblib", "model.joblib", "model.skops"}),
    "spacy": frozenset({"meta.json"}),
    "speechbrain": frozenset({"hyperparams.yaml"}),
    "tf-keras": frozenset({"saved_model.pb"}),
}
_ENDINGS = (".gguf", ".nemo", ".keras", ".onnx", ".tflite", ".mlmodel", ".litertlm")  # complete in one file
_TOP_LEVEL = (".safetensors", ".ckpt", ".bin")  # of diffusers: single-file checkpoints
_HOUSEKEEPING = (".gitattributes", ".gitignore", "README.md", "LICENSE")


def counts(kind: str, library: str | None, path: str | None) -> bool:
    """Whether a request for ``path`` (``None``: the whole repository, by clone or pull) stands for a download."""
    if path is None:
        return True
    if kind != "model":
        return path not in _HOUSEKEEPING
    if path.endswith(_ENDINGS):
        return True
    if library == "diffusers" and "/" not in path and path.endswith(_TOP_LEVEL):
        return True
    return path in _BY_LIBRARY.get(library or "", _DEFAULT)


class Recent:
    """Remembers who downloaded what within five minutes, for a bounded number of callers."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[int, str], int] = OrderedDict()

    def is_new(self, repository_id: int, caller: str, now: int) -> bool:
        """Whether this caller's download is not part of one that was counted already; remembers it."""
        key = (repository_id, caller)
        counted = self._seen.get(key)
        if counted is not None and now - counted < WINDOW_MILLISECONDS:
            return False
        self._seen[key] = now
        self._seen.move_to_end(key)
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return True
