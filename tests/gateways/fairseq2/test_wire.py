"""From the front matter of a repository to the card fairseq2 reads."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from commonground.errors import BadRequest
from commonground.gateways.fairseq2.wire import Section, encode_document, encode_remark, read_section, write_card
from tests.gateways.fairseq2.schema import load

FULL = {
    "name": "wav2vec2_base",
    "model_family": "wav2vec2",
    "model_arch": "base",
    "model_config_overrides": {"encoder_config": {"num_encoder_layers": 1}},
    "checkpoint": "weights/model.pt",
    "tokenizer": "spm.model",
    "tokenizer_family": "nllb",
}


def address(path: str) -> str:
    return f"http://hub.example/acme/tiny/resolve/abc/{path}"


def test_a_section_becomes_a_card() -> None:
    card = write_card("acme/tiny", read_section({"fairseq2": FULL}), address)
    assert card == {
        "name": "acme/tiny",
        "model_family": "wav2vec2",
        "model_arch": "base",
        "tokenizer_family": "nllb",
        "model_config_overrides": {"encoder_config": {"num_encoder_layers": 1}},
        "checkpoint": address("weights/model.pt"),
        "tokenizer": address("spm.model"),
        "restrict": True,
    }
    assert list(load(encode_document(card))) == ["acme/tiny@"]


def test_whether_checkpoints_run_code_is_not_for_their_author_to_say() -> None:
    section = read_section({"fairseq2": FULL | {"restrict": False}})
    assert write_card("a/b", section, address)["restrict"] is True


@pytest.mark.parametrize(
    "section",
    [
        None,
        [],
        "wav2vec2",
        {},
        {"model_arch": "base"},
        {"model_family": 7},
        FULL | {"model_config": "base"},
        FULL | {"checkpoint": "http://elsewhere.example/model.pt"},
        FULL | {"checkpoint": "/etc/passwd"},
        FULL | {"checkpoint": "../model.pt"},
        FULL | {"checkpoint": "a//b"},
        FULL | {"tokenizer": "c:model"},
        FULL | {"tokenizer": ""},
        FULL | {"name": "wav2vec2_base@user"},
        FULL | {"name": " "},
        FULL | {"base": "a\nb"},
        FULL | {"model_config_overrides": {"x": ["${env:HOME}"]}},
        FULL | {"model_arch": "${dir}"},
    ],
)
def test_other_sections_are_refused(section: Any) -> None:
    with pytest.raises(BadRequest, match="fairseq2"):
        read_section({"fairseq2": section})


def test_a_section_without_end_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(50):
        deep = {"x": deep}
    with pytest.raises(BadRequest, match="model_config"):
        read_section({"fairseq2": FULL | {"model_config": deep}})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(Section.__struct_fields__, JSON)))
def test_any_section_is_read_or_refused(section: dict[str, Any]) -> None:
    try:
        card = write_card("acme/tiny", read_section({"fairseq2": section}), address)
    except BadRequest:
        return
    [loaded] = yaml.safe_load_all(encode_document(card))
    assert loaded == card


@given(st.text(max_size=100))
def test_a_remark_stays_a_remark(text: str) -> None:
    assert load(encode_remark(text)) == {}
