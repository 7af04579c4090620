"""What both formats say of a revision, and the names they share."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal
from urllib.parse import quote
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from commonground.accounts.model import SEGMENTS, RepositoryKind
from commonground.operations.manifest.model import ManifestFile

Format = Literal["cyclonedx", "spdx"]


class Metric(msgspec.Struct, frozen=True):
    """A result the card claims: ``slice`` names the data it was measured on."""

    type: str
    value: str
    slice: str = ""


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """A revision of a repository at ``origin`` (the hub's address without a slash at the end). ``date`` is the
    commit's, in UTC milliseconds.
    """

    kind: RepositoryKind
    owner: str
    name: str
    origin: str
    commit: str
    date: int
    description: str = ""
    licences: tuple[str, ...] = ()
    task: str = ""
    library: str = ""
    architectures: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    base_models: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    metrics: tuple[Metric, ...] = ()
    files: tuple[ManifestFile, ...] = ()

    @property
    def full_name(self) -> str:
        """``owner/name``."""
        return f"{self.owner}/{self.name}"

    @property
    def address(self) -> str:
        """The repository's page."""
        prefix = "" if self.kind == "model" else f"/{SEGMENTS[self.kind]}"
        return f"{self.origin}{prefix}/{self.full_name}"

    @property
    def archive(self) -> str:
        """The page of this revision's files."""
        return f"{self.address}/tree/{self.commit}"

    @property
    def purl(self) -> str:
        """The package URL of a model (type ``huggingface``, of the hub at ``origin``); empty for other kinds."""
        if self.kind != "model":
            return ""
        where = quote(self.origin, safe="")
        return f"pkg:huggingface/{self.owner}/{self.name}@{self.commit}?repository_url={where}"

    @property
    def uuid(self) -> UUID:
        """The same for the same revision of the same repository, whoever asks and when."""
        return uuid5(NAMESPACE_URL, f"{self.archive}#{self.kind}")

    def file_address(self, path: str) -> str:
        """Where a file can be downloaded."""
        return f"{self.address}/resolve/{self.commit}/{quote(path)}"


def from_card(card: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a :class:`Bill` that a card's metadata fills."""
    return {
        "base_models": texts(card.get("base_model")),
        "datasets": texts(card.get("datasets")),
        "metrics": tuple(_metrics(card.get("model-index"))),
    }


def texts(value: Any) -> tuple[str, ...]:
    """The distinct texts of a field that holds one value or a list."""
    values = value if isinstance(value, list) else [value]
    return tuple(dict.fromkeys(item for item in values if isinstance(item, str) and item))


def _metrics(index: Any) -> Iterator[Metric]:
    for model in _mappings(index):
        for result in _mappings(model.get("results")):
            data = result.get("dataset")
            name = data.get("name") if isinstance(data, dict) else None
            for metric in _mappings(result.get("metrics")):
                kind, value = metric.get("type"), metric.get("value")
                if isinstance(kind, str) and isinstance(value, str | int | float):
                    yield Metric(kind, str(value), name if isinstance(name, str) else "")


def _mappings(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
