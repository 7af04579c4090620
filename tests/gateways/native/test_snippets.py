"""What to paste is a command that exists."""

import shlex
from typing import cast

import pytest

from commonground.accounts.model import RepositoryKind
from commonground.cli.main import app
from commonground.gateways.native.gateway import NativeGateway
from commonground.http.gateway import Use
from commonground.hub.repositories.model import Repository


@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_the_command_is_understood(kind: RepositoryKind) -> None:
    found = Repository(id=1, kind=kind, owner_id=1, owner="o", name="n", visibility="public")
    [shown] = NativeGateway.snippets(cast("NativeGateway", None), Use(repository=found, origin="https://hub.example"))
    endpoint, program, *words = shlex.split(shown.code)
    assert (endpoint, program) == ("CG_ENDPOINT=https://hub.example", "commonground")
    command, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False)
    assert command.__name__.startswith("download")
    assert bound.arguments["address"] == f"hub://{kind}s/o/n"
