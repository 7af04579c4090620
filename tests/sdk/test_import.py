"""Importing the package is cheap, and brings in nothing heavy before it is asked for."""

import subprocess
import sys

import pytest

HEAVY = ["torch", "tensorflow", "pyspark", "ray", "sqlalchemy", "starlette", "granian", "httpx", "numpy", "fsspec"]


def fresh(code: str) -> str:
    """What a fresh interpreter prints."""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return run.stdout.strip()


def test_the_import_takes_less_than_150_ms() -> None:
    code = "import time; t = time.perf_counter(); import commonground; print(time.perf_counter() - t)"
    assert min(float(fresh(code)) for _ in range(3)) < 0.150


def test_the_import_brings_in_nothing_heavy() -> None:
    loaded = fresh(f"import sys, commonground; print([name for name in {HEAVY} if name in sys.modules])")
    assert loaded == "[]"


def test_the_client_needs_no_server_parts() -> None:
    names = ["sqlalchemy", "starlette", "granian", "numpy"]
    loaded = fresh(f"import sys, commonground; commonground.Hub; print([n for n in {names} if n in sys.modules])")
    assert loaded == "[]"


def test_public_names_are_handed_out_when_asked_for() -> None:
    import commonground

    assert set(commonground.__all__) == set(dir(commonground))
    assert all(getattr(commonground, name) is not None for name in commonground.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        _ = commonground.nothing
