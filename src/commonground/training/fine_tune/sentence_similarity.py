"""How alike two texts are: the cosine of their embeddings, which are the mean over the tokens."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from commonground.errors import UnsuitableData
from commonground.training.fine_tune.columns import Columns
from commonground.training.fine_tune.metrics import spearman
from commonground.training.fine_tune.options import FineTuning
from commonground.training.fine_tune.table import Table
from commonground.training.fine_tune.task import Encoded, arrays, batches, check_texts, tokenized
from commonground.training.program import Batch, Indices


class SentenceSimilarity:
    """Implements :class:`Task`; metrics ``spearman`` and ``mean_squared_error`` of cosine and score, which is -1 to 1."""

    loads: ClassVar[str] = "AutoModel"
    adapts: ClassVar[str] = "FEATURE_EXTRACTION"

    def __init__(self, train: Table, evaluation: Table, tokenizer: Any, options: FineTuning, columns: Columns) -> None:
        check_texts(train, columns.texts)
        self._tokenizer, self._options, self._columns = tokenizer, options, columns
        self.configuration: Mapping[str, Any] = {}
        for table in (train, evaluation):
            _check(table.column(columns.label), columns.label)
        self.train = self._source(train)
        self._evaluation = self._source(evaluation)

    def _source(self, table: Table) -> Encoded:
        def encode(rows: Indices) -> Batch:
            found: dict[str, Any] = {"score": np.array(table.column(self._columns.label, rows), np.float32)}
            for number, name in enumerate(self._columns.texts):
                encoding = tokenized(self._tokenizer, [table.column(name, rows)], self._options.max_length)
                found |= {f"{number}.{key}": array for key, array in arrays(encoding).items()}
            return found

        return Encoded(len(table), encode)

    def loss(self, module: Any, batch: Mapping[str, Any]) -> Any:
        """The mean squared error."""
        return ((_cosine(module, batch) - batch["score"]) ** 2).mean()

    def evaluate(self, module: Any) -> Mapping[str, float]:
        """How well cosines follow the scores."""
        scores, cosines = [], []
        for batch in batches(self._evaluation, self._options.batch):
            scores.append(batch["score"].numpy())
            cosines.append(_cosine(module, batch).numpy())
        given, found = np.concatenate(scores), np.concatenate(cosines)
        return {"spearman": spearman(given, found), "mean_squared_error": float(((given - found) ** 2).mean())}


def _cosine(module: Any, batch: Mapping[str, Any]) -> Any:
    import torch

    return torch.nn.functional.cosine_similarity(_embedding(module, batch, "0."), _embedding(module, batch, "1."))


def _embedding(module: Any, batch: Mapping[str, Any], prefix: str) -> Any:
    encoding = {name.removeprefix(prefix): value for name, value in batch.items() if name.startswith(prefix)}
    weights = encoding["attention_mask"].unsqueeze(-1)
    return (module(**encoding).last_hidden_state * weights).sum(1) / weights.sum(1)


def _check(scores: list[Any], column: str) -> None:
    if not all(isinstance(score, int | float) and -1 <= score <= 1 for score in scores):
        raise UnsuitableData(reason=f"labels not in range: the column {column} has to hold numbers from -1 to 1")
