"""The checks of what Hugging Face clients call, held against ours and against something else."""

import pytest
from bench.server import TOKEN, Server

from commonground.conformance.catalogue import PROTOCOLS, score


def test_there_are_enough() -> None:
    checks = PROTOCOLS["huggingface"].checks
    assert sum(not check.writes for check in checks) >= 30
    assert len({check.name for check in checks}) == len(checks)


@pytest.mark.parametrize(("token", "write", "skipped"), [(TOKEN, True, set()), (None, False, {"whoami"})])
def test_our_hub(hub: Server, token: str | None, write: bool, skipped: set[str]) -> None:
    report = score(hub.url, "huggingface", "bench/tiny", token, write=write)
    assert [(item.name, item.reason) for item in report.outcomes if item.state == "failed"] == []
    writing = set() if write else {check.name for check in PROTOCOLS["huggingface"].checks if check.writes}
    assert {item.name for item in report.outcomes if item.state == "skipped"} == skipped | writing


def test_what_is_no_hub(registry: str) -> None:
    report = score(registry, "huggingface", "bench/tiny", "secret", write=True)
    assert not report.conforms
    assert report.count("passed") <= 1


def test_nobody_there() -> None:
    report = score("http://127.0.0.1:9", "huggingface", "bench/tiny")
    assert {item.state for item in report.outcomes if item.required} == {"failed", "skipped"}
    assert "no sound answer" in report.outcomes[0].reason
