"""SQL of searches: conditions and orders over attributes, tags, parameters and metrics, for any subject that has them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, Float, Select, Table, cast, func, literal, not_, or_, select

from commonground.compute.tracking.model import DEFAULT, Condition, Field, FieldKind, Order, Search
from commonground.compute.tracking.pair_queries import subject_of
from commonground.database.schema.runs import run_metric
from commonground.errors import InvalidFilter

_NUMERIC = ("=", "!=", "<", "<=", ">", ">=")
_TEXT = ("=", "!=", "LIKE", "ILIKE", "IN", "NOT IN", "IS NULL", "IS NOT NULL")


class Subject(NamedTuple):
    """What is searched: its id, its attributes by name (numbers apart), and where its tags, parameters, metrics are."""

    id: Column[int]
    texts: Mapping[str, ColumnElement[Any]]
    numbers: Mapping[str, ColumnElement[Any]]
    pairs: Mapping[FieldKind, Table]
    metrics: bool = False


def narrowed(statement: Select[Any], subject: Subject, search: Search, *, sqlite: bool) -> Select[Any]:
    """``statement`` with the conditions, order and page of a search; :class:`InvalidFilter` for a field that the subject
    does not have.
    """
    for condition in search.conditions:
        statement = statement.where(_clause(subject, condition, sqlite=sqlite))
    for order in search.order:
        statement = statement.order_by(*_sorted(subject, order))
    return statement.offset(search.offset).limit(search.limit)


def in_experiments(column: Column[int], experiments: Sequence[int]) -> ColumnElement[bool]:
    """Whether something is in one of these experiments; what is in none is in the default one."""
    inside = column.in_([one for one in experiments if one != DEFAULT])
    return or_(inside, column.is_(None)) if DEFAULT in experiments else inside


def _clause(subject: Subject, condition: Condition, *, sqlite: bool) -> ColumnElement[bool]:
    value = condition.value
    numeric = _is_numeric(subject, condition.field)
    if condition.comparator not in (_NUMERIC if numeric else _TEXT):
        raise InvalidFilter(reason=f"{condition.field.key} cannot be compared with {condition.comparator}")
    if numeric != isinstance(value, float) and value is not None:
        raise InvalidFilter(reason=f"{condition.field.key} is compared with a {'number' if numeric else 'quoted text'}")
    found = _expression(subject, condition.field)
    return _compared(cast(found, Float) if numeric else found, condition, sqlite=sqlite)


def _compared(found: ColumnElement[Any], condition: Condition, *, sqlite: bool) -> ColumnElement[bool]:
    value: Any = condition.value
    match condition.comparator:
        case "IS NULL":
            return found.is_(None)
        case "IS NOT NULL":
            return found.is_not(None)
        case "IN":
            return found.in_(value)
        case "NOT IN":
            return not_(found.in_(value))
        case "ILIKE":
            return func.lower(found).like(value.lower())
        case "LIKE":  # of SQLite does not tell capitals from small letters; GLOB does
            return found.op("GLOB")(_glob(value)) if sqlite else found.like(value)
        case comparator:
            return found.bool_op(comparator)(literal(value))


def _glob(pattern: str) -> str:
    special = {"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}
    return "".join(special.get(character, character) for character in pattern)


def _sorted(subject: Subject, order: Order) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    found = _expression(subject, order.field)
    return found.is_(None).asc(), found.desc() if order.descending else found.asc()


def _is_numeric(subject: Subject, field: Field) -> bool:
    return field.kind == "metric" or (field.kind == "attribute" and field.key in subject.numbers)


def _expression(subject: Subject, field: Field) -> ColumnElement[Any]:
    if field.kind == "attribute":
        found = subject.texts.get(field.key, subject.numbers.get(field.key))
        if found is None:
            known = ", ".join(sorted({*subject.texts, *subject.numbers}))
            raise InvalidFilter(reason=f"there is no attribute {field.key[:100]}; there are {known}")
        return found
    if field.kind == "metric" and subject.metrics:
        return _latest(subject.id, field.key)
    if (table := subject.pairs.get(field.kind)) is not None:
        same = subject_of(table) == subject.id
        return select(table.c.value).where(same, table.c.key == field.key).scalar_subquery()
    raise InvalidFilter(reason=f"there is no {field.kind} to search by here")


def _latest(run_id: Column[int], key: str) -> ColumnElement[Any]:
    of_run = run_metric.c.run_id == run_id, run_metric.c.key == key
    newest = run_metric.c.step.desc(), run_metric.c.time.desc(), run_metric.c.id.desc()
    return select(run_metric.c.value).where(*of_run).order_by(*newest).limit(1).scalar_subquery()
