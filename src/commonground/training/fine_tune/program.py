"""A fine-tuning as a program, which is trained like any other."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from commonground.training.adapters.torch import TorchProgram
from commonground.training.fine_tune import model as models
from commonground.training.fine_tune.card import Origin, card
from commonground.training.fine_tune.options import FineTuning
from commonground.training.fine_tune.task import Task


class FineTuningProgram(TorchProgram):
    """Trains ``module`` for ``task``; implements :class:`Program`. Saved are the model or its adapters, the tokenizer and a
    card, which compares with the metrics of :meth:`measure`, taken before anything was trained.
    """

    def __init__(self, module: Any, task: Task, tokenizer: Any, options: FineTuning, origin: Origin) -> None:
        module.train()
        super().__init__(module, task.loss, task.train, evaluate=task.evaluate)
        self._tokenizer, self._options, self._origin = tokenizer, options, origin
        self._before: Mapping[str, float] = {}
        self._after: Mapping[str, float] = {}

    def measure(self, remembered: Path) -> Mapping[str, float]:
        """The metrics of the model as it was; taken once, however often the run is started again."""
        if remembered.exists():
            self._before = json.loads(remembered.read_text())
        else:
            self._before = super().evaluate()
            partial = remembered.with_suffix(".partial")
            partial.write_text(json.dumps(self._before))
            partial.rename(remembered)
        return self._before

    def evaluate(self) -> Mapping[str, float]:
        """Metrics on the rows that were held out."""
        self._after = super().evaluate()
        return self._after

    def save(self, folder: Path) -> None:
        """Write what is published."""
        models.save(self.module, self._tokenizer, folder)
        text = card(self._origin, self._options, self._before, self._after or self.evaluate())
        (folder / "README.md").write_text(text, encoding="utf-8")
