"""What clients send, field by field as the protocol names it. Numbers may come as texts, as protobuf's JSON has them."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Status = Literal["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"]
View = Literal["ACTIVE_ONLY", "DELETED_ONLY", "ALL"]
Number = float | Literal["NaN", "Infinity", "-Infinity"]
Texts = Annotated[list[str], Meta(max_length=1000)]
PAGE_LIMIT = 1000


class Pair(msgspec.Struct, frozen=True):
    """A tag or a parameter."""

    key: str = ""
    value: str = ""


Pairs = Annotated[list[Pair], Meta(max_length=1000)]


class CreateExperiment(msgspec.Struct, frozen=True):
    """A new experiment; where its artifacts go is the server's business."""

    name: str = ""
    artifact_location: str | None = None
    tags: Pairs = []


class ExperimentId(msgspec.Struct, frozen=True):
    """An experiment."""

    experiment_id: str = ""


class ExperimentName(msgspec.Struct, frozen=True):
    """An experiment by its name."""

    experiment_name: str = ""


class RenameExperiment(ExperimentId, frozen=True):
    """Another name for an experiment."""

    new_name: str = ""


class ExperimentTag(ExperimentId, frozen=True):
    """A tag of an experiment."""

    key: str = ""
    value: str = ""


class Search(msgspec.Struct, frozen=True):
    """What all searches have."""

    filter: str = ""
    order_by: Texts = []
    max_results: int = 100
    page_token: str = ""


class SearchExperiments(Search, frozen=True):
    """A search of experiments."""

    view_type: View = "ACTIVE_ONLY"


class SearchRuns(Search, frozen=True):
    """A search of runs."""

    experiment_ids: Texts = []
    run_view_type: View = "ACTIVE_ONLY"


class CreateRun(msgspec.Struct, frozen=True):
    """A run that begins. ``user_id`` is not believed: it is the caller's."""

    experiment_id: str = "0"
    user_id: str = ""
    run_name: str = ""
    start_time: int | None = None
    tags: Pairs = []


class RunId(msgspec.Struct, frozen=True):
    """A run; old clients say ``run_uuid``."""

    run_id: str = ""
    run_uuid: str = ""

    @property
    def id(self) -> str:
        """The one of both that is there."""
        return self.run_id or self.run_uuid


class UpdateRun(RunId, frozen=True):
    """A new state, end or name."""

    status: Status | None = None
    end_time: int | None = None
    run_name: str = ""


class RunPair(RunId, frozen=True):
    """A parameter or a tag of a run."""

    key: str = ""
    value: str = ""


class Metric(msgspec.Struct, frozen=True):
    """A value of a metric. ``timestamp`` is in milliseconds. With ``model_id`` clients say again what the run said."""

    key: str = ""
    value: Number = 0.0
    timestamp: int = 0
    step: int = 0
    model_id: str = ""


class LogMetric(RunId, frozen=True):
    """A value of a metric of a run."""

    key: str = ""
    value: Number = 0.0
    timestamp: int = 0
    step: int = 0
    model_id: str = ""


class LogBatch(RunId, frozen=True):
    """Much at once."""

    metrics: Annotated[list[Metric], Meta(max_length=1000)] = []
    params: Pairs = []
    tags: Pairs = []


class MetricHistory(RunId, frozen=True):
    """Which metric, and which page of its values; without ``max_results`` all of them."""

    metric_key: str = ""
    max_results: int | None = None
    page_token: str = ""


class Dataset(msgspec.Struct, frozen=True):
    """What a run reads, as the client describes it."""

    name: str = ""
    digest: str = ""
    source_type: str = ""
    source: str = ""
    schema: str = ""
    profile: str = ""


class DatasetInput(msgspec.Struct, frozen=True):
    """A data set and what it is for."""

    dataset: Dataset = Dataset()
    tags: Pairs = []


class LogInputs(RunId, frozen=True):
    """What a run reads."""

    datasets: Annotated[list[DatasetInput], Meta(max_length=100)] = []


class ModelOutput(msgspec.Struct, frozen=True):
    """A model a run has logged."""

    model_id: str = ""
    step: int = 0


class LogOutputs(RunId, frozen=True):
    """What a run has logged."""

    models: Annotated[list[ModelOutput], Meta(max_length=100)] = []


class CreateLoggedModel(msgspec.Struct, frozen=True):
    """A model that is about to be saved."""

    experiment_id: str = "0"
    name: str = ""
    model_type: str = ""
    source_run_id: str = ""
    params: Pairs = []
    tags: Pairs = []


class FinalizeLoggedModel(msgspec.Struct, frozen=True):
    """How saving it ended."""

    status: Literal["LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED", "LOGGED_MODEL_PENDING"] = "LOGGED_MODEL_READY"


class TagList(msgspec.Struct, frozen=True):
    """Tags of a logged model."""

    tags: Pairs = []


class ParamList(msgspec.Struct, frozen=True):
    """Parameters of a logged model."""

    params: Pairs = []


class ModelOrder(msgspec.Struct, frozen=True):
    """A field to sort logged models by."""

    field_name: str = ""
    ascending: bool = True


class SearchLoggedModels(msgspec.Struct, frozen=True):
    """A search of logged models."""

    experiment_ids: Texts = []
    filter: str = ""
    order_by: Annotated[list[ModelOrder], Meta(max_length=100)] = []
    max_results: int = 100
    page_token: str = ""


class AllowDeleted(msgspec.Struct, frozen=True):
    """Whether one that was deleted is shown."""

    allow_deleted: bool = False


class RegisteredModel(msgspec.Struct, frozen=True):
    """A registered model by its name, and what is said of it."""

    name: str = ""
    new_name: str = ""
    description: str | None = None
    tags: Pairs = []


class LatestVersions(msgspec.Struct, frozen=True):
    """The newest version of each stage."""

    name: str = ""
    stages: Texts = []


class LatestVersionsQuery(msgspec.Struct, frozen=True):
    """The same in a query string."""

    name: str = ""
    stages: tuple[str, ...] = ()


class SearchQuery(msgspec.Struct, frozen=True):
    """A search in a query string."""

    filter: str = ""
    order_by: tuple[str, ...] = ()
    max_results: int = 100
    page_token: str = ""


class CreateVersion(msgspec.Struct, frozen=True):
    """A new version: files of a run or of a logged model."""

    name: str = ""
    source: str = ""
    run_id: str = ""
    model_id: str = ""
    description: str = ""
    tags: Pairs = []


class Version(msgspec.Struct, frozen=True):
    """A version, and what is said of it."""

    name: str = ""
    version: str = ""
    description: str | None = None
    stage: str = ""
    archive_existing_versions: bool = False
    key: str = ""
    value: str = ""


class Alias(msgspec.Struct, frozen=True):
    """An alias, and the version it is for."""

    name: str = ""
    alias: str = ""
    version: str = ""


class ModelTag(msgspec.Struct, frozen=True):
    """A tag of a registered model."""

    name: str = ""
    key: str = ""
    value: str = ""


class ListArtifacts(msgspec.Struct, frozen=True):
    """Which folder to list."""

    path: str = ""
