"""kill -9 during commits and uploads; `make bench AREA=store:kills` does the same two hundred times."""

from bench.crash import kills


def test_nothing_acknowledged_is_lost_and_fsck_is_clean() -> None:
    [row] = kills(8)
    assert row.peers["acknowledged"] > 0
    assert row.value == 0, row
