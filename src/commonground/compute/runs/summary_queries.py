"""SQL of what is shown of a run at a glance: metrics thinned out for charts, the end of the log."""

from sqlalchemy import Connection, Float, Integer, RowMapping, bindparam, case, cast, func, select

from commonground.compute.runs.model import LogBlock, Point, Sample, Series
from commonground.compute.runs.queries import logs
from commonground.database.schema.runs import run_log, run_metric

MOST_BLOCKS = 200
LARGEST = 1e290
"""What is beyond counts as this in a mean."""

_OF_RUN = run_metric.c.run_id == bindparam("run_id")
_SPAN = (
    select(
        run_metric.c.key,
        func.count().label("count"),
        func.min(run_metric.c.step).label("first_step"),
        func.max(run_metric.c.step).label("last_step"),
        func.min(run_metric.c.id).label("first_id"),
        func.max(run_metric.c.id).label("last_id"),
    )
    .where(_OF_RUN)
    .group_by(run_metric.c.key)
    .order_by(run_metric.c.key)
    .limit(bindparam("most"))
    .subquery()
)
_LAST = select(run_metric, _SPAN.c.count).join(_SPAN, _SPAN.c.last_id == run_metric.c.id).order_by(run_metric.c.key)
# As floats: a step may be as large as an integer can be.
_PLACE = case(
    (
        _SPAN.c.last_step > _SPAN.c.first_step,
        (cast(run_metric.c.step, Float) - _SPAN.c.first_step) / (cast(_SPAN.c.last_step, Float) - _SPAN.c.first_step),
    ),
    else_=(cast(run_metric.c.id, Float) - _SPAN.c.first_id) / (_SPAN.c.last_id - _SPAN.c.first_id + 1.0),
)
_BUCKET = cast(_PLACE * (bindparam("samples", type_=Float) - 1), Integer)
# PostgreSQL refuses a sum that is no number any more, and a mean of large values for the sake of their squares.
_BOUNDED = case(
    (run_metric.c.value > LARGEST, LARGEST), (run_metric.c.value < -LARGEST, -LARGEST), else_=run_metric.c.value
)
_SAMPLES = (
    select(
        run_metric.c.key,
        func.min(run_metric.c.step).label("step"),
        func.min(run_metric.c.time).label("time"),
        (func.sum(_BOUNDED) / func.count()).label("value"),
        func.min(run_metric.c.value).label("low"),
        func.max(run_metric.c.value).label("high"),
        _BUCKET.label("bucket"),
    )
    .join(_SPAN, _SPAN.c.key == run_metric.c.key)
    .where(_OF_RUN)
    .group_by(run_metric.c.key, "bucket")
    .order_by(run_metric.c.key, "bucket")
)
_SIZES = (
    select(run_log.c.number, func.length(run_log.c.text))
    .where(run_log.c.run_id == bindparam("run_id"))
    .order_by(run_log.c.number.desc())
    .limit(MOST_BLOCKS)
)


def series(connection: Connection, run_id: int, metrics: int, samples: int) -> list[Series]:
    """The first ``metrics`` metrics of a run by name, each as at most ``samples`` means."""
    values = {"run_id": run_id, "most": metrics}
    thinned: dict[str, list[Sample]] = {}
    for row in connection.execute(_SAMPLES, {**values, "samples": float(samples)}).mappings():
        thinned.setdefault(row["key"], []).append(_sample(row))
    rows = connection.execute(_LAST, values).mappings()
    return [
        Series(key=row["key"], count=row["count"], last=_point(row), samples=tuple(thinned[row["key"]])) for row in rows
    ]


def _sample(row: RowMapping) -> Sample:
    return Sample(**{name: row[name] for name in Sample.__struct_fields__})


def _point(row: RowMapping) -> Point:
    return Point(**{name: row[name] for name in Point.__struct_fields__})


def log_tail(connection: Connection, run_id: int, size: int) -> list[LogBlock]:
    """The last blocks of the log that together have about ``size`` characters, at most :data:`MOST_BLOCKS`."""
    first, total = 1, 0
    for number, length in connection.execute(_SIZES, {"run_id": run_id}):
        first, total = number, total + length
        if total >= size:
            break
    return logs(connection, run_id, first - 1, MOST_BLOCKS)
