"""The manifests against the schemas of the API server."""

import json
import subprocess
from pathlib import Path

from tests.compute.launchers.test_kubernetes import told
from tests.engines.conftest import HOME

VALIDATE = HOME / "venv" / "bin" / "kubernetes-validate"


def validate(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([VALIDATE, "--strict", path], capture_output=True, text=True, check=False)


def test_every_job_fits_its_schema(tmp_path: Path) -> None:
    for number, one in enumerate(told()["items"]):
        path = tmp_path / f"{number}.yaml"
        path.write_text(json.dumps(one))
        found = validate(path)
        assert found.returncode == 0, found.stdout + found.stderr


def test_the_schema_is_looked_at(tmp_path: Path) -> None:
    path, one = tmp_path / "wrong.yaml", told()["items"][0]
    one["spec"]["completion"] = one["spec"].pop("completions")
    path.write_text(json.dumps(one))
    assert validate(path).returncode != 0
