"""One label for a text, or for a pair of texts."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from commonground.training.fine_tune.columns import Columns
from commonground.training.fine_tune.labels import Labels
from commonground.training.fine_tune.metrics import accuracy, macro_f1
from commonground.training.fine_tune.options import FineTuning
from commonground.training.fine_tune.table import Table
from commonground.training.fine_tune.task import Encoded, arrays, batches, check_texts, tokenized
from commonground.training.program import Batch, Indices


class TextClassification:
    """Implements :class:`Task`; metrics ``accuracy`` and ``f1`` (macro)."""

    loads: ClassVar[str] = "AutoModelForSequenceClassification"
    adapts: ClassVar[str] = "SEQ_CLS"

    def __init__(self, train: Table, evaluation: Table, tokenizer: Any, options: FineTuning, columns: Columns) -> None:
        check_texts(train, columns.texts)
        self._tokenizer, self._options, self._columns = tokenizer, options, columns
        known = [*train.column(columns.label), *evaluation.column(columns.label)]
        self._labels = Labels(known, columns.label)
        self.configuration: Mapping[str, Any] = self._labels.configuration()
        self.train = self._source(train)
        self._evaluation = self._source(evaluation)

    def _source(self, table: Table) -> Encoded:
        def encode(rows: Indices) -> Batch:
            texts = [table.column(name, rows) for name in self._columns.texts]
            found = arrays(tokenized(self._tokenizer, texts, self._options.max_length))
            labels = [self._labels.number(value) for value in table.column(self._columns.label, rows)]
            return {**found, "labels": np.array(labels, np.int64)}

        return Encoded(len(table), encode)

    def loss(self, module: Any, batch: Mapping[str, Any]) -> Any:
        """Cross entropy."""
        return module(**batch).loss

    def evaluate(self, module: Any) -> Mapping[str, float]:
        """How many labels are right."""
        truth, predicted = [], []
        for batch in batches(self._evaluation, self._options.batch):
            truth.append(batch["labels"].numpy())
            predicted.append(module(**batch).logits.argmax(-1).numpy())
        both = np.concatenate(truth), np.concatenate(predicted)
        return {"accuracy": accuracy(*both), "f1": macro_f1(*both)}
