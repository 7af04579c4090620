"""``commonground login``, ``logout`` and ``whoami``."""

import getpass
import sys

from commonground.cli.client import DEFAULTS, Options
from commonground.cli.output import answer, done, fields
from commonground.errors import BadRequest
from commonground.gateways.native.wire import Identity
from commonground.sdk import login as remembered
from commonground.sdk.hub import Hub

_TOKEN_LIMIT = 4096


def login(*, token_stdin: bool = False, options: Options = DEFAULTS) -> None:
    """Check an access token and remember it, in a file that only you can read.

    Parameters
    ----------
    token_stdin
        Read the token from the first line of standard input instead of asking for it.

    """
    endpoint, _ = remembered.find(options.endpoint)
    token = sys.stdin.readline(_TOKEN_LIMIT) if token_stdin else getpass.getpass(f"Access token of {endpoint}: ")
    if not token.strip():
        raise BadRequest(reason="the token is empty")
    with Hub(endpoint, token.strip()) as hub:
        caller = hub.whoami()
    path = remembered.remember(endpoint, token.strip())
    text = f"signed in to {endpoint} as {caller.name}; the token is kept in {path}"
    answer({"endpoint": endpoint, "name": caller.name}, options, lambda _: print(text))


def logout(*, options: Options = DEFAULTS) -> None:
    """Forget the access token of a hub."""
    endpoint, _ = remembered.find(options.endpoint)
    known = remembered.forget(endpoint)
    done(f"the token of {endpoint} is forgotten" if known else f"there was no token of {endpoint}", options)


def whoami(*, options: Options = DEFAULTS) -> None:
    """Show who the hub takes you for."""
    with options.hub() as hub:
        answer(hub.whoami(), options, _show)


def _show(caller: Identity) -> None:
    pairs: list[tuple[str, object]] = [("name", caller.name), ("via", caller.via)]
    pairs += [("administrator", "yes")] if caller.is_admin else []
    pairs += [("token", f"{caller.token.name} ({caller.token.role})")] if caller.token else []
    pairs += [("organization", f"{member.name} ({member.role})") for member in caller.organizations]
    fields(pairs)
