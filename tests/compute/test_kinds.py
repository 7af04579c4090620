"""Kinds are entry points; a process calls the function with the specification."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from commonground.compute import kinds
from commonground.errors import KindUnavailable


def test_a_task_needs_no_entry_point_and_an_unknown_kind_is_named() -> None:
    assert kinds.entry_of("task") is None
    with pytest.raises(KindUnavailable, match=r"federated-x.*task"):
        kinds.entry_of("federated-x")


def called(folder: Path, code: str, entry: str = "mine:build", **environment: str) -> subprocess.CompletedProcess[str]:
    (folder / "mine.py").write_text(code)
    return subprocess.run(
        [sys.executable, "-m", "commonground.compute.kinds", entry],
        cwd=folder,
        env={"CG_SPEC": json.dumps({"name": "digits"}), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_process_of_a_kind_gets_the_specification(tmp_path: Path) -> None:
    assert called(tmp_path, "def build(spec):\n    print(spec['name'])\n").stdout == "digits\n"


def test_modules_are_looked_for_in_the_input_named_code(tmp_path: Path) -> None:
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "theirs.py").write_text("def build(spec):\n    print('theirs')\n")
    assert called(tmp_path, "", "theirs:build", CG_INPUT_CODE=str(tmp_path / "input")).stdout == "theirs\n"


@pytest.mark.parametrize(
    ("code", "entry", "reason"),
    [
        ("", "mine:build", "mine has no build"),
        ("", "absent:build", "there is no module absent"),
        (
            "from commonground.errors import InvalidSpec\ndef build(spec): raise InvalidSpec(reason='no')",
            "mine:build",
            "no",
        ),
    ],
)
def test_what_cannot_be_meant_is_one_line_and_the_final_exit_code(
    tmp_path: Path, code: str, entry: str, reason: str
) -> None:
    done = called(tmp_path, code, entry)
    assert done.returncode == 78
    assert done.stderr.startswith("CG-1802: ")
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


def test_a_defect_keeps_its_traceback(tmp_path: Path) -> None:
    done = called(tmp_path, "import absent_package\n")
    assert done.returncode == 1
    assert "ModuleNotFoundError" in done.stderr


def test_a_kind_may_name_the_role_that_is_started_again_alone() -> None:
    assert (kinds.role_alone("ps-async"), kinds.role_alone("ps-sync")) == ("worker", None)
