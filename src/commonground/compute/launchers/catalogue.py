"""The engines this package has launchers for, as the settings ask for them."""

import importlib.util
import shutil
from collections.abc import Callable
from typing import Any

from commonground.compute.launchers.container import ContainerLauncher
from commonground.compute.launchers.kubernetes import Kubernetes
from commonground.compute.launchers.kubernetes_manifest import Volume
from commonground.compute.launchers.local import LocalLauncher
from commonground.compute.launchers.model import Launcher
from commonground.compute.launchers.ray import RayCluster
from commonground.compute.launchers.shared import SharedLauncher
from commonground.compute.launchers.slurm import Slurm
from commonground.settings import Settings

ENGINES: dict[str, Callable[[Settings], Launcher[Any]]] = {
    "local": lambda settings: LocalLauncher(),
    "container": lambda settings: ContainerLauncher(settings.run_image, settings.run_network),
    "ray": lambda settings: SharedLauncher(RayCluster(settings.ray_address, settings.ray_python)),
    "slurm": lambda settings: SharedLauncher(Slurm(settings.slurm_options)),
    "kubernetes": lambda settings: SharedLauncher(_kubernetes(settings)),
}
PROGRAMS = {
    "container": ("podman",),
    "slurm": ("sbatch", "srun", "squeue", "scancel"),
    "kubernetes": ("kubectl",),
}
"""What each engine calls on the worker's machine."""


def launchers(settings: Settings) -> dict[str, Launcher[Any]]:
    """A launcher for each engine that ``run_engines`` names and this package has."""
    return {name: ENGINES[name](settings) for name in settings.run_engines if name in ENGINES}


def lacking(engine: str, settings: Settings) -> list[str]:
    """What a worker with these settings has not got that ``engine`` needs: programs, settings, packages."""
    found = [program for program in PROGRAMS.get(engine, ()) if shutil.which(program) is None]
    if engine in {"container", "kubernetes"} and not settings.run_image:
        found.append("CG_RUN_IMAGE, unless every specification names an image")
    if engine == "kubernetes" and not settings.kubernetes_claim:
        found.append("CG_KUBERNETES_CLAIM")
    if engine in {"ray", "slurm", "kubernetes"} and settings.run_folder is None:
        found.append("CG_RUN_FOLDER, a folder that all its machines share")
    if engine == "ray" and not _has_ray(settings.ray_python):
        found.append("Ray in CG_RAY_PYTHON")
    return found


def _has_ray(python: str) -> bool:
    """Whether that interpreter finds Ray; a program that is there is believed, as asking it takes seconds."""
    return shutil.which(python) is not None if python else importlib.util.find_spec("ray") is not None


def _kubernetes(settings: Settings) -> Kubernetes:
    volume = Volume(settings.kubernetes_claim, settings.runs_root)
    return Kubernetes(settings.run_image, volume, settings.kubernetes_context, settings.kubernetes_namespace)
