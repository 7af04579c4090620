"""Runs ``commonground`` in this process, the way the installed program does."""

import io
from typing import Any, NamedTuple

import msgspec
import pytest

from commonground.cli.main import main


class Result(NamedTuple):
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on standard output."""
        assert self.code == 0, self.err
        return msgspec.json.decode(self.out)


class Command:
    """``command("files", "list", "o/n")``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *words: object, stdin: bytes = b"") -> Result:
        self._monkeypatch.setattr("sys.argv", ["commonground", *map(str, words)])
        self._monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = self._capsys.readouterr()
        return Result(code, out, err)
