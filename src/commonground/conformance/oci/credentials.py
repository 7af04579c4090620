"""How registries ask who is calling: Basic, or a token of the service their challenge names."""

import re
from base64 import b64encode
from collections.abc import Generator

import httpx

_PAIR = re.compile(r'(\w+)="([^"]*)"')


class RegistryAuth(httpx.Auth):
    """Answers challenges with ``token``: ``user:secret``, or a secret alone; ``None`` asks as nobody.

    A token of the service is kept and sent with what follows until the registry refuses it.
    """

    requires_response_body = True

    def __init__(self, token: str | None) -> None:
        self._token = token
        self._answer = ""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send; where that is refused with a challenge, answer it and send again."""
        if self._answer:
            request.headers["Authorization"] = self._answer
        answer = yield request
        if answer.status_code != 401:
            return
        scheme, _, rest = answer.headers.get("www-authenticate", "").partition(" ")
        values = dict(_PAIR.findall(rest))
        if scheme.lower() == "basic" and self._token:
            self._answer = self._basic
        elif scheme.lower() == "bearer" and "realm" in values:
            asked = {name: values[name] for name in ("service", "scope") if name in values}
            realm = httpx.URL(values["realm"]).copy_merge_params(asked)
            headers = {"Authorization": self._basic} if self._token else {}
            self._answer = _bearer((yield httpx.Request("GET", realm, headers=headers)))
        else:
            return
        if self._answer:
            request.headers["Authorization"] = self._answer
        yield request  # without a token, too: what it answers is the answer, not what the token service said

    @property
    def _basic(self) -> str:
        pair = self._token or ""
        return "Basic " + b64encode((pair if ":" in pair else f"token:{pair}").encode()).decode()


def _bearer(told: httpx.Response) -> str:
    try:
        body = told.json()
    except ValueError:
        return ""
    token = (body.get("token") or body.get("access_token")) if isinstance(body, dict) else None
    return f"Bearer {token}" if token else ""
