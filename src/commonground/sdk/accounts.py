"""The caller's account and the server, as methods of the hub."""

import time
from collections.abc import Iterator, Sequence

import msgspec

from commonground.accounts.model import Scope, TokenRole
from commonground.errors import ServerUnreachable
from commonground.gateways.native import wire
from commonground.sdk.transport import Transport

TOKENS = f"{wire.API}/tokens"
RECONNECT_SECONDS = 2.0


class AccountMethods:
    """Who is calling, access tokens, and what the server does."""

    _transport: Transport

    def whoami(self) -> wire.Identity:
        """The caller's account, organisations and token."""
        return self._transport.call(wire.Identity, "GET", f"{wire.API}/whoami")

    def list_tokens(self) -> list[wire.Token]:
        """The caller's access tokens, without their texts."""
        return self._transport.call(list[wire.Token], "GET", TOKENS)

    def create_token(
        self, name: str, *, role: TokenRole = "read", scopes: Sequence[Scope] = (), expires_at: int | None = None
    ) -> str:
        """A new token; its text is shown this once. ``expires_at`` is in UTC milliseconds."""
        body = wire.CreateToken(name=name, role=role, scopes=tuple(scopes), expires_at=expires_at)
        return self._transport.call(wire.NewToken, "POST", TOKENS, body=body).text

    def revoke_token(self, token_id: int) -> None:
        """Delete a token: the next request that carries it is refused."""
        self._transport.send("DELETE", f"{TOKENS}/{token_id:d}")

    def create_access_key(self) -> wire.AccessKey:
        """The key pair of the token in use, for S3 clients; it ends with the token."""
        return self._transport.call(wire.AccessKey, "POST", f"{wire.API}/me/access-keys", body=wire.CreateAccessKey())

    def get_server(self) -> wire.Server:
        """The server's version, role and limits."""
        return self._transport.call(wire.Server, "GET", f"{wire.API}/server")

    def list_tasks(self, state: wire.TaskState | None = None) -> Iterator[wire.Task]:
        """The background tasks, newest first; for administrators."""
        return self._transport.pages(wire.Task, f"{wire.API}/tasks", wire.TaskQuery(state=state, limit=100))

    def list_events(
        self, *, after: int | None = None, kinds: Sequence[str] = (), follow: bool = True
    ) -> Iterator[wire.Event]:
        """What happens on the hub, as it happens: without end while ``follow``, through broken connections. Starts
        behind the event ``after``; without it, with the next one, or with the first one unless ``follow``.
        """
        position, tries = after, 0
        while True:
            try:
                for event in self._events(wire.EventQuery(after=position, kind=tuple(kinds), follow=follow)):
                    position, tries = event.id, 0
                    yield event
            except ServerUnreachable:
                tries += 1
                if not follow or position is None or tries > 5:
                    raise
            if not follow:
                return
            time.sleep(RECONNECT_SECONDS)

    def _events(self, query: wire.EventQuery) -> Iterator[wire.Event]:
        with self._transport.stream(f"{wire.API}/events", query=query) as response:
            for line in lines(response.iter_bytes()):
                if line.startswith(b"data: "):
                    yield msgspec.json.decode(line.removeprefix(b"data: "), type=wire.Event)


def lines(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Lines as server-sent events end them: JSON may hold other characters that some call ends of lines."""
    rest = b""
    for part in parts:
        *lines, rest = (rest + part).split(b"\n")
        yield from lines
