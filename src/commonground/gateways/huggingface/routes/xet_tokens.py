"""Short-lived tokens for the transfer of large files."""

import time

from starlette.requests import Request
from starlette.responses import Response

from commonground.gateways.huggingface.context import REPOSITORY, Context, endpoint
from commonground.gateways.huggingface.routes.commits import writable
from commonground.http.responses import json_response
from commonground.http.routing import Route
from commonground.http.transfer_tokens import issue_xet

CAS = "/xet"


class XetTokenRoutes:
    """Where the content-addressed store is, and the token that opens it for one repository."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        return [
            endpoint("GET", f"{REPOSITORY}/xet-read-token/{{revision}}", self.read, "A token to download with"),
            endpoint("GET", f"{REPOSITORY}/xet-write-token/{{revision}}", self.write, "A token to upload with"),
        ]

    async def read(self, request: Request) -> Response:
        """A token that reads the files of this repository. It names no account: that would open whatever the caller
        has uploaded elsewhere, also to a caller who came with a link or a token for this repository alone.
        """
        caller, repository = await self._context.opened(request)
        await self._context.repositories.check_files(caller, repository)
        return self._issue(request, None, repository.id, write=False)

    async def write(self, request: Request) -> Response:
        """A token that reads and uploads."""
        caller, repository = await writable(self._context, request)
        return self._issue(request, caller.uploader, repository.id, write=True)

    def _issue(self, request: Request, uploader: int | None, repository_id: int, *, write: bool) -> Response:
        seconds = self._context.settings.token_seconds
        token = issue_xet(self._context.signer, uploader, repository_id, write=write, seconds=seconds)
        address, expiry = self._context.origin(request) + CAS, int(time.time()) + seconds
        headers = {
            "X-Xet-Cas-Url": address,
            "X-Xet-Access-Token": token,
            "X-Xet-Token-Expiration": str(expiry),
            "Cache-Control": "no-store",
        }
        return json_response({"casUrl": address, "accessToken": token, "exp": expiry}, headers=headers)
