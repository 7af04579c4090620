"""Commits of several operations."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Principal
from commonground.accounts.permissions import Action
from commonground.errors import PayloadTooLarge
from commonground.gateways.native import encoding, errors, wire
from commonground.gateways.native.context import REPOSITORY, Context, endpoint
from commonground.http.bodies import read_json, stream_body
from commonground.http.responses import json_response
from commonground.http.routing import Route
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import AddFile, AddPointer, CommitRequest, Operation, UploadFile

BODY_LIMIT = 64 * 2**20
"""Longest JSON body of a commit, in bytes: it is decoded in memory. Larger content is uploaded first."""

CONTENT_LIMIT = 2**44
"""Longest file that is taken, in bytes."""

SAMPLE = 512
"""Bytes by which text is told from binary content."""


class CommitRoutes:
    """The write path for several files at once."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._services = context.services

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        return [
            endpoint("POST", f"{REPOSITORY}/commits", self.create_commit, "Make a commit",
                     body=wire.CreateCommit, result=wire.Commit, status=201, errors=errors.COMMIT),
            endpoint("POST", f"{REPOSITORY}/contents", self.upload_content, "Upload content for a commit",
                     body=bytes, result=wire.Content, status=201, errors=errors.COMMIT),
        ]  # fmt: skip

    async def create_commit(self, request: Request) -> Response:
        """Apply the operations in order, all or none. Binary content goes to the store, as in a single upload."""
        caller, repository = await self._context.opened(request, Action.WRITE)
        settings = self._services.settings
        body = await read_json(request, wire.CreateCommit, min(BODY_LIMIT, settings.commit_body_limit))
        branch = body.branch or repository.default_branch
        operations = [encoding.operation(operation) for operation in body.operations]
        for operation in operations:
            if isinstance(operation, AddFile) and len(operation.content) > settings.regular_file_limit:
                raise PayloadTooLarge(limit=settings.regular_file_limit)
        wanted = CommitRequest(
            title=body.title,
            description=body.description,
            parent=body.parent,
            operations=await self._stored(caller, repository, branch, operations),
        )
        made = await self._services.revisions.commit(repository, caller, branch, wanted)
        return json_response(encoding.commit(made), 201)

    async def upload_content(self, request: Request) -> Response:
        """Store the body, of any length; a commit then names it by its SHA-256."""
        caller, _ = await self._context.opened(request, Action.WRITE)
        stored = await self._services.store.ingest(caller.uploader or 0, stream_body(request, CONTENT_LIMIT))
        assert stored.sha256 is not None
        return json_response(wire.Content(sha256=stored.sha256.hex(), size=stored.size), 201)

    async def _stored(
        self, caller: Principal, repository: Repository, branch: str, operations: Sequence[Operation]
    ) -> list[Operation]:
        """The operations, with what does not belong into git put into the store. Executable files stay in git."""
        added = [found for found in operations if isinstance(found, AddFile) and not found.executable]
        files = [UploadFile(path=file.path, size=len(file.content), sample=file.content[:SAMPLE]) for file in added]
        decisions = await self._services.revisions.preupload(repository, caller, branch, files) if files else []
        large = {id(file) for file, decision in zip(added, decisions, strict=True) if decision.mode == "lfs"}
        return [
            await self._pointer(caller, found) if isinstance(found, AddFile) and id(found) in large else found
            for found in operations
        ]

    async def _pointer(self, caller: Principal, file: AddFile) -> AddPointer:
        stored = await self._services.store.put_bytes(caller.uploader or 0, file.content)
        assert stored.sha256 is not None
        return AddPointer(path=file.path, sha256=stored.sha256.hex(), size=stored.size)
