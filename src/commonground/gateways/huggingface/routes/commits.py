"""Commits: what will be uploaded how, and the commit itself."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Principal
from commonground.accounts.permissions import Action
from commonground.errors import BadRequest
from commonground.gateways.huggingface import wire
from commonground.gateways.huggingface.commit_body import read_commit
from commonground.gateways.huggingface.context import REPOSITORY, Context, endpoint, flag
from commonground.http.bodies import read_json, stream_body
from commonground.http.responses import json_response
from commonground.http.routing import Route
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import CommitRequest, DeleteFile, DeleteFolder, UploadFile

PREUPLOAD_FILES = 1000


class CommitRoutes:
    """The write path."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        preupload, commit = f"{REPOSITORY}/preupload/{{revision}}", f"{REPOSITORY}/commit/{{revision}}"
        return [
            endpoint("POST", preupload, self.preupload, "Ask how files are to be uploaded", body=wire.Preupload),
            endpoint("POST", commit, self.commit, "Commit (NDJSON)"),
        ]

    async def preupload(self, request: Request) -> Response:
        """For each file: regular or LFS, ignored or not, and the id of the content it replaces."""
        caller, repository = await writable(self._context, request)
        body = await read_json(request, wire.Preupload)
        if len(body.files) > PREUPLOAD_FILES:
            raise BadRequest(reason=f"more than {PREUPLOAD_FILES} files")
        decisions = await self._context.revisions.preupload(
            repository,
            caller,
            request.path_params["revision"],
            [UploadFile(path=file.path, size=file.size, sample=file.sample) for file in body.files],
            git_attributes=body.git_attributes,
            git_ignore=body.git_ignore,
        )
        files = [
            {
                "path": decision.path,
                "uploadMode": decision.mode,
                "shouldIgnore": decision.ignored,
                "oid": decision.oid,
            }
            for decision in decisions
        ]
        return json_response({"files": files})

    async def commit(self, request: Request) -> Response:
        """One commit from the lines of the body."""
        caller, repository = await writable(self._context, request)
        settings = self._context.settings
        parts = stream_body(request, settings.commit_body_limit)
        asked = await read_commit(parts, settings.regular_file_limit)
        revision = request.path_params["revision"]
        asked = await self._with_folders(repository, revision, asked)
        page = self._context.origin(request) + wire.page_path(repository.kind, repository.full_name)
        answer: dict[str, object] = {"success": True}
        if flag(request, "create_pr"):
            number, made = await self._context.revisions.propose(repository, caller, revision, asked)
            answer["pullRequestUrl"] = f"{page}/discussions/{number}"
        else:
            made = await self._context.revisions.commit(repository, caller, revision, asked)
        return json_response(answer | {"commitOid": made.sha, "commitUrl": f"{page}/commit/{made.sha}"})

    async def _with_folders(self, repository: Repository, revision: str, asked: CommitRequest) -> CommitRequest:
        """The request with ``deletedFile`` of a folder understood as ``deletedFolder``, as the protocol has it."""
        deleted = [operation.path for operation in asked.operations if isinstance(operation, DeleteFile)]
        if not deleted:
            return asked
        found = await self._context.revisions.paths(repository, revision, deleted)
        folders = {entry.path for entry in found if entry.type == "directory"}
        operations = [
            DeleteFolder(operation.path)
            if isinstance(operation, DeleteFile) and operation.path in folders
            else operation
            for operation in asked.operations
        ]
        return msgspec.structs.replace(asked, operations=operations)


async def writable(context: Context, request: Request) -> tuple[Principal, Repository]:
    """The caller and the repository they may write to; with ``create_pr=1``, one they may propose a change to."""
    return await context.opened(request, Action.DISCUSS if flag(request, "create_pr") else Action.WRITE)
