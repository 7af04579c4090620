"""Manifests: answering, taking and deleting them."""

from collections.abc import Sequence
from functools import partial

import msgspec
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from commonground.accounts.model import Principal
from commonground.database.clock import now_ms
from commonground.errors import (
    ContentInUse,
    ContentMissing,
    InvalidDigest,
    InvalidManifest,
    ManifestNotFound,
    RefExists,
)
from commonground.gateways.oci import queries
from commonground.gateways.oci.artifacts import LayerFile, files_of
from commonground.gateways.oci.blobs import Blobs
from commonground.gateways.oci.door import Door
from commonground.gateways.oci.names import TAG, Digest, digest_of, is_digest, parse_digest
from commonground.gateways.oci.publishing import Publishing
from commonground.gateways.oci.queries import StoredManifest, Tag
from commonground.gateways.oci.references import References, Standing
from commonground.gateways.oci.wire import MANIFEST_LIMIT, Manifest, parse_manifest
from commonground.http.addresses import raw_path
from commonground.http.bodies import read_body
from commonground.http.files import UNTRUSTED, not_modified
from commonground.http.identity import client_address
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.keeping import keep, release
from commonground.hub.revisions.refnames import HEADS
from commonground.services import Services
from commonground.store.model import StoredFile

TAGS_AT_ONCE = 100


class Pushed(msgspec.Struct, frozen=True):
    """A manifest that was sent, with the files behind its blobs."""

    digest: Digest
    body: bytes
    manifest: Manifest
    files: dict[str, StoredFile]  # by digest


class Manifests:
    """The endpoints of manifests."""

    def __init__(self, services: Services, door: Door, blobs: Blobs, references: References) -> None:
        self._services, self._door, self._blobs, self._references = services, door, blobs, references
        self._publishing = Publishing(services)

    async def send(self, request: Request) -> Response:
        """``GET`` and ``HEAD``, exactly as it was pushed or computed."""
        caller, repository = await self._door.reader(request)
        found = await self._references.manifest(repository, request.path_params["reference"])
        headers = {**UNTRUSTED, "Docker-Content-Digest": found.digest, "ETag": f'"{found.digest}"'}
        if not_modified(request, found.digest):
            return Response(status_code=304, headers=headers)
        if request.method == "GET":
            who = caller.name or client_address(request, self._services.settings)
            await self._services.repositories.count_download(repository, None, who)
        return Response(found.body, headers={**headers, "Content-Type": found.media_type})

    async def take(self, request: Request) -> Response:
        """``PUT`` under a tag or a digest: a model artifact under a tag becomes a commit, everything else is kept."""
        caller, repository = await self._door.pusher(request)
        reference = request.path_params["reference"]
        body = await read_body(request, MANIFEST_LIMIT)
        digest = _digest(reference, body)
        tags = _tags(request, reference)
        manifest = parse_manifest(body, request.headers.get("content-type", ""))
        pushed = Pushed(digest, body, manifest, await self._files(repository, caller, manifest))
        commits = {tag: await self._settle(repository, caller, tag, pushed) for tag in tags}
        await self._services.database.write(self._keep, repository, caller, pushed, commits)
        headers = {"Location": f"{_base(request)}/{digest}", "Docker-Content-Digest": str(digest)}
        if manifest.subject is not None:
            headers["OCI-Subject"] = manifest.subject.digest
        if request.query_params.getlist("tag"):
            headers["OCI-Tag"] = ", ".join(tags)
        return Response(status_code=201, headers=headers)

    async def delete(self, request: Request) -> Response:
        """``DELETE``: a manifest by digest, with its tags; or a tag, with the branch or tag of the repository it is."""
        caller, repository = await self._door.writer(request)
        reference = request.path_params["reference"]
        if is_digest(reference):
            await self._delete_manifest(repository, caller, str(parse_digest(reference)))
        else:
            standing = await self._references.standing(repository, reference)
            if standing.pushed is None and standing.ref is None:
                raise ManifestNotFound(reference=reference, reason="no branch or tag has this name")
            await self._delete_tag(repository, caller, reference, standing)
        return Response(status_code=202)

    async def _delete_manifest(self, repository: Repository, caller: Principal, digest: str) -> None:
        """The default branch is no more than untagged: it shows the manifest of its commit from then on."""
        found = await self._references.by_digest(repository, digest)
        if found.projected:
            raise ContentInUse(oid=digest, user=f"commit {found.commit.hex() if found.commit else ''}")
        for tag in await self._services.database.read(queries.tags_of, repository.id, digest):
            standing = await self._references.standing(repository, tag)
            if standing.pushed is not None and standing.ref != HEADS + repository.default_branch:
                await self._delete_tag(repository, caller, tag, standing)
        await self._services.database.write(_forget, repository.id, digest)

    async def _delete_tag(self, repository: Repository, caller: Principal, tag: str, standing: Standing) -> None:
        if standing.ref is not None and await self._shows_ref(repository, standing.pushed):
            revisions = self._services.revisions
            delete = revisions.delete_branch if standing.ref.startswith(HEADS) else revisions.delete_tag
            await delete(repository, caller, standing.ref)
        await self._services.database.write(queries.delete_tag, repository.id, tag)

    async def _shows_ref(self, repository: Repository, pushed: Tag | None) -> bool:
        """Whether a tag shows the files of the ref of its name: not if, say, a container image was pushed over it."""
        if pushed is None:
            return True
        found = await self._services.database.lookup(queries.manifest, repository.id, pushed.digest)
        return found is None or found.commit is not None

    async def _files(self, repository: Repository, caller: Principal, manifest: Manifest) -> dict[str, StoredFile]:
        """The file behind each blob; :class:`ContentMissing` for one the caller has to send first."""
        digests = {blob.digest: parse_digest(blob.digest) for blob in manifest.blobs}
        located = await self._blobs.find_all(repository, caller, digests.values())
        found: dict[str, StoredFile] = {}
        for blob in manifest.blobs:
            digest = digests[blob.digest]
            if digest not in located:
                raise ContentMissing(oid=blob.digest, path=blob.media_type)
            if blob.digest not in found:
                found[blob.digest] = await self._blobs.stored(repository, caller, located[digest], digest)
            if (actual := found[blob.digest].size) != blob.size:
                raise InvalidManifest(reason=f"{blob.digest} has {actual} bytes, not {blob.size}")
        return found

    async def _settle(self, repository: Repository, caller: Principal, tag: str, pushed: Pushed) -> str | None:
        """:meth:`_commit`, also when another push has made the branch meanwhile."""
        try:
            return await self._commit(repository, caller, tag, pushed)
        except RefExists:
            return await self._commit(repository, caller, tag, pushed)

    async def _commit(self, repository: Repository, caller: Principal, tag: str, pushed: Pushed) -> str | None:
        """The commit a tag stands for from now on: a new one for a model artifact, else the one of the ref that has the
        name already.
        """
        standing = await self._references.standing(repository, tag)
        layers = files_of(pushed.manifest)
        if layers is None:
            return standing.commit
        if standing.pushed is not None and standing.pushed.digest == str(pushed.digest):
            return standing.commit
        known = await self._known(repository, pushed.digest)
        if standing.commit is not None and known == standing.commit:
            return known
        if standing.ref is None and known is not None:
            await self._publishing.point(repository, caller, tag, known)
            return known
        return await self._publishing.publish(
            repository, caller, tag, standing, str(pushed.digest), _with_files(layers, pushed)
        )

    async def _known(self, repository: Repository, digest: Digest) -> str | None:
        """The commit that holds this artifact already, if it is still in the repository."""
        found = await self._services.database.lookup(queries.manifest, repository.id, str(digest))
        if found is None or found.commit is None or not await self._references.has_commit(repository, found.commit):
            return None
        return found.commit.hex()

    def _keep(
        self,
        connection: Connection,
        repository: Repository,
        caller: Principal,
        pushed: Pushed,
        commits: dict[str, str | None],
    ) -> None:
        """Record the manifest, its tags, and that the repository uses its blobs."""
        now, name = now_ms(), str(pushed.digest)
        known = queries.manifest(connection, repository.id, name)
        if known is None or not known.projected:
            commit = _artifact_commit(pushed, commits, known)
            queries.put_manifest(connection, repository.id, _stored(pushed, commit), now)
        put_tag = partial(queries.put_tag, connection, repository.id)
        for tag, commit_hex in commits.items():
            put_tag(Tag(tag, name, None if commit_hex is None else bytes.fromhex(commit_hex)), now)
        files = {file.hash: file for file in pushed.files.values()}
        keep(connection, self._services.store, repository.id, caller.account_id, list(files.values()), name)
        for file in files.values():
            queries.delete_upload(connection, repository.id, file.sha256 or b"")


def _artifact_commit(pushed: Pushed, commits: dict[str, str | None], known: StoredManifest | None) -> bytes | None:
    if files_of(pushed.manifest) is not None:
        for commit in commits.values():
            if commit is not None:
                return bytes.fromhex(commit)
    return None if known is None else known.commit


def _stored(pushed: Pushed, commit: bytes | None) -> StoredManifest:
    manifest = pushed.manifest
    return StoredManifest(
        digest=str(pushed.digest),
        media_type=manifest.media_type,
        artifact_type=manifest.kind_of_artifact,
        subject=None if manifest.subject is None else manifest.subject.digest,
        body=pushed.body,
        commit=commit,
        projected=False,
    )


def _with_files(layers: Sequence[LayerFile], pushed: Pushed) -> list[tuple[LayerFile, StoredFile]]:
    missing = next((layer.blob.digest for layer in layers if layer.blob.digest not in pushed.files), None)
    if missing is not None:
        raise InvalidManifest(reason=f"{missing} is fetched elsewhere, so it cannot be a file of the repository")
    return [(layer, pushed.files[layer.blob.digest]) for layer in layers]


def _digest(reference: str, body: bytes) -> Digest:
    """The digest of a body: the one it was sent under, checked, else its SHA-256."""
    if not is_digest(reference):
        return digest_of(body)
    wanted = parse_digest(reference)
    actual = digest_of(body, wanted.algorithm)
    if actual != wanted:
        raise InvalidDigest(digest=f"{wanted} (the body has {actual})")
    return actual


def _tags(request: Request, reference: str) -> list[str]:
    tags = list(dict.fromkeys(request.query_params.getlist("tag")))
    if not is_digest(reference):
        tags = [reference, *(tag for tag in tags if tag != reference)]
    strange = next((tag for tag in tags if not TAG.fullmatch(tag)), None)
    if strange is not None or len(tags) > TAGS_AT_ONCE:
        raise InvalidManifest(reason=f"{(strange or 'one of them')[:150]!r} is not a tag")
    return tags


def _base(request: Request) -> str:
    return raw_path(request).rpartition("/")[0]


def _forget(connection: Connection, repository_id: int, digest: str) -> None:
    queries.delete_manifest(connection, repository_id, digest)
    release(connection, repository_id, digest)
