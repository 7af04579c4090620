"""Engines as the settings ask for them."""

from pathlib import Path

from commonground.compute.launchers import catalogue
from commonground.settings import Settings


def test_a_worker_offers_the_engines_of_its_settings() -> None:
    assert list(catalogue.launchers(Settings())) == ["local"]
    every = Settings(run_engines=tuple(catalogue.ENGINES))
    assert list(catalogue.launchers(every)) == ["local", "container", "ray", "slurm", "kubernetes"]


def test_what_an_engine_lacks_is_named() -> None:
    assert catalogue.lacking("local", Settings()) == []
    lacking = catalogue.lacking("kubernetes", Settings())
    assert {"CG_KUBERNETES_CLAIM", "CG_RUN_FOLDER, a folder that all its machines share"} <= set(lacking)
    equipped = Settings(run_image="image", run_folder=Path("/shared"), kubernetes_claim="runs")
    assert {"kubectl"} >= set(catalogue.lacking("kubernetes", equipped))
    assert "Ray in CG_RAY_PYTHON" in catalogue.lacking("ray", Settings(ray_python="/nonexistent/python"))
