"""Command line tools of engines: run with little of the worker's environment, bounded in time."""

import asyncio
import os
from collections.abc import Sequence

from commonground.errors import EngineFailed

PASSED_ON = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
)
"""The rest of the worker's environment holds its secrets."""
LIMIT_SECONDS = 60.0
MOST_TEXT = 500


def environment(*prefixes: str) -> dict[str, str]:
    """What a tool gets of the worker's environment: the common names and those that begin with ``prefixes``."""
    return {name: value for name, value in os.environ.items() if name in PASSED_ON or name.startswith(prefixes)}


async def call(engine: str, command: Sequence[str], environ: dict[str, str], given: bytes = b"") -> str:
    """What the tool prints; :class:`EngineFailed` when it is not there, fails or takes too long."""
    try:
        tool = await asyncio.create_subprocess_exec(
            *command, env=environ, stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
    except OSError as error:
        raise EngineFailed(engine=engine, reason=f"{command[0]}: {error.strerror}") from None
    try:
        out, err = await asyncio.wait_for(tool.communicate(given), LIMIT_SECONDS)
    except TimeoutError:
        raise EngineFailed(engine=engine, reason=f"{command[0]} did not answer in {LIMIT_SECONDS:g} s") from None
    finally:
        if tool.returncode is None:
            tool.kill()
    if tool.returncode != 0:
        raise EngineFailed(engine=engine, reason=f"{command[0]}: {said(err) or f'exit code {tool.returncode}'}")
    return out.decode("utf-8", "replace")


def said(text: bytes) -> str:
    """The end of what a tool wrote, as one line."""
    return " ".join(text.decode("utf-8", "replace").split())[-MOST_TEXT:]
