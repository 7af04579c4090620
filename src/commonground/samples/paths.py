"""Which paths inside an archive or a repository are taken."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath


def is_safe(path: str) -> bool:
    """Whether a path stays inside the folder it is joined to, on any operating system, and is written one way only."""
    if not path or "\\" in path or "\x00" in path or PureWindowsPath(path).drive:
        return False
    pure = PurePosixPath(path)
    return not pure.is_absolute() and ".." not in pure.parts and str(pure) == path
