"""Which columns of a data set a task reads."""

import msgspec

from commonground.errors import InvalidSpec
from commonground.training.fine_tune.options import FineTuning, Task

_DEFAULTS: dict[Task, tuple[tuple[str, ...], str]] = {
    "text-classification": (("text",), "label"),
    "token-classification": (("tokens",), "ner_tags"),
    "sentence-similarity": (("sentence1", "sentence2"), "score"),
    "text-generation": (("text",), ""),
}


class Columns(msgspec.Struct, frozen=True):
    """The columns with the text, one or two, and the one with the label; empty where a task has none."""

    texts: tuple[str, ...]
    label: str

    @property
    def all(self) -> list[str]:
        """The names of all."""
        return [*self.texts, *([self.label] if self.label else [])]


def columns_of(task: Task, options: FineTuning) -> Columns:
    """The columns that the options name, else those the task usually has. :class:`InvalidSpec`."""
    texts, label = _DEFAULTS[task]
    given = options.text_column
    if given is not None:
        texts = (given,) if isinstance(given, str) else tuple(given)
    if task == "text-generation" and options.label_column:
        raise InvalidSpec(reason="options.label_column: text-generation has no labels")
    if task == "sentence-similarity" and len(texts) != 2:
        raise InvalidSpec(reason="options.text_column: sentence-similarity needs two columns")
    if task in {"token-classification", "text-generation"} and len(texts) != 1:
        raise InvalidSpec(reason=f"options.text_column: {task} needs one column")
    return Columns(texts, options.label_column or label)
