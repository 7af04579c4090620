"""Writing: content first, then the commit that names it."""

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import SEGMENTS, Principal
from commonground.accounts.permissions import Action
from commonground.gateways.modelscope import wire
from commonground.gateways.modelscope.actions import commit_request
from commonground.gateways.modelscope.context import WRITING, Context, endpoint
from commonground.gateways.modelscope.envelope import answer
from commonground.http.bodies import read_json, stream_body
from commonground.http.content_links import Links, read_grant
from commonground.http.identity import public_origin
from commonground.http.routing import Route
from commonground.hub.repositories.model import Repository

COMMIT_LIMIT = 32 * 2**20
"""Largest body of a commit, in bytes: it is decoded in one piece. The client keeps to a quarter of it."""


class UploadRoutes:
    """The write path."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        objects = f"{WRITING}/info/lfs/objects"
        return [
            endpoint("POST", f"{objects}/batch", self.batch, "Where to send content", body=wire.Batch),
            endpoint("PUT", f"{objects}/{{oid}}", self.upload, "Send content", body=bytes),
            endpoint("POST", f"{WRITING}/commit/{{revision*}}", self.commit, "Commit", body=wire.Commit),
        ]

    async def batch(self, request: Request) -> Response:
        """Addresses for the content the caller has to send; what may be used already has none."""
        caller, repository = await self._context.opened(request, Action.WRITE)
        asked = await read_json(request, wire.Batch)
        services = self._context.services
        wanted = [bytes.fromhex(item.oid) for item in asked.objects]
        values = (caller.uploader, repository.id, wanted)
        usable = await services.database.read(services.store.usable_among, *values)
        links = self._links(request, caller, repository)
        objects = [_object(item, links, known=bytes.fromhex(item.oid) in usable) for item in asked.objects]
        return answer(request, {"objects": objects})

    async def upload(self, request: Request) -> Response:
        """Take content; :class:`DigestMismatch` or :class:`SizeMismatch` if it is not what was announced."""
        grant = read_grant(self._context.services.signer, request, "upload")
        body = stream_body(request, grant.size)
        await self._context.services.store.ingest(grant.uploader, body, sha256=grant.sha256, size=grant.size)
        return answer(request, None)

    async def commit(self, request: Request) -> Response:
        """One commit from all actions of the body."""
        caller, repository = await self._context.opened(request, Action.WRITE)
        body = await read_json(request, wire.Commit, COMMIT_LIMIT)
        asked = commit_request(body, self._context.services.settings.regular_file_limit)
        revision = await self._context.revision(repository, request.path_params["revision"])
        made = await self._context.revisions.commit(repository, caller, revision, asked)
        return answer(request, {"commit_id": made.sha, "commit_message": made.message})

    def _links(self, request: Request, caller: Principal, repository: Repository) -> Links:
        settings = self._context.services.settings
        place = f"/api/v1/repos/{SEGMENTS[repository.kind]}/{repository.full_name}/info/lfs"
        base = public_origin(request, settings) + place
        return Links(self._context.services.signer, base, caller.uploader, repository.id, settings.token_seconds)


def _object(item: wire.BatchObject, links: Links, *, known: bool) -> dict[str, object]:
    actions = {} if known else {"upload": {"href": links.to("upload", item.oid, item.size)}}
    return {"oid": item.oid, "size": item.size, "actions": actions}
