"""What leaves the process: logs without secrets, metrics with the names that dashboards know."""

import json
from collections.abc import Iterator

import pytest
import structlog

from commonground import telemetry
from commonground.settings import Settings


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@pytest.mark.parametrize("key", ["token", "Authorization", "password", "access_token"])
def test_secrets_do_not_reach_the_log(capsys: pytest.CaptureFixture[str], key: str) -> None:
    telemetry.configure(Settings(log_format="json"))
    telemetry.logger().info("signed in", **{key: "hf_secret", "name": "ada"})
    [line] = capsys.readouterr().err.splitlines()
    assert json.loads(line) | {"timestamp": ""} == {
        "event": "signed in", "level": "info", "name": "ada", "timestamp": "", key: "***",
    }  # fmt: skip


def test_what_is_below_the_level_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry.configure(Settings(log_format="json", log_level="warning"))
    telemetry.logger().info("chatter")
    telemetry.logger().warning("trouble")
    assert "chatter" not in (shown := capsys.readouterr().err)
    assert "trouble" in shown


def test_requests_are_counted_by_route_not_by_path() -> None:
    telemetry.observe_request("GET", "/{owner}/{name}", 200, 0.01)
    text, media_type = telemetry.exposition()
    assert media_type.startswith("text/plain")
    sample = b'commonground_request_seconds_count{method="GET",route="/{owner}/{name}",status="200"}'
    assert any(line.startswith(sample) for line in text.splitlines())
