"""SQL of experiments and of what is recorded of runs."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    Float,
    RowMapping,
    String,
    Table,
    bindparam,
    cast,
    func,
    insert,
    null,
    select,
    tuple_,
    update,
)

from commonground.compute.runs.model import Point
from commonground.compute.tracking import pair_queries
from commonground.compute.tracking.model import DEFAULT, RUN_NAME, Experiment, Search, TrackedRun
from commonground.compute.tracking.search_queries import Subject, in_experiments, narrowed
from commonground.database.conflict import insert_or_ignore, upsert
from commonground.database.schema.accounts import account
from commonground.database.schema.experiments import (
    experiment,
    experiment_tag,
    logged_model,
    run_dataset,
    run_metric_gap,
    run_param,
    run_tag,
    run_tracking,
)
from commonground.database.schema.runs import run, run_metric

_EXPERIMENTS = Subject(
    id=experiment.c.id,
    texts={"name": experiment.c.name, "experiment_id": cast(experiment.c.id, String)},
    numbers={"creation_time": experiment.c.created_at, "last_update_time": experiment.c.updated_at},
    pairs={"tag": experiment_tag},
)
_named = select(run_tag.c.value).where(run_tag.c.run_id == run.c.id, run_tag.c.key == RUN_NAME).scalar_subquery()
_begun = func.coalesce(run.c.started_at, run.c.created_at)
_RUNS = Subject(
    id=run.c.id,
    texts={
        "run_id": cast(run.c.id, String),
        "run_name": func.coalesce(_named, run.c.name),
        "status": run.c.state,
        "user_id": account.c.name,
    },
    numbers={"start_time": _begun, "end_time": run.c.finished_at},
    pairs={"tag": run_tag, "param": run_param},
    metrics=True,
)
_TRACKED = (
    select(run, account.c.name.label("owner"), run_tracking.c.experiment_id, run_tracking.c.deleted_at)
    .join(account, account.c.id == run.c.owner_id)
    .outerjoin(run_tracking, run_tracking.c.run_id == run.c.id)
)
_ADD_EXPERIMENT = insert_or_ignore(experiment, experiment.c.id)
_track = upsert(run_tracking, ["run_id"], ["experiment_id", "deleted_at"])
_bin = upsert(run_tracking, ["run_id"], ["deleted_at"])
_add_dataset = insert_or_ignore(run_dataset)
_nothing = cast(null(), Float)
_PLAIN = [
    name
    for name in TrackedRun.__struct_fields__
    if name not in {"experiment_id", "metrics", "params", "tags", "models", "datasets"}
]


# --- experiments ------------------------------------------------------------------------------------------------------


def add_experiment(connection: Connection, owner_id: int, name: str, now: int) -> int | None:
    """The id of a new experiment; ``None`` where the account has one of that name."""
    row = {"owner_id": owner_id, "name": name, "created_at": now, "updated_at": now}
    found: int | None = _ADD_EXPERIMENT.one(connection, row)
    return found


def find_experiment(connection: Connection, experiment_id: int) -> Experiment | None:
    """The experiment with this id."""
    rows = connection.execute(select(experiment).where(experiment.c.id == experiment_id)).mappings()
    return next(iter(_experiments(connection, rows)), None)


def find_named(connection: Connection, owner_id: int, name: str) -> Experiment | None:
    """The experiment of this name of an account."""
    statement = select(experiment).where(experiment.c.owner_id == owner_id, experiment.c.name == name)
    return next(iter(_experiments(connection, connection.execute(statement).mappings())), None)


def search_experiments(connection: Connection, owner_id: int | None, search: Search) -> list[Experiment]:
    """A page of the experiments of an account, or of all; newest first where the search does not say otherwise."""
    statement = select(experiment)
    if owner_id is not None:
        statement = statement.where(experiment.c.owner_id == owner_id)
    if search.existing != "all":
        deleted = experiment.c.deleted_at.is_not(None)
        statement = statement.where(deleted if search.existing == "deleted" else ~deleted)
    statement = narrowed(statement, _EXPERIMENTS, search, sqlite=_is_sqlite(connection))
    return _experiments(connection, connection.execute(statement.order_by(experiment.c.id.desc())).mappings())


def change_experiment(connection: Connection, experiment_id: int, values: Mapping[str, Any]) -> None:
    """Set columns of an experiment."""
    connection.execute(update(experiment).where(experiment.c.id == experiment_id).values(values))


def _experiments(connection: Connection, rows: Iterable[RowMapping]) -> list[Experiment]:
    found = list(rows)
    tags = pair_queries.of(connection, experiment_tag, [row["id"] for row in found])
    return [Experiment(tags=tags[row["id"]], **row) for row in found]


# --- runs -------------------------------------------------------------------------------------------------------------


def add_run(connection: Connection, values: dict[str, Any], experiment_id: int) -> int:
    """Store a run; its id."""
    run_id: int = connection.execute(insert(run).returning(run.c.id), values).scalar_one()
    if experiment_id != DEFAULT:
        _track(connection, {"run_id": run_id, "experiment_id": experiment_id, "deleted_at": None})
    return run_id


def find_plain(connection: Connection, run_id: int, *, lock: bool = False) -> TrackedRun | None:
    """A run without what was recorded of it; with ``lock`` nobody else changes it before the transaction ends."""
    statement = _TRACKED.where(run.c.id == run_id)
    row = connection.execute(statement.with_for_update(of=run) if lock else statement).mappings().first()
    return None if row is None else _plain(row)


def find_run(connection: Connection, run_id: int) -> TrackedRun | None:
    """A run with what was recorded of it."""
    rows = connection.execute(_TRACKED.where(run.c.id == run_id)).mappings().all()
    return next(iter(_complete(connection, rows)), None)


def search_runs(
    connection: Connection, owner_id: int | None, experiments: Sequence[int], search: Search
) -> list[TrackedRun]:
    """A page of the runs of some experiments; the newest first where the search does not say otherwise."""
    statement = _TRACKED.where(in_experiments(run_tracking.c.experiment_id, experiments))
    if owner_id is not None:
        statement = statement.where(run.c.owner_id == owner_id)
    if search.existing != "all":
        deleted = run_tracking.c.deleted_at.is_not(None)
        statement = statement.where(deleted if search.existing == "deleted" else ~deleted)
    statement = narrowed(statement, _RUNS, search, sqlite=_is_sqlite(connection))
    rows = connection.execute(statement.order_by(_begun.desc(), run.c.id.desc())).mappings().all()
    return _complete(connection, rows)


def change_run(connection: Connection, run_id: int, values: Mapping[str, Any]) -> None:
    """Set columns of a run."""
    connection.execute(update(run).where(run.c.id == run_id).values(values))


def set_deleted(connection: Connection, run_id: int, moment: int | None) -> None:
    """Put a run into the bin, or take it out."""
    _bin(connection, {"run_id": run_id, "deleted_at": moment})


def add_points(connection: Connection, run_id: int, points: Iterable[Point]) -> None:
    """Append values of metrics."""
    numbers, gaps = [], []
    for point in points:
        row = {"run_id": run_id, "key": point.key, "step": point.step, "time": point.time}
        if math.isnan(point.value):
            gaps.append(row)
        else:
            numbers.append({**row, "value": point.value})
    for table, rows in ((run_metric, numbers), (run_metric_gap, gaps)):
        if rows:
            connection.execute(insert(table), rows)


def is_known(connection: Connection, run_id: int, point: Point) -> bool:
    """Whether this very value was reported before."""
    table = run_metric_gap if math.isnan(point.value) else run_metric
    same = [table.c.run_id == run_id, table.c.key == point.key, table.c.step == point.step, table.c.time == point.time]
    if table is run_metric:
        same.append(run_metric.c.value == point.value)
    return connection.execute(select(table.c.id).where(*same).limit(1)).first() is not None


def history(connection: Connection, run_id: int, key: str, offset: int, limit: int) -> list[Point]:
    """The values of a metric, by step and time."""
    values = [
        select(table.c.step, table.c.time, value.label("value"), table.c.id).where(
            table.c.run_id == bindparam("run_id"), table.c.key == bindparam("key")
        )
        for table, value in ((run_metric, run_metric.c.value), (run_metric_gap, _nothing))
    ]
    both = values[0].union_all(values[1]).subquery()
    page = select(both).order_by(both.c.step, both.c.time, both.c.id).offset(offset).limit(limit)
    rows = connection.execute(page, {"run_id": run_id, "key": key})
    return [_point(key, row.step, row.time, row.value, row.id) for row in rows]


def add_dataset(connection: Connection, run_id: int, name: str, digest: str, document: str) -> None:
    """Note what a run reads; the same again changes nothing."""
    row = {"run_id": run_id, "name": name, "digest": digest, "document": document}
    _add_dataset(connection, row)


def _plain(row: RowMapping, **more: Any) -> TrackedRun:
    plain = {name: row[name] for name in _PLAIN}
    return TrackedRun(**plain, experiment_id=row["experiment_id"] or DEFAULT, **more)


def _complete(connection: Connection, rows: Sequence[RowMapping]) -> list[TrackedRun]:
    ids = [row["id"] for row in rows]
    if not ids:
        return []
    tags, params = (pair_queries.of(connection, table, ids) for table in (run_tag, run_param))
    metrics, models, datasets = (work(connection, ids) for work in (_latest, _models, _datasets))
    return [
        _plain(
            row,
            metrics=metrics.get(row["id"], ()),
            params=params[row["id"]],
            tags=tags[row["id"]],
            models=models.get(row["id"], {}),
            datasets=datasets.get(row["id"], ()),
        )
        for row in rows
    ]


def _latest(connection: Connection, run_ids: Sequence[int]) -> dict[int, tuple[Point, ...]]:
    """The value of each metric at its largest step, the last reported of several."""
    newest: dict[tuple[int, str], Point] = {}
    for table in (run_metric, run_metric_gap):
        for row in connection.execute(_of_last_steps(table, run_ids)).mappings():
            point = _point(row["key"], row["step"], row["time"], row.get("value"), row["id"])
            place = row["run_id"], row["key"]
            if place not in newest or _age(newest[place]) <= _age(point):
                newest[place] = point
    found: dict[int, tuple[Point, ...]] = {}
    for (run_id, _), point in sorted(newest.items()):
        found[run_id] = (*found.get(run_id, ()), point)
    return found


def _of_last_steps(table: Table, run_ids: Sequence[int]) -> Any:
    last = (
        select(table.c.run_id, table.c.key, func.max(table.c.step))
        .where(table.c.run_id.in_(run_ids))
        .group_by(table.c.run_id, table.c.key)
    )
    return (
        select(table)
        .where(table.c.run_id.in_(run_ids), tuple_(table.c.run_id, table.c.key, table.c.step).in_(last))
        .order_by(table.c.time, table.c.id)
    )


def _age(point: Point) -> tuple[int, int]:
    return point.step, point.time


def _point(key: str, step: int, time: int, value: float | None, point_id: int) -> Point:
    return Point(key=key, step=step, time=time, value=math.nan if value is None else value, id=point_id)


def _models(connection: Connection, run_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    columns = logged_model.c.run_id, logged_model.c.uid, logged_model.c.step
    made = logged_model.c.run_id.in_(run_ids), logged_model.c.deleted_at.is_(None), logged_model.c.step.is_not(None)
    found: dict[int, dict[str, int]] = {}
    for run_id, uid, step in connection.execute(select(*columns).where(*made).order_by(logged_model.c.id)):
        found.setdefault(run_id, {})[uid] = step
    return found


def _datasets(connection: Connection, run_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    columns = run_dataset.c.run_id, run_dataset.c.document
    found: dict[int, tuple[str, ...]] = {}
    for run_id, document in connection.execute(select(*columns).where(run_dataset.c.run_id.in_(run_ids))):
        found[run_id] = (*found.get(run_id, ()), document)
    return found


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"
