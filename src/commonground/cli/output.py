"""What commands print: one JSON document, or text for people. Progress goes to standard error."""

import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from commonground.cli.client import Options

T = TypeVar("T")

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def answer(value: T, options: Options, text: Callable[[T], None]) -> None:
    """Print ``value`` as JSON if that is asked for, else as ``text`` shows it."""
    if options.json:
        sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")
        sys.stdout.buffer.flush()
    else:
        text(value)


def done(line: str, options: Options) -> None:
    """Say that something was done: a line for people, ``{}`` as JSON."""
    answer({}, options, lambda _: print(clean(line)))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows below their titles; cells are shown as they are."""
    made = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        made.add_row(*(Text(clean(cell)) for cell in row))
    width = None if sys.stdout.isatty() else 10_000  # a pipe has no edge to wrap at
    Console(width=width, soft_wrap=width is not None).print(made)


def fields(pairs: Iterable[tuple[str, object]]) -> None:
    """Print names and values, one a line."""
    shown = [(name, clean(str(value))) for name, value in pairs]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        print(f"{name:<{width}}  {value}")


def progress(verb: str, path: str, *, counted: bool = False) -> Callable[[int, int | None], None]:
    """A progress line of bytes, or of files where these are ``counted``; on standard error, if that is a terminal."""
    text: Callable[[int], str] = str if counted else size_text

    def show(done: int, total: int | None) -> None:
        of = f" of {text(total)}" if total is not None else ""
        end = "\n" if done == total else ""
        print(f"\r{verb} {clean(path)}: {text(done)}{of}", end=end, file=sys.stderr, flush=True)

    return show if sys.stderr.isatty() else lambda _done, _size: None


def clean(text: str) -> str:
    """``text`` without what could steer a terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def size_text(size: float) -> str:
    """A number of bytes for people: ``1.5 MiB``."""
    for unit in _UNITS:
        if size < 1024 or unit == _UNITS[-1]:
            break
        size /= 1024
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


def time_text(moment: int | None) -> str:
    """UTC milliseconds for people."""
    return "" if moment is None else datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
