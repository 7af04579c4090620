"""``commonground config``: what each setting is and where it came from."""

import re
import sys
from pathlib import Path
from typing import Any

import cyclopts
import msgspec
from rich.console import Console
from rich.table import Table

from commonground import settings

_SECRET = re.compile(r"(://[^/@:]*:|[?&]secret_access_key=)[^@&]+")
"""A password in an address."""

app = cyclopts.App(name="config", help="Show the settings.")


@app.command
def explain(*, data: Path | None = None, json: bool = False) -> None:
    """Print every setting, its value, and whether it came from a default, a file, the environment or a flag.

    Parameters
    ----------
    data
        The data directory, whose commonground.toml is read.
    json
        Print one JSON document.

    """
    _, found = settings.load({"data": data})
    explained = [msgspec.structs.replace(item, value=_shown(item)) for item in found]
    if json:
        sys.stdout.buffer.write(msgspec.json.encode(explained, enc_hook=str) + b"\n")
        return
    table = Table("Setting", "Value", "Source", "What it does", box=None)
    for item in explained:
        table.add_row(item.name, str(item.value), item.source, item.description)
    Console().print(table)


def _shown(item: settings.Explained) -> Any:
    """The value without what nobody should read over a shoulder or in a log."""
    if item.name == "secret_key" and item.value:
        return "***"
    return _SECRET.sub(r"\1***", item.value) if isinstance(item.value, str) else item.value
