"""What a specification of the kind fine-tune may say, and the card that comes out."""

from typing import Any

import pytest

from commonground.errors import InvalidSpec
from commonground.hub.cards.front_matter import read_card
from commonground.training.fine_tune.card import Origin, card
from commonground.training.fine_tune.columns import columns_of
from commonground.training.fine_tune.options import FineTuning, options_of, plan_of
from commonground.training.fine_tune.tasks import task_of
from commonground.training.parameter_server.optimizer import Adam

SPECIFICATION: dict[str, Any] = {
    "inputs": {"model": "hub://models/a/b", "data": "hub://datasets/a/c"},
    "outputs": {"model": "hub://models/a/d"},
    "options": {},
    "resources": {"workers": 1},
    "fault": {"timeout": 60.0},
}


def test_nothing_but_the_edges_has_to_be_said() -> None:
    options = options_of(SPECIFICATION)
    plan = plan_of(SPECIFICATION, options, 7)
    assert (plan.seed, plan.options.decay, plan.optimizer) == (7, True, Adam(5e-5))
    lora = options_of({**SPECIFICATION, "options": {"method": "lora"}})
    assert plan_of(SPECIFICATION, lora, 7).optimizer == Adam(1e-3)


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        ({"options": {"rank": 1}}, "no rank"),
        ({"options": {"task": "translation"}}, "task"),
        ({"options": {"lora": {"rank": 0}}}, "rank"),
        ({"options": {"text_column": []}}, "text_column"),
        ({"inputs": {"model": "x"}}, "inputs"),
        ({"outputs": {}}, "output"),
        ({"resources": {"servers": 1}}, "servers"),
        ({"entry": "a:b"}, "entry"),
    ],
)
def test_what_cannot_be_meant_is_named(section: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidSpec, match=reason):
        options_of({**SPECIFICATION, **section})


def test_the_task_is_that_of_the_options_or_of_the_card() -> None:
    assert task_of(FineTuning(), {"pipeline_tag": "text-classification"}) == "text-classification"
    assert task_of(FineTuning(task="causal-lm"), {"pipeline_tag": "fill-mask"}) == "text-generation"
    with pytest.raises(InvalidSpec, match="names fill-mask"):
        task_of(FineTuning(), {"pipeline_tag": "fill-mask"})


def test_columns_have_names_until_others_are_given() -> None:
    assert columns_of("token-classification", FineTuning()).all == ["tokens", "ner_tags"]
    assert columns_of("text-generation", FineTuning(text_column="body")).all == ["body"]
    pair = FineTuning(text_column=["a", "b"], label_column="c")
    assert columns_of("text-classification", pair).all == ["a", "b", "c"]
    for task in ("text-generation", "token-classification"):
        with pytest.raises(InvalidSpec, match=r"one column|no labels"):
            columns_of(task, pair)
    with pytest.raises(InvalidSpec, match="two columns"):
        columns_of("sentence-similarity", FineTuning(text_column="a"))


def test_the_card_says_where_a_model_comes_from_and_how_good_it_is() -> None:
    inherited = {"license": "mit", "language": ["en"], "pipeline_tag": "fill-mask"}
    origin = Origin(name="d", model="a/b", data="a/c", task="text-classification", card=inherited)
    text = card(origin, FineTuning(method="lora"), {"accuracy": 0.5}, {"accuracy": 0.9})
    found = read_card(text)
    assert not found.problem
    metadata = found.metadata
    assert (metadata["license"], metadata["base_model"], metadata["datasets"]) == ("mit", "a/b", ["a/c"])
    assert (metadata["base_model_relation"], metadata["library_name"]) == ("adapter", "peft")
    assert metadata["model-index"][0]["results"][0]["metrics"] == [{"type": "accuracy", "value": 0.9}]
    assert "| accuracy | 0.5000 | 0.9000 |" in found.body
