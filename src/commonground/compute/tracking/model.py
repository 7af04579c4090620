"""Experiments, what is recorded of runs, logged models and their files. Times are UTC milliseconds, sizes bytes."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from commonground.compute.runs.model import Point, State

DEFAULT = 0
"""The experiment of runs that are in none: there from the beginning, and nobody's alone."""
DEFAULT_NAME = "Default"
RUN_NAME = "mlflow.runName"
"""The tag that holds the name of a run as it was given."""

ModelState = Literal["pending", "ready", "failed"]
Existing = Literal["active", "deleted", "all"]
Comparator = Literal["=", "!=", "<", "<=", ">", ">=", "LIKE", "ILIKE", "IN", "NOT IN", "IS NULL", "IS NOT NULL"]
FieldKind = Literal["attribute", "metric", "param", "tag"]


class Field(msgspec.Struct, frozen=True):
    """What is compared or sorted by: an attribute of the subject, or a metric, parameter or tag of that key."""

    kind: FieldKind
    key: str


class Condition(msgspec.Struct, frozen=True):
    """One comparison. ``value`` is a number for numeric fields, a tuple for ``IN``, nothing for ``IS NULL``."""

    field: Field
    comparator: Comparator
    value: float | str | tuple[str, ...] | None = None


class Order(msgspec.Struct, frozen=True):
    """What to sort by; what has no such value comes last."""

    field: Field
    descending: bool = False


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """Which of a list to show: all conditions hold. ``offset`` continues a list."""

    conditions: tuple[Condition, ...] = ()
    order: tuple[Order, ...] = ()
    existing: Existing = "active"
    offset: int = 0
    limit: int = 100


class Experiment(msgspec.Struct, frozen=True, kw_only=True):
    """A folder of runs of one account."""

    id: int
    name: str
    owner_id: int | None = None
    created_at: int = 0
    updated_at: int = 0
    deleted_at: int | None = None
    tags: Mapping[str, str] = {}


class TrackedRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run with what was recorded of it. ``metrics`` has the latest value of each; ``models`` those it logged, by
    uid, with their step; ``datasets`` what it read, as JSON.
    """

    id: int
    name: str
    owner: str
    owner_id: int
    engine: str
    state: State
    experiment_id: int = DEFAULT
    created_at: int = 0
    started_at: int | None = None
    finished_at: int | None = None
    deleted_at: int | None = None
    metrics: tuple[Point, ...] = ()
    params: Mapping[str, str] = {}
    tags: Mapping[str, str] = {}
    models: Mapping[str, int] = {}
    datasets: tuple[str, ...] = ()


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a client says of a run at once. A value that is not a number is allowed. Of ``repeated`` metrics those that
    were reported before count once.
    """

    metrics: tuple[Point, ...] = ()
    repeated: tuple[Point, ...] = ()
    params: Mapping[str, str] = {}
    tags: Mapping[str, str] = {}


class LoggedModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model that a run, or nobody in particular, has saved: a folder with a name that never changes (``uid``)."""

    id: int
    uid: str
    owner_id: int
    name: str
    model_type: str
    state: ModelState
    experiment_id: int = DEFAULT
    run_id: int | None = None
    created_at: int = 0
    updated_at: int = 0
    deleted_at: int | None = None
    tags: Mapping[str, str] = {}
    params: Mapping[str, str] = {}


class Artifact(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a run or of a logged model. Hashes are 32 raw bytes."""

    path: str
    size: int
    sha256: bytes
    file_hash: bytes


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a registered model: the commit with this number, and what is known of how it was registered."""

    number: int
    commit: str
    date: int
    run_id: int | None = None
    model_uid: str | None = None
    source: str = ""
    author: str = ""
    tags: Mapping[str, str] = {}
    aliases: tuple[str, ...] = ()
