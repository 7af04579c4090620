"""Which hub to call and with which token: given, from the environment, or remembered by ``commonground login``."""

import os
from pathlib import Path

import msgspec

from commonground.errors import InvalidSetting

DEFAULT_ENDPOINT = "http://127.0.0.1:8000"


class Remembered(msgspec.Struct, kw_only=True):
    """The file in the user's configuration: the hub used by default, and a token for each."""

    endpoint: str = DEFAULT_ENDPOINT
    tokens: dict[str, str] = {}


def credentials_file() -> Path:
    """Where tokens are kept; readable by its owner only."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "commonground" / "credentials.json"


def find(endpoint: str | None = None, token: str | None = None) -> tuple[str, str | None]:
    """The address to call and the token to send there. A remembered token only ever goes to the hub it belongs to."""
    remembered = _read()
    address = (endpoint or os.environ.get("CG_ENDPOINT") or remembered.endpoint).rstrip("/")
    return address, token or os.environ.get("CG_TOKEN") or remembered.tokens.get(address)


def remember(endpoint: str, token: str) -> Path:
    """Keep a token, and make its hub the default; where it is kept."""
    remembered = _read()
    return _write(Remembered(endpoint=endpoint, tokens={**remembered.tokens, endpoint: token}))


def forget(endpoint: str) -> bool:
    """Drop the token of a hub; whether there was one."""
    remembered = _read()
    found = remembered.tokens.pop(endpoint, None)
    if found is not None:
        _write(remembered)
    return found is not None


def _read() -> Remembered:
    path = credentials_file()
    try:
        return msgspec.json.decode(path.read_bytes(), type=Remembered)
    except FileNotFoundError:
        return Remembered()
    except (OSError, msgspec.DecodeError) as error:
        raise InvalidSetting(name=str(path), reason=f"cannot be read: {error}") from None


def _write(remembered: Remembered) -> Path:
    path = credentials_file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(remembered)) + b"\n")
    return new.replace(path)
