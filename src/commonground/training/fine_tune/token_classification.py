"""One label for each word of a text that is split into words."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from commonground.errors import UnsuitableData
from commonground.training.fine_tune.columns import Columns
from commonground.training.fine_tune.labels import Labels
from commonground.training.fine_tune.metrics import accuracy, macro_f1
from commonground.training.fine_tune.options import FineTuning
from commonground.training.fine_tune.table import Table
from commonground.training.fine_tune.task import IGNORED, Encoded, arrays, batches, tokenized
from commonground.training.program import Batch, Indices


class TokenClassification:
    """Implements :class:`Task`; metrics ``accuracy`` and ``f1`` (macro) over words. A word's label is that of its first
    token; what follows, and what is cut off, does not count.
    """

    loads: ClassVar[str] = "AutoModelForTokenClassification"
    adapts: ClassVar[str] = "TOKEN_CLS"

    def __init__(self, train: Table, evaluation: Table, tokenizer: Any, options: FineTuning, columns: Columns) -> None:
        self._tokenizer, self._options, self._columns = tokenizer, options, columns
        self._labels = Labels(_values(train, columns) + _values(evaluation, columns), columns.label)
        self.configuration: Mapping[str, Any] = self._labels.configuration()
        self.train = self._source(train)
        self._evaluation = self._source(evaluation)

    def _source(self, table: Table) -> Encoded:
        def encode(rows: Indices) -> Batch:
            words = table.column(self._columns.texts[0], rows)
            encoding = tokenized(self._tokenizer, [words], self._options.max_length, is_split_into_words=True)
            values = table.column(self._columns.label, rows)
            labels = [self._aligned(encoding.word_ids(row), values[row]) for row in range(len(rows))]
            return {**arrays(encoding), "labels": np.array(labels, np.int64)}

        return Encoded(len(table), encode)

    def _aligned(self, words: Sequence[int | None], values: Sequence[Any]) -> list[int]:
        """The label of each token: of the word it begins, if it begins one."""
        begins = [word is not None and (not at or words[at - 1] != word) for at, word in enumerate(words)]
        return [
            self._labels.number(values[word]) if begin and word is not None else IGNORED
            for begin, word in zip(begins, words, strict=True)
        ]

    def loss(self, module: Any, batch: Mapping[str, Any]) -> Any:
        """Cross entropy over the words."""
        return module(**batch).loss

    def evaluate(self, module: Any) -> Mapping[str, float]:
        """How many labels are right."""
        truth, predicted = [], []
        for batch in batches(self._evaluation, self._options.batch):
            labels = batch["labels"].numpy()
            counts = labels != IGNORED
            truth.append(labels[counts])
            predicted.append(module(**batch).logits.argmax(-1).numpy()[counts])
        both = np.concatenate(truth), np.concatenate(predicted)
        return {"accuracy": accuracy(*both), "f1": macro_f1(*both)}


def _values(table: Table, columns: Columns) -> list[Any]:
    """All labels of a table. :class:`UnsuitableData` where words and labels are not lists of one length."""
    words, labels = table.column(columns.texts[0]), table.column(columns.label)
    for row, (some, given) in enumerate(zip(words, labels, strict=True)):
        if not isinstance(some, list) or not isinstance(given, list) or len(some) != len(given):
            raise UnsuitableData(
                reason=f"{columns.texts[0]} and {columns.label} are not lists of one length in row {row}"
            )
    return [value for given in labels for value in given]
