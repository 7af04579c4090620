"""What the files of a model tell where its card is silent: library, task, formats."""

from collections.abc import Iterable
from typing import Any

from commonground.hub.cards.model import Facts
from commonground.hub.cards.vocabulary import TASKS

README = "README.md"
CONFIG_FILES = ("config.json", "adapter_config.json", "model_index.json", "modules.json", "meta.json",
                "tokenizer_config.json", "config_sentence_transformers.json")  # fmt: skip
"""Small files that are read."""

_LIBRARY_BY_FILE = (
    ("adapter_config.json", "peft"),
    ("model_index.json", "diffusers"),
    ("modules.json", "sentence-transformers"),
    ("config_sentence_transformers.json", "sentence-transformers"),
    ("open_clip_config.json", "open_clip"),
    ("config_setfit.json", "setfit"),
    ("saved_model.pb", "tf-keras"),
)
_LIBRARY_BY_ENDING = (
    (".gguf", "gguf"),
    (".nemo", "nemo"),
    (".keras", "keras"),
    (".mlmodel", "coreml"),
    (".skops", "sklearn"),
    (".tflite", "tflite"),
    (".onnx", "onnx"),
)
_FORMATS = (
    ("safetensors", (".safetensors",)),
    ("pytorch", ("pytorch_model.bin", ".pt", ".pth", ".ckpt", "adapter_model.bin")),
    ("tf", ("tf_model.h5",)),
    ("jax", (".msgpack",)),
    ("onnx", (".onnx",)),
    ("gguf", (".gguf",)),
    ("tflite", (".tflite",)),
    ("openvino", ("openvino_model.xml",)),
    ("coreml", (".mlmodel", ".mlpackage/Manifest.json")),
)
_TASK_BY_ARCHITECTURE = (
    ("ForCausalLM", "text-generation"),
    ("LMHeadModel", "text-generation"),
    ("ForSequenceClassification", "text-classification"),
    ("ForTokenClassification", "token-classification"),
    ("ForQuestionAnswering", "question-answering"),
    ("ForMultipleChoice", "multiple-choice"),
    ("ForMaskedLM", "fill-mask"),
    ("ForPreTraining", "fill-mask"),
    ("ForImageTextToText", "image-text-to-text"),
    ("ForVision2Seq", "image-text-to-text"),
    ("ForSpeechSeq2Seq", "automatic-speech-recognition"),
    ("ForCTC", "automatic-speech-recognition"),
    ("ForAudioClassification", "audio-classification"),
    ("ForImageClassification", "image-classification"),
    ("ForObjectDetection", "object-detection"),
    ("ForZeroShotObjectDetection", "zero-shot-object-detection"),
    ("ForSemanticSegmentation", "image-segmentation"),
    ("ForInstanceSegmentation", "image-segmentation"),
    ("ForUniversalSegmentation", "image-segmentation"),
    ("ForDepthEstimation", "depth-estimation"),
    ("ForVideoClassification", "video-classification"),
    ("ForTextToWaveform", "text-to-speech"),
    ("ForTextToSpeech", "text-to-speech"),
    ("VitsModel", "text-to-speech"),
    ("CLIPModel", "zero-shot-image-classification"),
    ("SiglipModel", "zero-shot-image-classification"),
)
_SPEECH_MODELS = frozenset({"whisper", "speech_to_text", "speech-encoder-decoder", "moonshine"})
_TASK_BY_COMPONENT = (
    ("ner", "token-classification"),
    ("textcat", "text-classification"),
    ("tagger", "token-classification"),
)


DATA_FORMATS = (
    ("parquet", (".parquet",), ()),
    ("csv", (".csv", ".csv.gz", ".tsv"), ("tabular",)),
    ("json", (".json", ".jsonl", ".jsonl.gz", ".json.gz", ".jsonl.zst"), ()),
    ("arrow", (".arrow",), ()),
    ("text", (".txt",), ("text",)),
    ("webdataset", (".tar",), ()),
    ("imagefolder", (".jpg", ".jpeg", ".png", ".webp"), ("image",)),
    ("audiofolder", (".wav", ".flac", ".mp3", ".ogg"), ("audio",)),
    ("videofolder", (".mp4", ".webm", ".mkv"), ("video",)),
)
"""Name, endings and kinds of content of the files of a data set."""

_MATTERING = tuple(
    {ending for row in (*_FORMATS, *DATA_FORMATS) for ending in row[1]} | {ending for ending, _ in _LIBRARY_BY_ENDING}
)
_MATTERING_NAMES = frozenset({README, *CONFIG_FILES, *(name for name, _ in _LIBRARY_BY_FILE)})


def matters(path: str) -> bool:
    """Whether adding, changing or removing a file can change what is derived."""
    return path in _MATTERING_NAMES or path.endswith(_MATTERING) or "tfevents" in path


def formats(paths: Iterable[str]) -> tuple[str, ...]:
    """Weight formats among the files, and ``tensorboard`` where its logs are."""
    names = tuple(paths)
    found = [name for name, endings in _FORMATS if any(path.endswith(endings) for path in names)]
    if any("events.out.tfevents" in path for path in names):
        found.append("tensorboard")
    return tuple(found)


def library(facts: Facts) -> str | None:
    """The library a model is made for, as its files show it."""
    root = {path for path in facts.paths if "/" not in path}
    for name, known in _LIBRARY_BY_FILE:
        if name in root:
            return known
    config = facts.configs.get("config.json", {})
    if "pretrained_cfg" in config:
        return "timm"
    if "spacy_version" in facts.configs.get("meta.json", {}):
        return "spacy"
    if "architectures" in config or "model_type" in config:
        return "transformers"
    return next((known for ending, known in _LIBRARY_BY_ENDING if any(path.endswith(ending) for path in root)), None)


def task(facts: Facts, tags: Iterable[str], library_name: str | None) -> str | None:
    """The task a model is for: a task among the tags, else what its configuration shows."""
    named = next((tag for tag in tags if tag in TASKS and tag != "other"), None)
    if named or library_name == "peft":
        return named
    if library_name in {"sentence-transformers", "setfit"}:
        return "sentence-similarity" if library_name == "sentence-transformers" else "text-classification"
    if library_name == "diffusers":
        return _diffusion_task(facts.configs.get("model_index.json", {}))
    if library_name == "spacy":
        components = facts.configs.get("meta.json", {}).get("components")
        names = components if isinstance(components, list) else []
        return next((task for component, task in _TASK_BY_COMPONENT if component in names), None)
    if library_name == "timm":
        return "image-classification"
    return _transformers_task(facts.configs.get("config.json", {}))


def _transformers_task(config: dict[str, Any]) -> str | None:
    listed = config.get("architectures")
    names = [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
    for name in names:
        for ending, task in _TASK_BY_ARCHITECTURE:
            if name.endswith(ending):
                return task
        if name.endswith("ForConditionalGeneration"):
            return _conditional_task(config)
    return "feature-extraction" if any(name.endswith("Model") for name in names) else None


def _conditional_task(config: dict[str, Any]) -> str:
    if config.get("model_type") in _SPEECH_MODELS:
        return "automatic-speech-recognition"
    return "image-text-to-text" if "vision_config" in config else "text2text-generation"


def _diffusion_task(index: dict[str, Any]) -> str:
    name = str(index.get("_class_name", ""))
    if "Video" in name:
        return "image-to-video" if "Image" in name else "text-to-video"
    if "Audio" in name:
        return "text-to-audio"
    return "image-to-image" if any(word in name for word in ("Img2Img", "Inpaint", "Upscale")) else "text-to-image"
