"""The names torch.hub can verify."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.gateways.torch_hub.wire import Alias, read_alias, write_alias

SHA256 = "6e870512" + "0" * 56
TORCH = re.compile(r"-([a-f0-9]*)\.")
"""``HASH_REGEX`` of torch.hub."""


@pytest.mark.parametrize(
    ("path", "alias"),
    [
        ("model.pth", "model-6e870512.pth"),
        ("model.safetensors", "model-6e870512.safetensors"),
        ("weights/v2/model.pt", "weights/v2/model-6e870512.pt"),
        ("model.pth.tar", "model-6e870512.pth.tar"),
        ("a.b/model", None),
    ],
)
def test_a_hash_is_added_before_the_ending(path: str, alias: str | None) -> None:
    assert write_alias(path, SHA256) == alias
    if alias:
        assert read_alias(alias) == Alias(path, SHA256[:8])
        match = TORCH.search(alias)
        assert match is not None
        assert match[1] == SHA256[:8]


@pytest.mark.parametrize(
    "path", ["model.pth", "model-6e87051.pth", "model-6E870512.pth", "model-6e870512", "-6e870512.pth"]
)
def test_other_names_hold_no_hash(path: str) -> None:
    assert read_alias(path) is None


def test_more_digits_than_eight_are_read() -> None:
    assert read_alias(f"model-{SHA256}.pth") == Alias("model.pth", SHA256)
    assert read_alias(f"model-{SHA256}0.pth") is None


@given(st.text(max_size=300))
def test_any_text_is_a_path(text: str) -> None:
    read_alias(text)
    alias = write_alias(text, SHA256)
    if alias is not None and (read := read_alias(alias)) is not None:
        assert read.path == text
