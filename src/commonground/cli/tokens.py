"""``commonground tokens``: list, create and revoke your access tokens."""

import cyclopts

from commonground.accounts.model import TokenRole
from commonground.cli.client import DEFAULTS, Options
from commonground.cli.output import answer, done, table, time_text
from commonground.cli.values import moment_of, scope_of
from commonground.gateways.native.wire import AccessKey, Token

app = cyclopts.App(name="tokens", help="List, create and revoke access tokens.")


@app.command(name="list")
def list_tokens(*, options: Options = DEFAULTS) -> None:
    """List your tokens, without their texts."""
    with options.hub() as hub:
        answer(hub.list_tokens(), options, _table)


@app.command(name="create")
def create_token(
    name: str,
    *,
    role: TokenRole = "read",
    scope: tuple[str, ...] = (),
    expires: str | None = None,
    options: Options = DEFAULTS,
) -> None:
    """Create a token and print its text, which is shown this once.

    Parameters
    ----------
    name
        What lists call it.
    role
        What it may do, as far as you may.
    scope
        For a fine-grained token: PERMISSION[:TARGET], as in repo.write:model:owner/name; may be given several times.
    expires
        A number of hours or days (12h, 30d) or a date (2030-01-31).

    """
    scopes = [scope_of(text) for text in scope]
    expires_at = None if expires is None else moment_of(expires)
    with options.hub() as hub:
        text = hub.create_token(name, role=role, scopes=scopes, expires_at=expires_at)
    answer({"text": text}, options, lambda _: print(text))


@app.command(name="revoke")
def revoke_token(token: int, *, options: Options = DEFAULTS) -> None:
    """Revoke a token: the next request that carries it is refused.

    Parameters
    ----------
    token
        Its number, as `tokens list` shows it.

    """
    with options.hub() as hub:
        hub.revoke_token(token)
    done(f"revoked {token}", options)


def create_access_key(*, options: Options = DEFAULTS) -> None:
    """Print the key pair of your token for S3 clients, as lines for a shell; it ends with the token."""
    with options.hub() as hub:
        answer(hub.create_access_key(), options, _lines)


def _lines(pair: AccessKey) -> None:
    print(f"export AWS_ACCESS_KEY_ID={pair.id}\nexport AWS_SECRET_ACCESS_KEY={pair.secret}")


def _table(found: list[Token]) -> None:
    rows = [
        (str(token.id), token.name, token.preview, token.role, time_text(token.expires_at) or "never",
         time_text(token.last_used_at) or "never")
        for token in found
    ]  # fmt: skip
    table(("Id", "Name", "Token", "Role", "Expires", "Last used"), rows)
