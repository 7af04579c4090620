import multiprocessing
import os

import pytest

from commonground.compute.planner import calibration, loopback, machine


def test_calibration_measures_every_part_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "SECONDS", 0.02)
    told: list[str] = []
    found = calibration.calibrate(told.append)
    assert told == ["memory", "arithmetic", "codecs", "loopback"]
    assert found.machine == machine.fingerprint()
    assert found.cores == len(os.sched_getaffinity(0))
    assert 1e8 < found.copy < 1e12
    assert 1e8 < found.apply <= found.apply_together < 1e12
    assert 1e8 < found.rate.peak < 1e14
    assert 1e7 < found.loopback.bandwidth < 1e11
    assert 0 <= found.loopback.latency < 0.01
    assert 0 < found.loopback.processor < 1e-6
    assert set(found.codecs) == {"fp32", "bf16", "int8", "top-k"}


def test_an_interrupted_measurement_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> float:
        raise KeyboardInterrupt

    monkeypatch.setattr(loopback, "_one_way", interrupt)
    with pytest.raises(KeyboardInterrupt):
        loopback.measure_loopback()
    assert multiprocessing.active_children() == []


def test_a_machine_keeps_its_name() -> None:
    assert machine.fingerprint() == machine.fingerprint()
