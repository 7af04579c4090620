"""What a process tells its worker, and that it costs nothing outside a run."""

import json
import os

import pytest

from commonground.compute.reporting import heartbeat, log_metric


def test_reports_are_lines_of_json(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    monkeypatch.setenv("CG_REPORT_FD", str(write))
    log_metric("loss", 0.5, 3)
    log_metric("loss", float("inf"))
    heartbeat()
    os.close(write)
    with os.fdopen(read) as lines:
        first, second = map(json.loads, lines)
    assert (first["key"], first["value"], first["step"]) == ("loss", 0.5, 3)
    assert second == {}
    heartbeat()  # the worker is gone


def test_outside_a_run_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CG_REPORT_FD", raising=False)
    log_metric("loss", 1.0)
    with pytest.raises(ValueError, match="1 to 128"):
        log_metric("", 1.0)


def test_a_promise_is_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    monkeypatch.setenv("CG_REPORT_FD", str(write))
    heartbeat(2.5)
    os.close(write)
    with os.fdopen(read) as lines:
        assert json.loads(lines.readline()) == {"promise": 2.5}
