"""The card of what was trained: where it comes from, how good it is, how it is loaded."""

from collections.abc import Mapping
from typing import Any

import msgspec
import yaml

from commonground.training.fine_tune.options import FineTuning, Task

_INHERITED = ("license", "license_name", "license_link", "language")


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What was trained on what: ids on the hub, and the metadata of the model's card."""

    name: str
    model: str
    data: str
    task: Task
    card: Mapping[str, Any] = {}


def card(origin: Origin, options: FineTuning, before: Mapping[str, float], after: Mapping[str, float]) -> str:
    """The README of the new model."""
    head = yaml.safe_dump(_metadata(origin, options, after), sort_keys=False, allow_unicode=True, width=1000)
    rows = "\n".join(f"| {name} | {before[name]:.4f} | {after[name]:.4f} |" for name in after if name in before)
    return f"""---
{head}---

# {origin.name}

[{origin.model}](/{origin.model}), fine-tuned for {origin.task} on [{origin.data}](/datasets/{origin.data}){_how(options)}.

| on held-out rows | before | after |
|---|---|---|
{rows}

{options.epochs} epochs, {options.batch} rows a worker and step, at most {options.max_length} tokens of a text.
"""


def _how(options: FineTuning) -> str:
    if options.method == "full":
        return ""
    lora = options.lora
    return f" with low-rank adapters (rank {lora.rank}, alpha {lora.alpha:g}), to be loaded with peft"


def _metadata(origin: Origin, options: FineTuning, after: Mapping[str, float]) -> dict[str, Any]:
    metrics = [{"type": name, "value": round(value, 6)} for name, value in after.items()]
    result = {
        "task": {"type": origin.task},
        "dataset": {"type": origin.data, "name": origin.data.partition("/")[2]},
        "metrics": metrics,
    }
    return {
        **{name: origin.card[name] for name in _INHERITED if name in origin.card},
        "base_model": origin.model,
        "base_model_relation": "adapter" if options.method == "lora" else "finetune",
        "datasets": [origin.data],
        "pipeline_tag": origin.task,
        "library_name": "peft" if options.method == "lora" else "transformers",
        "model-index": [{"name": origin.name, "results": [result]}],
    }
