"""The tasks by name, and which one a model is for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from commonground.errors import InvalidSpec
from commonground.hub.cards.front_matter import read_card
from commonground.training.fine_tune.columns import columns_of
from commonground.training.fine_tune.options import FineTuning, Task
from commonground.training.fine_tune.sentence_similarity import SentenceSimilarity
from commonground.training.fine_tune.table import read
from commonground.training.fine_tune.task import Task as Prepared
from commonground.training.fine_tune.text_classification import TextClassification
from commonground.training.fine_tune.text_generation import TextGeneration
from commonground.training.fine_tune.token_classification import TokenClassification

NAMES: tuple[Task, ...] = get_args(Task)
_TASKS: dict[Task, Any] = {
    "text-classification": TextClassification,
    "token-classification": TokenClassification,
    "sentence-similarity": SentenceSimilarity,
    "text-generation": TextGeneration,
}
README_LIMIT = 2**20


def front_matter(folder: Path) -> Mapping[str, Any]:
    """The metadata of the card in a folder; nothing where there is none."""
    path = folder / "README.md"
    if not path.is_file() or path.stat().st_size > README_LIMIT:
        return {}
    return read_card(path.read_text(encoding="utf-8", errors="replace")).metadata


def task_of(options: FineTuning, card: Mapping[str, Any]) -> Task:
    """The task the options name, else that of the model's card. :class:`InvalidSpec` where neither is known here."""
    named = "text-generation" if options.task == "causal-lm" else options.task or card.get("pipeline_tag")
    found = next((name for name in NAMES if name == named), None)
    if found is None:
        raise InvalidSpec(reason=f"options.task is one of {', '.join(NAMES)}; the card of the model names {named}")
    return found


def prepare(task: Task, folder: Path, tokenizer: Any, options: FineTuning, seed: int) -> Prepared:
    """The task on the data set in ``folder``. :class:`InvalidSpec`, :class:`UnsuitableData`."""
    columns = columns_of(task, options)
    train, evaluation = read(folder, columns.all, seed)
    prepared: Prepared = _TASKS[task](train, evaluation, tokenizer, options, columns)
    return prepared
