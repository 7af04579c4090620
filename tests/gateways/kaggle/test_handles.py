"""Names of variations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.errors import BadRequest
from commonground.gateways.kaggle.handles import variation


@pytest.mark.parametrize(
    ("wire", "spelt"),
    [
        ("PY_TORCH", "pyTorch"),
        ("TENSOR_FLOW_2", "tensorFlow2"),
        ("KERAS", "keras"),
        ("GEMMA_CPP", "gemmaCpp"),
        ("TENSOR_RT_LLM", "tensorRtLlm"),
    ],
)
def test_frameworks_are_spelt_as_in_handles(wire: str, spelt: str) -> None:
    assert variation(f"MODEL_FRAMEWORK_{wire}", "base").path == f"{spelt}/base"


@given(st.text(), st.text())
def test_whatever_is_sent_is_a_branch_name_or_refused(framework: str, name: str) -> None:
    try:
        path = variation(framework, name).path
    except BadRequest:
        return
    assert path.count("/") == 1


@pytest.mark.parametrize(
    "framework", ["", "KERAS", "MODEL_FRAMEWORK_", "MODEL_FRAMEWORK_UNSPECIFIED", "MODEL_FRAMEWORK_A/B"]
)
def test_what_is_no_framework_is_refused(framework: str) -> None:
    with pytest.raises(BadRequest):
        variation(framework, "base")
