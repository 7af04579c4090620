"""``commonground schedules`` against a real server with a worker."""

from pathlib import Path

from tests.cli.command import Command
from tests.cli.test_runs import alice, lab, spec

__all__ = ["alice", "lab"]


def test_a_schedule_from_the_command_line(alice: Command, tmp_path: Path) -> None:
    document = spec(tmp_path, "name: nightly\nrun: echo night")
    made = alice("schedules", "create", "0 3 * * *", document, "--concurrency", "forbid", "--json").json
    number = str(made["id"])
    assert (made["cron"], made["concurrency"], made["suspended"]) == ("0 3 * * *", "forbid", False)
    assert "nightly" in alice("schedules", "list").out
    assert "0 3 * * * (UTC)" in alice("schedules", "show", number).out
    assert alice("schedules", "suspend", number, "--json").json["suspended"] is True
    assert alice("schedules", "resume", number, "--json").json["suspended"] is False
    run = alice("schedules", "run", number, "--json").json
    assert alice("runs", "logs", str(run["id"]), "--follow").out == "night\n"
    assert alice("schedules", "show", number, "--json").json["last_run"] == run["id"]
    assert alice("schedules", "delete", number).out == f"schedule {number} is deleted\n"
    assert alice("schedules", "show", number).err.startswith("CG-1821")
    assert alice("schedules", "create", "daily", document).err.startswith("CG-1822")
