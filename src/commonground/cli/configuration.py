"""``commonground config``: what each setting is and where it came from."""

import sys
from pathlib import Path

import cyclopts
import msgspec
from rich.console import Console
from rich.table import Table

from commonground import settings

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
    _, explained = settings.load({"data": data})
    if json:
        sys.stdout.buffer.write(msgspec.json.encode(explained, enc_hook=str) + b"\n")
        return
    table = Table("Setting", "Value", "Source", "What it does", box=None)
    for item in explained:
        value = "***" if item.name.startswith("secret") and item.value else str(item.value)
        table.add_row(item.name, value, item.source, item.description)
    Console().print(table)
