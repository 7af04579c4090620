"""Who promised signs of life and gives none is found, once."""

from commonground.compute.launchers.model import LogLine
from commonground.compute.runs.signs import Signs


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def line(rank: int, data: bytes, stream: str = "report") -> LogLine:
    return LogLine(stream=stream, rank=rank, role="worker", data=data)  # type: ignore[arg-type]


def broken(*events: tuple[float, LogLine], at: float) -> list[tuple[str, int]]:
    signs = Signs(clock := Clock())
    for clock.now, event in events:
        signs.take(event)
    clock.now = at
    found = list(signs.broken())
    assert list(signs.broken()) == []
    return found


def test_silence_for_longer_than_promised_is_told_once() -> None:
    promise = (0, line(1, b'{"promise": 10}\n'))
    assert broken(promise, at=9) == []
    assert broken(promise, at=11) == [("worker", 1)]


def test_whatever_a_process_writes_is_a_sign() -> None:
    for stream, data in [("report", b"{}\n"), ("stdout", b"text\n"), ("report", b'"promise"')]:
        assert broken((0, line(0, b'{"promise": 10}\n')), (5, line(0, data, stream)), at=14) == []


def test_one_speaks_for_itself_alone() -> None:
    assert broken((0, line(0, b'{"promise": 10}\n')), (9, line(1, b"{}\n")), at=11) == [("worker", 0)]


def test_who_promised_nothing_or_took_it_back_may_be_silent() -> None:
    assert broken((0, line(0, b"{}\n")), at=1e6) == []
    assert broken((0, line(0, b'{"promise": 1}\n')), (1, line(0, b'{"promise": 0}\n')), at=1e6) == []
