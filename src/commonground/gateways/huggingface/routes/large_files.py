"""The large files of a repository as a whole: what is kept, what shall go, what another repository may have."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Account
from commonground.accounts.permissions import Action
from commonground.errors import BadRequest
from commonground.gateways.huggingface import wire
from commonground.gateways.huggingface.context import REPOSITORY, Context, endpoint, limit_of
from commonground.http.bodies import read_json
from commonground.http.responses import json_response
from commonground.http.routing import Route
from commonground.hub.repositories.model import Repository
from commonground.store.model import Link

PAGE = 1000
BATCH = 1000


class LargeFileRoutes:
    """Administration of LFS content."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        files = f"{REPOSITORY}/lfs-files"
        return [
            endpoint("GET", files, self.list_files, "List large files", query=("limit", "cursor")),
            endpoint("POST", f"{files}/batch", self.delete, "Delete large files", body=wire.DeleteContents),
            endpoint(
                "DELETE", f"{files}/{{sha256}}", self.delete_one, "Delete a large file", query=("rewriteHistory",)
            ),
            endpoint("POST", f"{files}/duplicate", self.duplicate, "Copy to a repository", body=wire.CopyContents),
        ]

    async def list_files(self, request: Request) -> Response:
        """One page of the contents the repository keeps, each with a ref that has it."""
        repository = await self._context.repository(request, Action.WRITE)
        limit = limit_of(request, PAGE)
        store, after = self._context.store, _decode(request.query_params.get("cursor"))
        links = await self._context.database.read(store.links, repository.id, after, limit + 1)
        shown = [link for link in links[:limit] if link.sha256 is not None]
        refs = await self._context.revisions.refs_of_content(repository, [link.sha256 for link in shown if link.sha256])
        pushers = await self._context.accounts.by_ids([link.account_id for link in shown if link.account_id])
        items = [_item(link, refs.get(link.sha256 or b""), pushers.get(link.account_id or 0)) for link in shown]
        more = _encode(links[limit - 1].file_hash) if len(links) > limit else None
        return self._context.page(request, items, more)

    async def delete(self, request: Request) -> Response:
        """Remove contents for good, by default from the history as well."""
        body = await read_json(request, wire.DeleteContents)
        return await self._delete(request, body.deletions.sha, rewrite=body.deletions.rewrite_history)

    async def delete_one(self, request: Request) -> Response:
        """Remove one content for good."""
        rewrite = request.query_params.get("rewriteHistory", "true").lower() not in {"false", "0"}
        return await self._delete(request, [request.path_params["sha256"]], rewrite=rewrite)

    async def _delete(self, request: Request, names: list[str], *, rewrite: bool) -> Response:
        caller, repository = await self._context.opened(request, Action.MANAGE)
        sha256s = _digests(names)
        if rewrite:
            await self._context.revisions.purge_content(repository, caller, sha256s)
        await self._context.revisions.unlink_content(repository, sha256s)
        return json_response({"success": True})

    async def duplicate(self, request: Request) -> Response:
        """Which contents another repository may name from now on: content is shared, so there is nothing to copy.

        The commit that names one looks itself whether its author may read it here.
        """
        caller, source = await self._context.opened(request)
        await self._context.repositories.check_files(caller, source)
        body = await read_json(request, wire.CopyContents)
        owner, _, name = body.target.name.partition("/")
        await self._context.repositories.open(caller, body.target.type, owner, name, Action.WRITE)
        found = await self._present(source, [file.sha256 for file in body.files])
        missing = {"error": "The repository has no such content"}
        return json_response(
            {
                "success": [_copied(file) for file in body.files if file.sha256 in found],
                "failed": [_copied(file) | missing for file in body.files if file.sha256 not in found],
            }
        )

    async def _present(self, source: Repository, names: list[str]) -> set[str]:
        digests = _digests(names)
        linked = await self._context.database.read(self._context.store.linked, source.id, digests)
        return {digest.hex() for digest in linked}


def _digests(names: list[str]) -> list[bytes]:
    if len(names) > BATCH:
        raise BadRequest(reason=f"more than {BATCH} files")
    try:
        digests = [bytes.fromhex(name) for name in names]
    except ValueError:
        digests = [b""]
    if any(len(digest) != 32 for digest in digests):
        raise BadRequest(reason="a file is named by its SHA-256")
    return digests


def _item(link: Link, ref: str | None, pusher: Account | None) -> dict[str, Any]:
    sha256 = link.sha256.hex() if link.sha256 else ""
    item: dict[str, Any] = {
        "oid": sha256,
        "fileOid": sha256,
        "filename": link.filename,
        "size": link.size,
        "pushedAt": wire.moment(link.created_at),
    }
    if ref is not None:
        item["ref"] = ref
    if pusher is not None:
        item["pusher"] = {"user": pusher.name, "fullname": pusher.full_name or pusher.name, "avatarUrl": ""}
    return item


def _copied(file: wire.CopiedFile) -> dict[str, Any]:
    return {"sha256": file.sha256, "filename": file.filename, "xetHash": file.xet_hash}


def _encode(file_hash: bytes) -> str:
    return urlsafe_b64encode(file_hash).decode()


def _decode(cursor: str | None) -> bytes:
    try:
        return urlsafe_b64decode(cursor or "")
    except (Base64Error, ValueError):
        raise BadRequest(reason="the cursor is not one this server gave out") from None
