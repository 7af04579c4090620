import pytest

from commonground.hub.cards.validation import validate

EVALUATED = """\
model-index:
- name: m
  results:
  - task: {type: text-classification}
    dataset: {type: glue, name: Glue}
    metrics:
    - {type: accuracy, value: 0.5, verified: true}"""


def card(block: str) -> str:
    return f"---\n{block}\n---\n# Title\n"


@pytest.mark.parametrize(
    "block",
    [
        "license: mit",
        "license: [mit, apache-2.0]",
        "license: other\nlicense_name: mine",
        "language: no\ndatasets: CLUECorpusSmall\nwidget:\n- text: 北京是[MASK]国的首都。",
        "language: [en, zh-Hans, multilingual, code, yue]",
        "tags: [a, b]\npipeline_tag: fill-mask\nlibrary_name: x\nmetrics: acc",
        "unknown: {nested: [1, 2]}",
        EVALUATED,
    ],
)
def test_good_cards_pass(block: str) -> None:
    assert validate(card(block), "model").errors == ()


@pytest.mark.parametrize(
    ("block", "error"),
    [
        ("license: asdf", '"license" must be one of ['),
        ("license: [mit, x]", '"license[1]" must be one of ['),
        ("license: {a: 1}", '"license" must be one of ['),
        ("language: English", '"language" must be an ISO 639'),
        ("language: [en, 5]", '"language[1]" must be an ISO 639'),
        ("tags: [1]", '"tags[0]" must be a string'),
        ("tags: {a: b}", '"tags" must be a string'),
        ("pipeline_tag: [a]", '"pipeline_tag" must be a string'),
        (f"tags: [{'x' * 300}]", "longer than"),
        ("model-index: foo", '"model-index" must be an array'),
        ("model-index: [1]", '"model-index[0]" is required'),
        ("model-index: [{name: m}]", '"model-index[0].results" must be an array'),
        ("model-index: [{results: []}]", '"model-index[0].name" is required'),
        ("model-index: [{name: m, results: [x]}]", "must be an object"),
        ("model-index: [{name: m, results: [{task: {type: t}, dataset: {type: d}, metrics: []}]}]", "dataset.name"),
        ("model-index: [{name: m, results: [{task: {}, metrics: [{type: a}]}]}]", "metrics[0].value"),
        ("model-index: [{name: m, results: [{task: {}}]}]", '.metrics" must be an array'),
        ("a: [", "not valid YAML"),
        ("- a", "must be a mapping"),
    ],
)
def test_errors_name_the_place(block: str, error: str) -> None:
    report = validate(card(block), "model")
    assert any(error in message for message in report.errors), report


def test_spaces_have_their_own_rules() -> None:
    assert validate(card("sdk: gradio\ncolorFrom: red"), "space").errors == ()
    assert len(validate(card("sdk: word\ncolorFrom: beige"), "space").errors) == 2
    assert validate(card("model-index: foo"), "dataset").errors == ()


def test_warnings_do_not_refuse() -> None:
    assert validate("# no metadata", "model").warnings == ("empty or missing yaml metadata in repo card",)
    assert "not in the official list" in validate(card("pipeline_tag: dancing"), "model").warnings[0]
    assert "license_name" in validate(card("license: other"), "model").warnings[0]
    assert not validate(card("pipeline_tag: dancing"), "model").errors


def test_the_number_of_messages_is_bounded() -> None:
    assert len(validate(card(f"tags: [{', '.join('1' * 5000)}]"), "model").errors) == 100
