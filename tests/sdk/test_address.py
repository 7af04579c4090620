"""Addresses: what they name, and that text and address say the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.errors import InvalidAddress
from commonground.sdk.address import Address

NAMES = st.from_regex(r"[A-Za-z0-9._-]{1,20}", fullmatch=True)
OWNERS = st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True).filter(
    lambda name: name not in {"models", "datasets", "spaces", "kernels"}
)
PATHS = st.lists(st.text(min_size=1).filter(lambda part: "/" not in part), max_size=4).map("/".join)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("hub://models/o/n", Address(owner="o", name="n")),
        ("hub://o/n", Address(owner="o", name="n")),
        ("o/n", Address(owner="o", name="n")),
        ("datasets/o/n", Address(kind="dataset", owner="o", name="n")),
        ("hub://datasets/o/n@v1/a/b.csv", Address(kind="dataset", owner="o", name="n", revision="v1", path="a/b.csv")),
        ("o/n@refs%2Fpr%2F1/x", Address(owner="o", name="n", revision="refs/pr/1", path="x")),
        ("o/n/a@b", Address(owner="o", name="n", path="a@b")),
        ("hub://spaces/o/n.x/", Address(kind="space", owner="o", name="n.x")),
    ],
)
def test_an_address_names_its_parts(text: str, address: Address) -> None:
    assert Address.parse(text) == address


@pytest.mark.parametrize(
    "text", ["", "hub://", "o", "models/o", "hub://models/o", "o/n@", "o o/n", "o/ä", "o//n", "@/n"]
)
def test_what_names_nothing_is_refused(text: str) -> None:
    with pytest.raises(InvalidAddress):
        Address.parse(text)


@given(
    kind=st.sampled_from(["model", "dataset", "space", "kernel"]),
    owner=OWNERS,
    name=NAMES,
    revision=st.none() | st.text(min_size=1),
    path=PATHS.filter(lambda path: path == path.strip("/")),
)
def test_an_address_survives_being_written_down(
    kind: str, owner: str, name: str, revision: str | None, path: str
) -> None:
    address = Address(kind=kind, owner=owner, name=name, revision=revision, path=path)  # type: ignore[arg-type]
    assert Address.parse(str(address)) == address


def test_given_parts_win() -> None:
    address = Address.parse("o/n@v1/a")
    assert str(address.at("v2", "b")) == "hub://models/o/n@v2/b"
    assert address.at() == address
