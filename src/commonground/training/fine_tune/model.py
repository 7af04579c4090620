"""Models of the transformers library: loaded from safetensors and nothing else, adapted, saved."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from commonground.errors import InvalidSpec, PackageMissing, UnsuitableModel
from commonground.training.fine_tune.options import Lora
from commonground.training.fine_tune.task import Task

ALONE = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "TOKENIZERS_PARALLELISM": "false"}
"""Environment of a process that asks nobody for anything; transformers reads it when it is imported."""


def libraries() -> tuple[Any, Any]:
    """Transformers and peft, offline. :class:`PackageMissing`."""
    os.environ.update(ALONE)
    try:
        import peft
        import pyarrow as pa  # noqa: F401 - tables are read with it; better missing now than later
        import transformers
    except ImportError as error:
        raise PackageMissing(package=str(error.name), extra="fine-tune") from error
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return transformers, peft


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer of a model. :class:`UnsuitableModel`, also for a model without safetensors."""
    transformers, _ = libraries()
    if not any(folder.glob("*.safetensors")):
        raise UnsuitableModel(reason="it has no .safetensors file at its top, and nothing else is loaded")
    if not (folder / "config.json").is_file():
        raise UnsuitableModel(reason="it has no config.json of the transformers library")
    _loaded(transformers.AutoConfig, folder, {})  # says most clearly what is wrong
    tokenizer = _loaded(transformers.AutoTokenizer, folder, {})
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_model(folder: Path, task: Task, tokenizer: Any) -> Any:
    """The model with a head for the task; what of it is not in the files is drawn. :class:`UnsuitableModel`."""
    transformers, _ = libraries()
    import torch

    more = {**task.configuration, "ignore_mismatched_sizes": True, "use_safetensors": True, "dtype": torch.float32}
    model = _loaded(getattr(transformers, task.loads), folder, more)
    if model.config.get_text_config().pad_token_id is None:
        model.config.get_text_config().pad_token_id = tokenizer.pad_token_id
    return model


def adapt(model: Any, task: Task, lora: Lora, identity: str) -> Any:
    """The model frozen, with adapters and its new head to train. ``identity`` names the model on the hub."""
    _, peft = libraries()
    configuration = peft.LoraConfig(
        task_type=peft.TaskType[task.adapts],
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=lora.targets,
    )
    try:
        adapted = peft.get_peft_model(model, configuration)
    except ValueError as error:
        raise InvalidSpec(reason=f"options.lora.targets: {str(error).splitlines()[0][:300]}") from None
    adapted.peft_config["default"].base_model_name_or_path = identity
    return adapted


def save(model: Any, tokenizer: Any, folder: Path) -> None:
    """The model, or what was added to it, as safetensors, with the tokenizer."""
    model.save_pretrained(folder, state_dict=_separate(model.state_dict()))
    tokenizer.save_pretrained(folder)


def _separate(state: Mapping[str, Any]) -> dict[str, Any]:
    """Tensors with memory of their own, in place of views of one vector; what is tied stays one."""
    clones: dict[Any, Any] = {}
    return {
        name: clones.setdefault((tensor.data_ptr(), tensor.shape), tensor.detach().clone())
        for name, tensor in state.items()
    }


def _loaded(kind: Any, folder: Path, more: Mapping[str, Any]) -> Any:
    try:
        return kind.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True, **more)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, ImportError) as error:
        text = " ".join(str(error).replace(str(folder), "the model").split())
        raise UnsuitableModel(reason=text[:400] or type(error).__name__) from None
