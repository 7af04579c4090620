"""Files of parcels."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.data.execution.parcel import Parcel, contents, parcels, write

some = st.builds(Parcel, st.sampled_from(["metrics", "keys.a"]), st.integers(0, 3), st.binary(max_size=20))


@given(st.lists(some))
def test_what_was_written_is_read(tmp_path_factory: pytest.TempPathFactory, given_parcels: list[Parcel]) -> None:
    path = tmp_path_factory.mktemp("parcels") / "one.parcels"
    write(given_parcels, path)
    assert list(parcels(path)) == given_parcels
    assert list(contents(path, "metrics")) == [one.content for one in given_parcels if one.channel == "metrics"]
    assert list(contents(path, "keys.a", 2)) == [
        one.content for one in given_parcels if one.channel == "keys.a" and one.partition == 2
    ]


def test_a_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    def failing() -> Iterator[Parcel]:
        yield Parcel("metrics", 0, b"1")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write(failing(), tmp_path / "one.parcels")
    assert list(tmp_path.glob("*")) == []
