"""The kind ``fine-tune``: its workers train a model of the hub by all-reduce."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from commonground.compute.reporting import log_metric
from commonground.training.context import Context
from commonground.training.fine_tune import model as models
from commonground.training.fine_tune.card import Origin
from commonground.training.fine_tune.options import FineTuning, options_of, plan_of
from commonground.training.fine_tune.tasks import front_matter, prepare, task_of
from commonground.training.kinds.all_reduce import together
from commonground.training.kinds.living import living


def run(specification: Mapping[str, Any]) -> None:
    """Do this worker's part. :class:`InvalidSpec`, :class:`UnsuitableModel`, :class:`UnsuitableData`."""
    options, context = options_of(specification), Context.of_environment()
    plan = plan_of(specification, options, context.seed)
    with living(plan.heartbeat):
        models.libraries()
        program = _program(specification, options, context)
        together(plan, context, program, lambda: _measure(program))


def _measure(program: Any) -> None:
    for name, value in program.measure(Path(os.environ["CG_CHECKPOINT"], "before.json")).items():
        log_metric(name, value, 0)


def _program(specification: Mapping[str, Any], options: FineTuning, context: Context) -> Any:
    import torch

    from commonground.training.fine_tune.program import FineTuningProgram

    folder = context.inputs["model"]
    metadata = front_matter(folder)
    origin = Origin(
        name=_identity(specification["outputs"]["model"]).partition("/")[2],
        model=_identity(specification["inputs"]["model"]),
        data=_identity(specification["inputs"]["data"]),
        task=task_of(options, metadata),
        card=metadata,
    )
    tokenizer = models.load_tokenizer(folder)
    task = prepare(origin.task, context.inputs["data"], tokenizer, options, context.seed)
    torch.manual_seed(context.seed)  # the head and the adapters are drawn, the same by every worker
    module = models.load_model(folder, task, tokenizer)
    if options.method == "lora":
        module = models.adapt(module, task, options.lora, origin.model)
    return FineTuningProgram(module, task, tokenizer, options, origin)


def _identity(address: str) -> str:
    """``owner/name`` of ``hub://models/owner/name@revision/path``."""
    parts = address.removeprefix("hub://").split("/")
    owner, name = parts[1:3] if parts[0] in {"models", "datasets"} and len(parts) > 2 else parts[:2]
    return f"{owner}/{name.partition('@')[0]}"
