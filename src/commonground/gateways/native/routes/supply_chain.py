"""What a revision consists of, its bill of materials, and whether a signature holds."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from commonground.errors import (
    EntryNotFound,
    InvalidKey,
    InvalidSignature,
    PackageMissing,
    PayloadTooLarge,
    TooManyFiles,
)
from commonground.gateways.native import errors, wire
from commonground.gateways.native.context import REPOSITORY, Context, endpoint, page
from commonground.http.bodies import read_json
from commonground.http.identity import public_origin
from commonground.http.parameters import read_query
from commonground.http.responses import json_response
from commonground.http.routing import Route
from commonground.hub.repositories.model import Repository
from commonground.operations.manifest.model import ManifestFile
from commonground.operations.manifest.service import manifest_files, manifest_page
from commonground.operations.sbom.service import bill_of, document
from commonground.operations.signing.bundle import LIMIT, verify
from commonground.operations.signing.keys import PublicKey
from commonground.operations.signing.statement import differences

VERIFIED_FILES = 100_000
"""Most files of a revision that are held against a signature in one request."""
SHOWN = 1000
"""Most differences in one answer."""


class SupplyChainRoutes:
    """For those who have to know what they run."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._revisions = context.services.revisions

    def routes(self) -> list[Route]:
        """The endpoints of this area."""
        return [
            endpoint("GET", f"{REPOSITORY}/manifest/{{revision}}", self.list_manifest, "List all files with digests",
                     query=wire.ManifestQuery, result=wire.Page[ManifestFile], errors=errors.CONTENT),
            endpoint("GET", f"{REPOSITORY}/sbom", self.get_sbom, "Bill of materials in CycloneDX or SPDX",
                     query=wire.SbomQuery, result=wire.Sbom, errors=(*errors.CONTENT, TooManyFiles)),
            endpoint("POST", f"{REPOSITORY}/verify", self.verify_signature, "Check a signature against the files",
                     body=wire.VerifySignature, result=wire.Verdict,
                     errors=(*errors.CONTENT, TooManyFiles, InvalidKey, PackageMissing, PayloadTooLarge)),
        ]  # fmt: skip

    async def list_manifest(self, request: Request) -> Response:
        """A page of the files of a revision, each with size and SHA-256."""
        repository, asked = await self._context.readable(request), read_query(request, wire.ManifestQuery)
        revision = request.path_params["revision"]
        found = await manifest_page(self._revisions, repository, revision, cursor=asked.cursor, limit=asked.limit)
        return page(request, found.items, found.cursor)

    async def get_sbom(self, request: Request) -> Response:
        """Files, licence and lineage of a revision; the same document whenever it is asked for."""
        repository, asked = await self._context.readable(request), read_query(request, wire.SbomQuery)
        origin = public_origin(request, self._context.services.settings)
        bill = await bill_of(self._revisions, repository, asked.revision or repository.default_branch, origin)
        return json_response(await asyncio.to_thread(document, bill, asked.format))

    async def verify_signature(self, request: Request) -> Response:
        """Whether the key signed exactly the files of a revision (OpenSSF Model Signing v1.0)."""
        repository = await self._context.readable(request)
        asked = await read_json(request, wire.VerifySignature)
        key = PublicKey.read(asked.public_key.encode())
        commit = await self._revisions.resolve(repository, asked.revision or repository.default_branch)
        return json_response(await self._verdict(repository, commit, asked.path, key))

    async def _verdict(self, repository: Repository, commit: str, path: str, key: PublicKey) -> wire.Verdict:
        try:
            content = await self._signature(repository, commit, path)
            statement = await asyncio.to_thread(verify, content, key)
        except InvalidSignature as error:
            return wire.Verdict(commit=commit, valid=False, problem=str(error.details["reason"]))
        files = await manifest_files(self._revisions, repository, commit, VERIFIED_FILES)
        found = await asyncio.to_thread(differences, statement, files, path)
        problem = f"{len(found)} files differ from what was signed" if found else None
        shown = [wire.FileDifference(path=item.path, problem=item.problem) for item in found[:SHOWN]]
        return wire.Verdict(commit=commit, valid=not found, problem=problem, differences=shown)

    async def _signature(self, repository: Repository, commit: str, path: str) -> bytes:
        _, entry = await self._revisions.entry(repository, commit, path)
        if entry.type != "file":
            raise EntryNotFound(path=path, commit=commit)
        return await self._revisions.read(repository, entry, 0, None, LIMIT)
