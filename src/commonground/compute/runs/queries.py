"""SQL of runs: what was stored about them, their logs, metrics and lineage."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, Table, bindparam, delete, func, insert, select, update

from commonground.compute.runs.model import Link, LogBlock, Made, Metric, Point, Run, RunQuery, Spec, Verdict
from commonground.database.schema.accounts import account
from commonground.database.schema.hub import repository
from commonground.database.schema.runs import run as table
from commonground.database.schema.runs import run_file, run_input, run_label, run_log, run_metric, run_output
from commonground.database.signals import signal

LOG_SIGNAL = "run.log"
METRIC_SIGNAL = "run.metric"
NO_ID = 2**63 - 1  # above every id

_MADE = {"owner", "spec", "environment", "inputs", "outputs", "parent", "schedule", "verdict", "labels"}
_PLAIN = [name for name in Run.__struct_fields__ if name not in _MADE]
_RUNS = select(table, account.c.name.label("owner")).join(account, account.c.id == table.c.owner_id)
_ADD = insert(table).returning(table.c.id)
_LOGGED = (
    update(table)
    .where(table.c.id == bindparam("run_id"))
    .values(logged=table.c.logged + bindparam("size"))
    .returning(table.c.logged)
)
_MEASURED = (
    update(table)
    .where(table.c.id == bindparam("run_id"))
    .values(measured=table.c.measured + bindparam("count"))
    .returning(table.c.measured)
)
_NEXT_BLOCK = select(func.coalesce(func.max(run_log.c.number), 0) + 1).where(run_log.c.run_id == bindparam("run_id"))
_LOGS = (
    select(run_log)
    .where(run_log.c.run_id == bindparam("run_id"), run_log.c.number > bindparam("after"))
    .order_by(run_log.c.number)
    .limit(bindparam("most"))
)
_POINTS = (
    select(run_metric)
    .where(run_metric.c.run_id == bindparam("run_id"), run_metric.c.id > bindparam("after"))
    .order_by(run_metric.c.id)
    .limit(bindparam("most"))
)
_POINTS_OF_KEYS = _POINTS.where(run_metric.c.key.in_(bindparam("keys", expanding=True)))


def _links(edge: Table) -> Any:
    named = (account.c.name + "/" + repository.c.name).label("repository")
    return (
        select(edge, repository.c.kind, named)
        .outerjoin(repository, repository.c.id == edge.c.repository_id)
        .outerjoin(account, account.c.id == repository.c.owner_id)
        .order_by(edge.c.run_id, edge.c.name)
    )


_EDGES = {"inputs": run_input, "outputs": run_output}
_LINKS = {
    name: _links(edge).where(edge.c.run_id.in_(bindparam("runs", expanding=True))) for name, edge in _EDGES.items()
}
_TOUCHING = {
    name: select(edge.c.run_id)
    .where(edge.c.repository_id == bindparam("repository"), edge.c.commit == bindparam("sha"))
    .order_by(edge.c.run_id)
    .limit(bindparam("most"))
    for name, edge in _EDGES.items()
}
_LABELS = select(run_label).where(run_label.c.run_id.in_(bindparam("runs", expanding=True))).order_by(run_label.c.key)
_FILES = select(run_file).where(run_file.c.run_id == bindparam("run")).order_by(run_file.c.output, run_file.c.path)
_SEALED = select(table.c.sealed).where(table.c.id == bindparam("run"))
_JUDGE = update(table).where(table.c.id == bindparam("run")).values(verdict=bindparam("text"))


def add(
    connection: Connection,
    values: Mapping[str, Any],
    inputs: Iterable[Link],
    outputs: Iterable[Link],
    labels: Mapping[str, str] | None = None,
) -> int:
    """Store a run with its edges and labels; its id."""
    run_id: int = connection.execute(_ADD, values).scalar_one()
    set_labels(connection, run_id, labels or {})
    for edge, links in ((run_input, inputs), (run_output, outputs)):
        rows = [_edge(run_id, link) for link in links]
        if rows:
            connection.execute(insert(edge), rows)
    return run_id


def set_labels(connection: Connection, run_id: int, labels: Mapping[str, str]) -> None:
    """Give a run these labels instead of those it has."""
    connection.execute(delete(run_label).where(run_label.c.run_id == run_id))
    rows = [{"run_id": run_id, "key": key, "value": value} for key, value in labels.items()]
    if rows:
        connection.execute(insert(run_label), rows)


def _edge(run_id: int, link: Link) -> dict[str, Any]:
    commit = bytes.fromhex(link.commit) if link.commit else None
    return {
        "run_id": run_id, "name": link.name, "repository_id": link.repository_id, "commit": commit, "path": link.path
    }  # fmt: skip


def find(connection: Connection, run_id: int) -> Run | None:
    """The run with this id."""
    found = by_ids(connection, [run_id])
    return found[0] if found else None


def by_ids(connection: Connection, run_ids: Sequence[int]) -> list[Run]:
    """The runs with these ids that exist, by id."""
    return _runs(connection, _RUNS.where(table.c.id.in_(run_ids)).order_by(table.c.id))


def newest(connection: Connection, owner_id: int | None, query: RunQuery) -> list[Run]:
    """A page of runs, newest first: of one account, or of all."""
    statement = _RUNS.where(table.c.id < (NO_ID if query.before is None else query.before))
    if owner_id is not None:
        statement = statement.where(table.c.owner_id == owner_id)
    if query.state is not None:
        statement = statement.where(table.c.state == query.state)
    if query.states:
        statement = statement.where(table.c.state.in_(query.states))
    for name in ("parent", "schedule"):
        if (number := getattr(query, name)) is not None:
            statement = statement.where(table.c[f"{name}_id"] == number)
    for key, value in query.labels.items():
        labelled = select(run_label.c.run_id).where(run_label.c.key == key, run_label.c.value == value)
        statement = statement.where(table.c.id.in_(labelled))
    if query.kind:
        statement = statement.where(table.c.kind == query.kind)
    if query.owner:
        statement = statement.where(account.c.name == query.owner)
    if query.text:
        statement = statement.where(func.lower(table.c.name).contains(query.text.lower(), autoescape=True))
    return _runs(connection, statement.order_by(table.c.id.desc()).limit(query.limit))


def _runs(connection: Connection, statement: Any) -> list[Run]:
    rows = connection.execute(statement).mappings().all()
    ids = [row["id"] for row in rows]
    edges = {name: _links_of(connection, name, ids) for name in _LINKS}
    labels: dict[int, dict[str, str]] = {}
    for label in connection.execute(_LABELS, {"runs": ids}):
        labels.setdefault(label.run_id, {})[label.key] = label.value
    return [
        _run(row, labels.get(row["id"], {}), {name: tuple(found.get(row["id"], ())) for name, found in edges.items()})
        for row in rows
    ]


def _links_of(connection: Connection, name: str, run_ids: Sequence[int]) -> dict[int, list[Link]]:
    found: dict[int, list[Link]] = {}
    for row in connection.execute(_LINKS[name], {"runs": list(run_ids)}).mappings():
        found.setdefault(row["run_id"], []).append(
            Link(
                name=row["name"],
                kind=row["kind"],
                repository=row["repository"],
                repository_id=row["repository_id"],
                commit=row["commit"].hex() if row["commit"] else None,
                path=row["path"],
            )
        )
    return found


def _run(row: RowMapping, labels: dict[str, str], edges: Mapping[str, Any]) -> Run:
    return Run(
        owner=row["owner"],
        parent=row["parent_id"],
        schedule=row["schedule_id"],
        verdict=msgspec.json.decode(row["verdict"], type=Verdict) if row["verdict"] else None,
        labels=labels,
        spec=msgspec.json.decode(row["spec"], type=Spec),
        environment=msgspec.json.decode(row["environment"] or "{}"),
        **{name: row[name] for name in _PLAIN},
        **edges,
    )


def touching(connection: Connection, side: str, repository_id: int, commit: bytes, limit: int) -> list[int]:
    """Ids of the runs that have a revision among their ``"inputs"`` or ``"outputs"``."""
    values = {"repository": repository_id, "sha": commit, "most": limit}
    return list(connection.execute(_TOUCHING[side], values).scalars())


def add_log(connection: Connection, run_id: int, stream: str, texts: Sequence[str], now: int) -> None:
    """Append blocks of log."""
    number: int = connection.execute(_NEXT_BLOCK, {"run_id": run_id}).scalar_one()
    rows = [
        {"run_id": run_id, "number": number + place, "stream": stream, "text": text, "time": now}
        for place, text in enumerate(texts)
    ]
    connection.execute(insert(run_log), rows)
    signal(connection, LOG_SIGNAL)


def count_logged(connection: Connection, run_id: int, size: int) -> int:
    """Note that ``size`` more bytes of log are kept; how many there are now."""
    total: int = connection.execute(_LOGGED, {"run_id": run_id, "size": size}).scalar_one()
    return total


def logs(connection: Connection, run_id: int, after: int, limit: int) -> list[LogBlock]:
    """Blocks behind number ``after``."""
    rows = connection.execute(_LOGS, {"run_id": run_id, "after": after, "most": limit}).mappings()
    return [LogBlock(**{name: row[name] for name in LogBlock.__struct_fields__}) for row in rows]


def count_measured(connection: Connection, run_id: int, count: int) -> int:
    """Note that ``count`` more values of metrics were reported; how many there were."""
    total: int = connection.execute(_MEASURED, {"run_id": run_id, "count": count}).scalar_one()
    return total


def add_metrics(connection: Connection, run_id: int, points: Iterable[Metric]) -> None:
    """Append values of metrics."""
    rows = [
        {"run_id": run_id, "key": point.key, "step": point.step, "value": point.value, "time": point.time}
        for point in points
    ]
    connection.execute(insert(run_metric), rows)
    signal(connection, METRIC_SIGNAL)


def metrics(connection: Connection, run_id: int, keys: Sequence[str], after: int, limit: int) -> list[Point]:
    """Values behind the id ``after``, of some metrics or of all."""
    values: dict[str, Any] = {"run_id": run_id, "after": after, "most": limit}
    statement = _POINTS
    if keys:
        statement, values = _POINTS_OF_KEYS, {**values, "keys": list(keys)}
    rows = connection.execute(statement, values).mappings()
    return [Point(**{name: row[name] for name in Point.__struct_fields__}) for row in rows]


def files(connection: Connection, run_id: int) -> list[Made]:
    """What a run made, by output and path."""
    rows = connection.execute(_FILES, {"run": run_id}).mappings()
    return [Made(**{name: row[name] for name in Made.__struct_fields__}) for row in rows]


def set_files(connection: Connection, run_id: int, made: Iterable[Made]) -> None:
    """Record what a run made, instead of what an attempt before it did."""
    connection.execute(delete(run_file).where(run_file.c.run_id == run_id))
    rows = [{"run_id": run_id, **msgspec.structs.asdict(file)} for file in made]
    if rows:
        connection.execute(insert(run_file), rows)


def sealed(connection: Connection, run_id: int) -> bytes | None:
    """The run's own secrets, encrypted."""
    found: bytes | None = connection.execute(_SEALED, {"run": run_id}).scalar()
    return found


def judge(connection: Connection, run_id: int, verdict: Verdict) -> None:
    """Record how a replay compares."""
    connection.execute(_JUDGE, {"run": run_id, "text": msgspec.json.encode(verdict).decode()})


def repositories_of(connection: Connection, run_id: int) -> list[int]:
    """The repositories of a run's outputs."""
    found = select(run_output.c.repository_id).where(run_output.c.run_id == run_id).distinct()
    return list(connection.execute(found).scalars())
