"""The next token of a text: a causal language model."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from commonground.errors import UnsuitableData
from commonground.training.adapters.numpy import Rows
from commonground.training.fine_tune.columns import Columns
from commonground.training.fine_tune.options import FineTuning
from commonground.training.fine_tune.table import Table
from commonground.training.fine_tune.task import batches, check_texts

TOGETHER = 1000
"""Texts that are tokenised at once."""


class TextGeneration:
    """Implements :class:`Task`; metric ``perplexity``. The texts follow each other with an end-of-text token between them, and are cut into
    pieces of ``max_length`` tokens.
    """

    loads: ClassVar[str] = "AutoModelForCausalLM"
    adapts: ClassVar[str] = "CAUSAL_LM"

    def __init__(self, train: Table, evaluation: Table, tokenizer: Any, options: FineTuning, columns: Columns) -> None:
        check_texts(train, columns.texts)
        self._options = options
        self.configuration: Mapping[str, Any] = {}
        self.train = _pieces(train, tokenizer, options.max_length, columns.texts[0])
        self._evaluation = _pieces(evaluation, tokenizer, options.max_length, columns.texts[0])

    def loss(self, module: Any, batch: Mapping[str, Any]) -> Any:
        """Cross entropy of each token after those before it."""
        return module(input_ids=batch["input_ids"], labels=batch["input_ids"]).loss

    def evaluate(self, module: Any) -> Mapping[str, float]:
        """How surprised the model is."""
        losses = [
            (float(self.loss(module, batch)), len(batch["input_ids"]))
            for batch in batches(self._evaluation, self._options.batch)
        ]
        mean = sum(loss * rows for loss, rows in losses) / sum(rows for _, rows in losses)
        return {"perplexity": math.exp(min(mean, 700))}


def _pieces(table: Table, tokenizer: Any, length: int, column: str) -> Rows:
    parts: list[Any] = []
    for first in range(0, len(table), TOGETHER):
        texts = table.column(column, np.arange(first, min(first + TOGETHER, len(table))))
        found = tokenizer(texts, add_special_tokens=False)["input_ids"]
        parts += [np.array([*ids, *_end(tokenizer)], np.int32) for ids in found]
    tokens = np.concatenate(parts)
    if len(tokens) < length:
        raise UnsuitableData(reason=f"its texts have {len(tokens)} tokens, fewer than max_length ({length})")
    count = len(tokens) // length
    return Rows({"input_ids": tokens[: count * length].reshape(count, length).astype(np.int64)})


def _end(tokenizer: Any) -> list[int]:
    return [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]
