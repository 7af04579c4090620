"""``commonground train fine-tune``: a specification from names, submitted."""

from typing import Any, Literal

from commonground.cli.client import DEFAULTS, Options
from commonground.cli.train_run import follow


def fine_tune(
    model: str,
    data: str,
    *,
    output: str,
    task: str | None = None,
    method: Literal["full", "lora"] = "full",
    epochs: int | None = None,
    batch: int | None = None,
    learning_rate: float | None = None,
    rank: int | None = None,
    text_column: tuple[str, ...] = (),
    label_column: str | None = None,
    max_length: int | None = None,
    workers: int = 1,
    seed: int | None = None,
    detach: bool = False,
    options: Options = DEFAULTS,
) -> None:
    """Train a model of the hub on a data set of the hub, and publish the result as a new revision.

    Parameters
    ----------
    model
        The model to begin with, owner/name or owner/name@revision.
    data
        The data set, owner/name or owner/name@revision.
    output
        The repository of the result; made, private, if there is none.
    task
        text-classification, token-classification, sentence-similarity or text-generation; default: what the model's
        card says.
    method
        Train all weights, or only low-rank adapters beside them (lora).
    epochs
        How often every row is seen; default 3.
    batch
        Rows of a step and worker; default 16.
    learning_rate
        At the beginning; it falls to 0. Default 5e-5, with lora 1e-3.
    rank
        Rank of the adapters; default 8.
    text_column
        Column with the text; given twice for pairs.
    label_column
        Column with the label.
    max_length
        Tokens a text is cut to; default 128.
    workers
        Processes that train together.
    seed
        What is drawn follows from it; default: drawn once.
    detach
        Return as soon as the run is queued.

    """
    texts: Any = text_column[0] if len(text_column) == 1 else list(text_column) or None
    given = {
        "epochs": epochs, "batch": batch, "learning_rate": learning_rate, "text_column": texts,
        "label_column": label_column, "max_length": max_length, "lora": None if rank is None else {"rank": rank},
    }  # fmt: skip
    chosen = {name: value for name, value in given.items() if value is not None}
    more: dict[str, Any] = {"task": task, "method": method, "resources": {"workers": workers}, "seed": seed, **chosen}
    with options.hub() as hub:
        follow(hub, hub.fine_tune(model, data, output=output, **more), options, detach=detach)
