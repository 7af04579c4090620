"""Writes the reference pages that follow from the code: ``python docs/generate.py``. A test holds them up to date."""

import asyncio
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import commonground.cli.main as command_line
from commonground import settings
from commonground.app import build
from commonground.errors import CommongroundError
from commonground.http.routing import Route

HERE = Path(__file__).parent / "reference"


def errors_page() -> str:
    """Every error code: meaning, what to do, HTTP status, both texts."""
    kinds = sorted(CommongroundError.tree(), key=lambda kind: kind.code)
    parts = [
        '# Error codes\n\nEvery error answers `{"error": text, "code": "CG-…"}`, in Chinese with `Accept-Language: zh`; '
        "the protocols add their own headers.\n"
    ]
    parts += [
        f"## {kind.code} {kind.__name__}\n\n{_flow(kind.__doc__)}{_remedy(kind)}\n\n"
        f"- HTTP status: {kind.status}\n- English: {kind.en}\n- 中文：{kind.zh}\n"
        for kind in kinds
    ]
    return "\n".join(parts)


def settings_page() -> str:
    """Every setting: environment variable, default, meaning."""
    defaults = settings.Settings()
    rows = [
        f"| `{name}` | `CG_{name.upper()}` | `{_shown(getattr(defaults, name))}` | {text} |"
        for name, text in settings.describe().items()
    ]
    return (
        "# Settings\n\nSources, later wins: default, `commonground.toml` (in the data directory or the working directory), environment, "
        "command line. `commonground config explain` prints each value and where it came from.\n\n"
        "| name in the file | environment | default | meaning |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def commands_page() -> str:
    """Every command with its help text."""
    parts = ["# Commands\n\n`cg` is short for `commonground`. `--debug` anywhere shows the traceback of a failure.\n"]
    for words in _commands():
        text = _help(words)
        parts.append(f"## commonground {' '.join(words)}\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


def routes_page() -> str:
    """Every route of every protocol."""
    shown = [route for route in asyncio.run(_routes()) if not route.hidden]
    parts = [
        "# Routes\n\n`/openapi.json` of a running server is the same with all types; `/api/cg/v1` documents every status, too. "
        "`{kind:a|b}` is one of the words, `{path*}` takes slashes; a slash in any other part is written `%2F`.\n"
    ]
    for tag in sorted({route.tag for route in shown}):
        rows = [f"| {r.method} | `{_cell(r.template)}` | {_cell(r.summary)} |" for r in shown if r.tag == tag]
        parts.append(f"## {tag}\n\n| method | path | what it does |\n|---|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


async def _routes() -> list[Route]:
    """The routes of a server, which it has once it runs."""
    steps: asyncio.Queue[Any] = asyncio.Queue()
    answers: asyncio.Queue[Any] = asyncio.Queue()
    with TemporaryDirectory() as folder:
        application = build(settings.Settings(data=Path(folder), role="hub"))
        running = asyncio.create_task(application({"type": "lifespan"}, steps.get, answers.put))
        for step in ("startup", "shutdown"):
            await steps.put({"type": f"lifespan.{step}"})
            await answers.get()
        await running
    return application.router.routes


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


PAGES = {
    "errors.md": errors_page,
    "settings.md": settings_page,
    "commands.md": commands_page,
    "routes.md": routes_page,
}


def _commands() -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name in command_line.app:
        if name.startswith("-"):
            continue
        child = command_line.app[name]
        nested = [inner for inner in child if not inner.startswith("-")]
        found += [(name, inner) for inner in nested] if nested else [(name,)]
    return found


def _help(words: tuple[str, ...]) -> str:
    run = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", "from commonground.cli.main import main; main()", *words, "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={"COLUMNS": "100", "NO_COLOR": "1", "PATH": "", "TERM": "dumb"},
    )
    return "\n".join(line.rstrip() for line in run.stdout.strip().splitlines())


def _remedy(kind: type[CommongroundError]) -> str:
    text = kind.remedy
    capital = text[:1].upper() if not text.startswith("`") else text[:1]
    return f"\n\n**What to do:** {capital}{text[1:]}." if text else ""


def _flow(text: str | None) -> str:
    return " ".join((text or "").split())


def _shown(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else "" if value is None else str(value)


def main() -> None:
    """Write all pages."""
    for name, make in PAGES.items():
        (HERE / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
