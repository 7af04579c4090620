import asyncio
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from commonground.accounts.model import Credentials, Principal, Scope
from commonground.accounts.service import Accounts
from commonground.cli.admin import app
from commonground.database import Database
from commonground.database.clock import now_ms
from commonground.errors import AccountExists, AccountNotFound, BadRequest, WeakPassword
from commonground.settings import Settings

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on a data directory; what it printed."""
    for name in [name for name in os.environ if name.startswith("CG_")]:
        monkeypatch.delenv(name)

    def command(*arguments: str) -> str:
        app([*arguments, "--data", str(tmp_path)], result_action="return_value")
        return capsys.readouterr().out

    return command


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    return Accounts(Database(Settings(data=tmp_path).database_address))


def caller(accounts: Accounts, kind: str, user: str, secret: str) -> Principal:
    return asyncio.run(accounts.authenticate(Credentials(kind, user, secret)))  # type: ignore[arg-type]


def test_a_user_an_organization_and_a_token_are_made(run: Run, accounts: Accounts) -> None:
    assert run("create-user", "_alice_", "--full-name", "Alice", "--email", "a@example.org", "--admin") == (
        "created user _alice_\n"
    )
    run("create-user", "bob")
    run(
        "create-org",
        "lab",
        "--member",
        "_alice_:admin",
        "--member",
        "bob:contributor",
        "--default-visibility",
        "private",
    )
    token = run("create-token", "_alice_")
    principal = caller(accounts, "bearer", "", token.strip())
    assert (principal.name, principal.is_admin, principal.token_role) == ("_alice_", True, "write")
    lab = asyncio.run(accounts.find("lab"))
    assert lab.default_visibility == "private"
    assert [(account.name, role) for account, role in asyncio.run(accounts.members_of(lab.id))] == [
        ("_alice_", "admin"),
        ("bob", "contributor"),
    ]


def test_the_token_is_all_that_is_printed(run: Run) -> None:
    run("create-user", "alice")
    assert run("create-token", "alice", "--value", "hf_my_fixed_token") == "hf_my_fixed_token\n"
    assert run("create-token", "alice", "--value", "hf_my_fixed_token") == "hf_my_fixed_token\n"


def test_a_token_may_be_narrow_and_short_lived(run: Run, accounts: Accounts) -> None:
    run("create-user", "alice")
    scopes = ("--scope", "repo.read", "--scope", "repo.write:model:alice/m")
    run("create-token", "alice", "--role", "fine-grained", *scopes, "--expires", "30d", "--name", "ci")
    run("create-token", "alice", "--role", "read", "--expires", "2100-01-31")
    narrow, dated = asyncio.run(accounts.list_tokens(1))
    assert (narrow.name, narrow.role) == ("ci", "fine-grained")
    assert narrow.scopes == (Scope("repo.read"), Scope("repo.write", "model:alice/m"))
    assert narrow.expires_at == pytest.approx(now_ms() + 30 * 86_400_000, abs=60_000)
    assert dated.expires_at == 4_105_036_800_000


def test_the_password_comes_through_standard_input(
    run: Run, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("a password\nignored"))
    run("create-user", "alice", "--password-stdin")
    assert caller(accounts, "basic", "alice", "a password").via == "password"
    monkeypatch.setattr(sys, "stdin", io.StringIO("short\n"))
    with pytest.raises(WeakPassword):
        run("create-user", "bob", "--password-stdin")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["create-user", "alice"], AccountExists),
        (["create-token", "nobody"], AccountNotFound),
        (["create-org", "lab", "--member", "nobody:read"], AccountNotFound),
        (["create-org", "lab", "--member", "alice:boss"], BadRequest),
        (["create-org", "lab", "--member", "alice"], BadRequest),
        (["create-token", "alice", "--expires", "soon"], BadRequest),
        (["create-token", "alice", "--role", "fine-grained", "--scope", "everything"], BadRequest),
        (["create-token", "alice", "--value", "x"], BadRequest),
    ],
)
def test_a_mistake_is_named_and_changes_nothing(run: Run, arguments: list[str], error: type[Exception]) -> None:
    run("create-user", "alice")
    with pytest.raises(error):
        run(*arguments)
    with pytest.raises(AccountNotFound):
        run("create-token", "lab")


def test_the_command_ends_with_one_readable_line(tmp_path: Path) -> None:
    command = ["admin", "create-token", "nobody", "--data", str(tmp_path)]
    program = "import sys; from commonground.cli.main import main; sys.argv[0]='commonground'; main()"
    done = subprocess.run([sys.executable, "-c", program, *command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "CG-1104: There is no user or organisation named nobody; check the spelling of the name.\n"


def test_an_invitation_is_an_address_to_join_at(run: Run, accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CG_PUBLIC_URL", "https://hub.example/")
    address = run("invite", "--days", "1").strip()
    assert address.startswith("https://hub.example/join/")
    assert asyncio.run(accounts.check_link(address.rpartition("/")[2])) == "invitation"
    with pytest.raises(BadRequest):
        run("invite", "--days", "0")
