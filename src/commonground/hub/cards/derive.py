"""From a README and the files beside it to the columns and tags of a repository. No I/O."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from commonground.hub.cards import inference, text
from commonground.hub.cards.front_matter import read_card
from commonground.hub.cards.model import Card, Derived, Facts

TAGS = 300
TAG_LENGTH = 255
COLUMN_LENGTH = 64
BODY = 40_000

_PREFIXED = ("task_categories", "task_ids", "annotations_creators", "language_creators", "multilinguality",
             "source_datasets", "size_categories", "benchmark")  # fmt: skip
_RELATIONS = frozenset({"adapter", "finetune", "merge", "quantized"})
_CONFIG_KEYS = ("architectures", "model_type", "quantization_config", "auto_map", "torch_dtype", "vocab_size")
_HOUSEKEEPING = ("README.md", ".gitattributes", "dataset_infos.json", "LICENSE", "LICENSE.txt", "requirements.txt")


def derive(kind: str, readme: str, facts: Facts) -> Derived:
    """Everything kept about a repository that its README and files imply."""
    card = read_card(readme)
    data = card.metadata
    library = pipeline = None
    if kind == "model":
        library = _word(data.get("library_name")) or inference.library(facts)
        pipeline = _word(data.get("pipeline_tag")) or inference.task(facts, _texts(data.get("tags")), library)
    tags = _unique(_TAGS.get(kind, _common_tags)(card, facts, library, pipeline))
    return Derived(
        card=data,
        description=_short_description(card),
        tags=tags,
        index_tags=_unique([*tags, *_index_tags(data, library, pipeline)]),
        pipeline_tag=pipeline,
        library_name=library,
        license=next((_cut(value, COLUMN_LENGTH) for value in _texts(data.get("license"))), None),
        config={key: value for key, value in facts.configs.get("config.json", {}).items() if key in _CONFIG_KEYS},
        body=text.plain(card.body, BODY),
    )


def _short_description(card: Card) -> str:
    given = card.metadata.get("short_description")
    return _cut(given, text.DESCRIPTION) if isinstance(given, str) and given.strip() else text.description(card.body)


def _index_tags(data: dict[str, Any], library: str | None, pipeline: str | None) -> Iterator[str]:
    named = [("library", library), ("pipeline_tag", pipeline), ("sdk", _word(data.get("sdk")))]
    yield from (f"{name}:{value}" for name, value in named if value)
    yield from (f"language:{value}" for value in _texts(data.get("language")))


# --- tags by kind ---------------------------------------------------------------------------------------------------


def _model_tags(card: Card, facts: Facts, library: str | None, pipeline: str | None) -> Iterator[str]:
    data = card.metadata
    model_type = facts.configs.get("config.json", {}).get("model_type")
    yield from (
        word for word in (library, *inference.formats(facts.paths), model_type, pipeline) if isinstance(word, str)
    )
    yield from _texts(data.get("tags"))
    if isinstance(data.get("model-index"), list):
        yield "model-index"
    if isinstance(data.get("fairseq2"), dict):
        yield "fairseq2"
    yield from _texts(data.get("language"))
    yield from (f"dataset:{name}" for name in _texts(data.get("datasets")))
    yield from (f"arxiv:{paper}" for paper in text.papers(card.body))
    relation = data.get("base_model_relation")
    for base in _texts(data.get("base_model")):
        yield f"base_model:{base}"
        if isinstance(relation, str) and relation in _RELATIONS:
            yield f"base_model:{relation}:{base}"
    yield from (f"license:{name}" for name in _texts(data.get("license")))


def _dataset_tags(card: Card, facts: Facts, _library: str | None, _pipeline: str | None) -> Iterator[str]:
    data = card.metadata
    for name in _PREFIXED:
        yield from (f"{name}:{value}" for value in _texts(data.get(name)))
    yield from (f"language:{value}" for value in _texts(data.get("language")))
    yield from (f"license:{name}" for name in _texts(data.get("license")))
    paths = [path for path in facts.paths if path not in _HOUSEKEEPING]
    found = [
        (name, kinds) for name, endings, kinds in inference.DATA_FORMATS if any(p.endswith(endings) for p in paths)
    ]
    yield from (f"format:{name}" for name, _ in found)
    yield from (f"modality:{kind}" for _, kinds in found for kind in kinds)
    yield from (f"arxiv:{paper}" for paper in text.papers(card.body))
    yield from _texts(data.get("tags"))


def _space_tags(card: Card, _facts: Facts, _library: str | None, _pipeline: str | None) -> Iterator[str]:
    yield from _texts(card.metadata.get("sdk"))
    yield from _common_tags(card, _facts, _library, _pipeline)


def _common_tags(card: Card, _facts: Facts, _library: str | None, _pipeline: str | None) -> Iterator[str]:
    yield from _texts(card.metadata.get("tags"))
    yield from (f"license:{name}" for name in _texts(card.metadata.get("license")))


_TAGS: dict[str, Callable[[Card, Facts, str | None, str | None], Iterator[str]]] = {
    "model": _model_tags,
    "dataset": _dataset_tags,
    "space": _space_tags,
}


# --- values ---------------------------------------------------------------------------------------------------------


def _texts(value: Any) -> list[str]:
    """The texts in a field that holds one value or a list; anything else is left out."""
    values = value if isinstance(value, list) else [value]
    return [item.strip() for item in values[:TAGS] if isinstance(item, str) and item.strip()]


def _word(value: Any) -> str | None:
    return _cut(value.strip(), COLUMN_LENGTH) if isinstance(value, str) and value.strip() else None


def _unique(tags: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_cut(tag, TAG_LENGTH) for tag in tags))[: 2 * TAGS]


def _cut(value: str, length: int) -> str:
    return value.replace("\x00", "")[:length]
