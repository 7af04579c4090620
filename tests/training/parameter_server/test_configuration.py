"""Options that cannot be meant are refused before a process starts."""

from typing import Any

import msgspec
import numpy as np
import pytest

from commonground.errors import BadRequest
from commonground.training.parameter_server import Options, ParameterServer
from commonground.training.parameter_server.configuration import split


@pytest.mark.parametrize(
    "wrong",
    [
        {"workers": 0},
        {"chunk": 0},
        {"chunk": 2**40},
        {"top_k": 0.0},
        {"heartbeat": 0},
        {"staleness_bound": -1},
        {"snapshot_every": -1},
        {"dimension": -3},
    ],
)
def test_a_wrong_option_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadRequest, match=next(iter(wrong))):
        Options(**wrong)


def test_an_unknown_option_or_optimizer_is_refused() -> None:
    for text in (b'{"momentum": 1}', b'{"optimizer": {"name": "lion"}}', b'{"codec": "zip"}'):
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(text, type=Options)


def test_shards_cover_everything_once() -> None:
    assert split(10, 3) == [(0, 3), (3, 6), (6, 10)]


@pytest.mark.parametrize(("size", "shards"), [(0, 1), (3, 4), (3, 0)])
def test_there_is_no_empty_shard(size: int, shards: int) -> None:
    with pytest.raises(BadRequest, match="cannot be split"):
        ParameterServer(np.zeros(size), shards=shards)


def test_a_table_has_whole_rows() -> None:
    with pytest.raises(BadRequest, match="rows of 3"):
        ParameterServer(np.zeros(10), Options(mode="async", dimension=3))
