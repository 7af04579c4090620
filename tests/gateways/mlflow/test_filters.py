"""The language of searches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.compute.tracking.model import Condition, Field, Order
from commonground.errors import InvalidFilter
from commonground.gateways.mlflow.filters import parse_filter, parse_order


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("metrics.loss < 0.5", Condition(Field("metric", "loss"), "<", 0.5)),
        ("metric.`val loss` >= -1e-3", Condition(Field("metric", "val loss"), ">=", -0.001)),
        ("params.lr = '0.1'", Condition(Field("param", "lr"), "=", "0.1")),
        ('parameter."model.depth" != "3"', Condition(Field("param", "model.depth"), "!=", "3")),
        ("params.model.depth <> '3'", Condition(Field("param", "model.depth"), "!=", "3")),
        ("tags.team ilike '%A%'", Condition(Field("tag", "team"), "ILIKE", "%A%")),
        ("tags.`mlflow.note` IS NOT NULL", Condition(Field("tag", "mlflow.note"), "IS NOT NULL")),
        ("attributes.run_id IN ('1', '22')", Condition(Field("attribute", "run_id"), "IN", ("1", "22"))),
        ("run_id not  in ('1')", Condition(Field("attribute", "run_id"), "NOT IN", ("1",))),
        ("created > 17", Condition(Field("attribute", "start_time"), ">", 17.0)),
        ("name = 'it is AND that'", Condition(Field("attribute", "name"), "=", "it is AND that")),
        ("android.x = 1", None),
        ("metrics.loss", None),
        ("metrics.loss < ", None),
        ("metrics.loss < loss", None),
        ("loss < 0.5 OR loss > 1", None),
        ("run_id IN ()", None),
        ("run_id IN ('1'", None),
        ("x LIKE 3 4", None),
        ("datasets.name = 'x'", None),
        ("'", None),
    ],
)
def test_a_comparison(text: str, condition: Condition | None) -> None:
    if condition is None:
        with pytest.raises(InvalidFilter):
            parse_filter(text)
    else:
        assert parse_filter(text) == (condition,)


def test_comparisons_are_joined() -> None:
    found = parse_filter("metrics.a < 1 and params.b = 'x'  AND c = 'y'")
    assert [one.field.key for one in found] == ["a", "b", "c"]
    assert parse_filter("") == ()


def test_words_of_the_protocol_become_ours() -> None:
    words = {"status": {"FINISHED": "succeeded"}}
    assert parse_filter("attributes.status = 'Finished'", words)[0].value == "succeeded"
    assert parse_filter("tags.status = 'FINISHED'", words)[0].value == "FINISHED"


def test_an_order() -> None:
    assert parse_order(["metrics.loss DESC", "start_time", "params.`a b` asc"]) == (
        Order(Field("metric", "loss"), descending=True),
        Order(Field("attribute", "start_time")),
        Order(Field("param", "a b")),
    )
    for text in ("", "metrics.a < 1", "1", "metrics.a b"):
        with pytest.raises(InvalidFilter):
            parse_order([text])


keys = st.text(st.characters(exclude_characters="`", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
texts = st.text(st.characters(exclude_characters="'", exclude_categories=["Cs", "Cc"]), max_size=20)
conditions = st.one_of(
    st.builds(
        lambda key, comparator, value: Condition(Field("metric", key), comparator, value),
        keys,
        st.sampled_from(["=", "!=", "<", "<=", ">", ">="]),
        st.floats(allow_nan=False, allow_infinity=False),
    ),
    st.builds(
        lambda kind, key, comparator, value: Condition(Field(kind, key), comparator, value),
        st.sampled_from(["param", "tag"]),
        keys,
        st.sampled_from(["=", "!=", "LIKE", "ILIKE"]),
        texts,
    ),
    st.builds(
        lambda key, values: Condition(Field("attribute", key), "IN", tuple(values)),
        st.sampled_from(["run_id", "name"]),
        st.lists(texts, min_size=1, max_size=4),
    ),
)


def written(condition: Condition) -> str:
    value = condition.value
    if isinstance(value, tuple):
        shown = "(" + ", ".join(f"'{one}'" for one in value) + ")"
    else:
        shown = repr(value) if isinstance(value, float) else f"'{value}'"
    return f"{condition.field.kind}.`{condition.field.key}` {condition.comparator} {shown}"


@given(st.lists(conditions, max_size=5))
def test_what_is_written_is_read(given_conditions: list[Condition]) -> None:
    text = " AND ".join(map(written, given_conditions))
    assert parse_filter(text) == tuple(given_conditions)


@given(st.text(max_size=200))
def test_any_other_text_is_refused(text: str) -> None:
    for parse in (parse_filter, lambda given_text: parse_order([given_text])):
        try:
            parse(text)
        except InvalidFilter:
            continue
