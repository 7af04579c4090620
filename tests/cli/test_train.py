from pathlib import Path

import pytest

from commonground.compute.planner import calibration, machine, profiles
from tests.cli.command import Command
from tests.compute.planner.machines import profile

SPEC = "kind: ps-sync\nresources: {workers: 2}\nplan: {parameters: 10M, fixed: 10ms, batch: 32, samples: 60000}\n"


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """A spec, with a profile of this machine beside it."""
    profiles.save(profile(machine=machine.fingerprint()), tmp_path / "machine.json")
    (tmp_path / "spec.yaml").write_text(SPEC)
    return tmp_path / "spec.yaml"


def test_calibrating_writes_the_profile_that_planning_reads(
    local: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calibration, "SECONDS", 0.01)
    (tmp_path / "spec.yaml").write_text(SPEC)
    assert "CG-2301" in local("train", "plan", tmp_path / "spec.yaml").err
    made = local("train", "calibrate", "--json")
    assert made.json["machine"] == machine.fingerprint()
    assert "measuring loopback" in made.err
    assert local("train", "plan", tmp_path / "spec.yaml", "--json").json["machine"] == machine.fingerprint()


def test_a_plan_is_shown_explained_and_drawn(local: Command, spec: Path) -> None:
    words = ("train", "plan", spec, "--machine", spec.with_name("machine.json"))
    plain = local(*words)
    assert (plain.code, plain.err) == (0, "")
    assert "recommended" in plain.out
    assert "Foster 3.3" in local(*words, "--explain", "--curve", spec.with_name("curve.svg")).out
    assert spec.with_name("curve.svg").read_text().startswith("<svg")
    assert local(*words, "--json").json["asked"]["workers"] == 2


def test_a_measured_step_is_shown_beside_the_prediction_and_learnt(local: Command, spec: Path) -> None:
    words = ("train", "plan", spec, "--machine", spec.with_name("machine.json"))
    before = local(*words, "--json").json["asked"]["step"]
    told = local(*words, "--measured", f"{before * 4}s")
    assert (told.code, "-75.0%" in told.err) == (0, True)
    assert local(*words, "--json").json["asked"]["step"] == pytest.approx(before * 4**0.8)
    for senseless in ("soon", "0s"):
        assert "CG-1509" in local(*words, "--measured", senseless).err


def test_what_cannot_be_planned_is_told_in_one_line(local: Command, spec: Path) -> None:
    other = spec.with_name("other.json")
    profiles.save(profile(), other)
    assert "CG-2302" in local("train", "plan", spec, "--machine", other).err
    for content in (b"plan: {bacth: 1}", b"\xff", b"#" * (2**20 + 1)):
        spec.write_bytes(content)
        result = local("train", "plan", spec, "--machine", spec.with_name("machine.json"))
        assert (result.code, result.out) == (1, "")
        assert "CG-1802" in result.err
        assert len(result.err.splitlines()) <= 2
    assert "CG-1508" in local("train", "plan", spec.with_name("none.yaml")).err
