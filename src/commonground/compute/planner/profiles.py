"""Machine profiles in files."""

import os
import re
from pathlib import Path

import msgspec

from commonground.compute.planner import machine
from commonground.compute.planner.model import RATIOS, Profile
from commonground.errors import ForeignProfile, InvalidProfile

LIMIT = 2**20


def default_path() -> Path:
    """Where ``train calibrate`` writes: ``commonground/machine.json`` in the user's configuration."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser() / "commonground" / "machine.json"


def save(profile: Profile, path: Path) -> None:
    """Write a profile; a reader sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_bytes(msgspec.json.format(msgspec.json.encode(profile), indent=1) + b"\n")
    new.replace(path)


def load(path: Path) -> Profile:
    """The profile of this machine.

    Raises :class:`InvalidProfile` where there is none or it cannot be read, :class:`ForeignProfile` where it was
    measured on other hardware: its predictions would look as sure and be wrong.
    """
    profile = _read(path)
    here = machine.fingerprint()
    if profile.machine != here:
        raise ForeignProfile(path=path, machine=_short(profile.machine), here=here)
    return profile


def _read(path: Path) -> Profile:
    try:
        with path.open("rb") as file:
            content = file.read(LIMIT + 1)
        if len(content) > LIMIT:
            raise InvalidProfile(path=path, reason=f"it is larger than {LIMIT} bytes")
        found = msgspec.json.decode(content, type=Profile)
    except FileNotFoundError:
        raise InvalidProfile(path=path, reason="there is no such file") from None
    except OSError as error:
        raise InvalidProfile(path=path, reason=error.strerror or error) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidProfile(path=path, reason=error) from None
    missing = set(RATIOS) - set(found.codecs)
    if missing:
        raise InvalidProfile(path=path, reason=f"it lacks the codec {min(missing)}")
    return found


def _short(text: str) -> str:
    return re.sub(r"[^0-9a-f]", "", text)[:16] or "unknown"
