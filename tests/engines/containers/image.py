"""A small image made of this machine's programs: no registry is asked for one."""

import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

PROGRAMS = ("sh", "sleep", "env", "ls", "cat", "head", "tr", "grep", "test", "touch", "setsid", "id")
LEFT_OUT = frozenset({"__pycache__", "site-packages", "test", "idlelib", "tkinter", "ensurepip", "lib2to3"})
PACKAGE = sorted(path for path in Path("src").resolve().rglob("*.py") if "__pycache__" not in path.parts)
_SOURCES = b"".join(bytes(path) + path.read_bytes() for path in PACKAGE)
NAME = f"localhost/commonground-test:{hashlib.sha256(_SOURCES).hexdigest()[:16]}"
"""The image of these sources in this place."""
CONFIGURATION = """
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=1024:1024"]
[network]
network_backend = "netavark"
"""
"""For machines without crun's cgroups and without the right to raise limits."""
STORAGE = '[storage]\ndriver = "overlay"\ngraphroot = "{0}/graph"\nrunroot = "{0}/run"\n'


def configure(home: Path) -> dict[str, str]:
    """Podman's configuration below ``home``, and the environment that leads to it."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "containers.conf").write_text(CONFIGURATION)
    (home / "storage.conf").write_text(STORAGE.format(home))
    return {"CONTAINERS_CONF": str(home / "containers.conf"), "CONTAINERS_STORAGE_CONF": str(home / "storage.conf")}


def build(home: Path) -> None:
    """Import the image into Podman, unless it is there: a shell, some tools and this Python with this package."""
    if subprocess.run(["podman", "image", "exists", NAME], check=False).returncode == 0:
        return
    subprocess.run(["podman", "rmi", "--all", "--force"], check=False)  # those of other sources
    archive = home / "image.tar"
    with tarfile.open(archive, "w") as tar:
        for path in sorted({*_programs(), *_python()}):
            tar.add(path.resolve(), str(path), recursive=False)
        for name in ("tmp", "run", "etc"):
            tar.addfile(_folder(name))
        tar.add(_link(home), "usr/bin/python3")
    subprocess.run(["podman", "import", "--quiet", "--change", "ENV PATH=/usr/bin:/bin", archive, NAME], check=True)
    archive.unlink()


def _programs() -> list[Path]:
    found = [Path(str(shutil.which(name))) for name in PROGRAMS] + [Path("/bin/sh")]
    return [*found, *(library for program in found for library in _libraries(program))]


def _libraries(program: Path) -> list[Path]:
    text = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    return [Path(path) for path in re.findall(r"(/\S+) \(0x", text)]


def _python() -> list[Path]:
    library = Path(sys.base_prefix, "lib", f"python{sys.version_info.major}.{sys.version_info.minor}")
    files = [path for path in library.rglob("*") if path.is_file() and not LEFT_OUT & set(path.parts)]
    python = Path(sys.base_prefix, "bin", "python3").resolve()
    needed = [library for path in (python, *library.glob("lib-dynload/*.so")) for library in _libraries(path)]
    return [python, *needed, *files, *PACKAGE]


def _folder(name: str) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.mode = tarfile.DIRTYPE, 0o755
    return found


def _link(home: Path) -> Path:
    """``python3`` leads to this Python's own path, beside its library."""
    link = home / "python3"
    link.unlink(missing_ok=True)
    link.symlink_to(Path(sys.base_prefix, "bin", "python3").resolve())
    return link
