"""What a specification says about fine-tuning."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from commonground.compute.runs.model import Fault
from commonground.errors import InvalidSpec
from commonground.training.all_reduce.options import Options as Loop
from commonground.training.all_reduce.options import Plan
from commonground.training.options import HEARTBEAT, Count, section
from commonground.training.parameter_server.optimizer import Adam

Task = Literal["text-classification", "token-classification", "sentence-similarity", "text-generation"]
Columns = str | Annotated[list[str], Meta(min_length=1, max_length=2)]

LEARNING_RATES = {"full": 5e-5, "lora": 1e-3}


class Lora(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Low-rank adapters (Hu et al. 2022): matrices of ``rank`` beside the modules ``targets`` (names, ``all-linear``, or
    what peft knows of the architecture), scaled by ``alpha / rank``.
    """

    rank: Annotated[int, Meta(ge=1, le=4096)] = 8
    alpha: Annotated[float, Meta(gt=0)] = 16.0
    dropout: Annotated[float, Meta(ge=0, lt=1)] = 0.0
    targets: str | list[str] | None = None


class FineTuning(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The section ``options``. ``task`` may be left out where the card of the model says it. ``text_column`` is one name, or
    two for pairs of texts; ``max_length`` is in tokens. ``batch`` is of one worker. The learning rate falls linearly to 0.
    """

    task: Task | Literal["causal-lm"] | None = None
    method: Literal["full", "lora"] = "full"
    epochs: Count = 3
    batch: Annotated[int, Meta(ge=1, le=65_536)] = 16
    learning_rate: Annotated[float, Meta(gt=0, le=10)] | None = None
    lora: Lora = Lora()
    text_column: Columns | None = None
    label_column: str | None = None
    max_length: Annotated[int, Meta(ge=2, le=2**20)] = 128
    evaluate_every: Count = 1
    checkpoint_every: Annotated[int, Meta(ge=0)] = 200


def options_of(specification: Mapping[str, Any]) -> FineTuning:
    """The options of a specification; :class:`InvalidSpec` for what cannot be meant."""
    options = section(specification, "options", FineTuning)
    for wrong, reason in [
        (set(specification["inputs"]) != {"model", "data"}, "fine-tuning has the inputs `model` and `data`"),
        (set(specification["outputs"]) != {"model"}, "fine-tuning has the output `model`"),
        (specification.get("entry"), "fine-tuning has no `entry`"),
        (specification["resources"].get("servers"), "fine-tuning has no servers"),
        (specification.get("privacy"), "fine-tuning keeps no privacy budget"),
    ]:
        if wrong:
            raise InvalidSpec(reason=reason)
    return options


def plan_of(specification: Mapping[str, Any], options: FineTuning, seed: int) -> Plan:
    """How the workers train together."""
    fault = msgspec.convert(specification["fault"], Fault)
    loop = Loop(
        epochs=options.epochs,
        batch=options.batch,
        evaluate_every=options.evaluate_every,
        checkpoint_every=options.checkpoint_every,
        decay=True,
    )
    rate = options.learning_rate or LEARNING_RATES[options.method]
    return Plan(
        options=loop,
        optimizer=Adam(rate),
        seed=seed,
        heartbeat=fault.heartbeat or HEARTBEAT,
        timeout=fault.timeout,
    )
