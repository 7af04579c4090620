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


def test_the_process_of_a_kind_gets_the_specification(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def build(spec):\n    print(spec['name'])\n")
    done = subprocess.run(
        [sys.executable, "-m", "commonground.compute.kinds", "mine:build"],
        cwd=tmp_path,
        env={"CG_SPEC": json.dumps({"name": "digits"})},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "digits\n"
