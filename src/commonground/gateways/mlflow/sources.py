"""Where a new version comes from: a run's files, a logged model's, or those of another version."""

import re
from typing import NamedTuple

from commonground.accounts.model import Principal
from commonground.compute.tracking.artifacts import Place
from commonground.errors import InvalidRecord, RunNotFound
from commonground.gateways.mlflow.context import Context
from commonground.gateways.mlflow.names import Content, artifact_path, parse_artifacts, version_number
from commonground.gateways.mlflow.versions import MOST_ENTRIES, VersionFiles
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import Entry

_LOGGED = re.compile(r"models:/+(m-[0-9a-f]{32})/?\Z")
_VERSION = re.compile(r"models:/+(?P<name>[^/@]+)(?:/(?P<number>\d{1,18})|@(?P<alias>[^/]+))\Z")
PLAIN_LIMIT = 64 * 2**20
"""Bytes of plain files that a version copied from another one may have: large files are not copied, they are named."""
HOUSEKEEPING = frozenset({".gitattributes"})


class Origin(NamedTuple):
    """The files (SHA-256 in hex, or the content of a plain text, by path), and the run and logged model they are of."""

    files: dict[str, str | bytes]
    run_id: int | None = None
    model_uid: str | None = None


class Sources:
    """Finds the files that an address names, for those who may read them."""

    def __init__(self, context: Context) -> None:
        self._context, self._versions = context, VersionFiles(context)

    async def find(self, caller: Principal, uri: str) -> Origin:
        """What is at an address; :class:`InvalidRecord` for one that is not of this server, and what those raise who
        are asked for it.
        """
        if logged := _LOGGED.match(uri):
            return await self._below(caller, Place("model", logged[1]), "")
        if version := _VERSION.match(uri):
            return await self._of_version(caller, version)
        path = artifact_path(uri)
        found = None if path is None else parse_artifacts(path)
        if found is None:
            raise InvalidRecord(reason=f"{uri[:200]} is no address of files on this server")
        place, folder = found
        if isinstance(place, Content):
            return await self._of_commit(caller, place, folder)
        return await self._below(caller, place, folder)

    async def _below(self, caller: Principal, place: Place, folder: str) -> Origin:
        below = await self._context.tracking.artifacts.below(caller, place, folder)
        start = len(folder) + 1 if folder else 0
        files: dict[str, str | bytes] = {one.path[start:]: one.sha256.hex() for one in below}
        if place.kind == "run":
            return Origin(files, run_id=int(place.name))
        model = await self._context.tracking.models.find(caller, place.name)
        return Origin(files, run_id=model.run_id, model_uid=model.uid)

    async def _of_version(self, caller: Principal, named: re.Match[str]) -> Origin:
        repository = await self._context.readable(caller, named["name"])
        registry = self._context.tracking.registry
        if named["number"]:
            version = await registry.version(repository, version_number(named["number"]))
        else:
            version = await registry.at_alias(repository, named["alias"])
        place = Content(repository.owner, repository.name, version.commit)
        return (await self._of_commit(caller, place, ""))._replace(run_id=version.run_id)

    async def _of_commit(self, caller: Principal, place: Content, folder: str) -> Origin:
        repository = await self._versions.open(caller, place)
        entries = await self._versions.entries(repository, place.commit, folder, recursive=True)
        files = [entry for entry in entries if entry.type == "file" and entry.path not in HOUSEKEEPING]
        if len(entries) >= MOST_ENTRIES:
            raise InvalidRecord(reason=f"a version copied from another one has less than {MOST_ENTRIES} files")
        if sum(entry.size for entry in files if entry.lfs is None) > PLAIN_LIMIT:
            raise InvalidRecord(
                reason=f"the plain files of {place.owner}.{place.name} are larger than {PLAIN_LIMIT} bytes"
            )
        start = len(folder) + 1 if folder else 0
        return Origin({entry.path[start:]: await self._content(repository, entry) for entry in files})

    async def _content(self, repository: Repository, entry: Entry) -> str | bytes:
        if entry.lfs is not None:
            return entry.lfs.sha256
        return await self._context.services.revisions.read(repository, entry, limit=PLAIN_LIMIT)

    async def run_of(self, caller: Principal, text: str, origin: Origin) -> int | None:
        """The run a version is said to come from, if the caller may see it; else the one its files are of."""
        if not text:
            return origin.run_id
        try:
            return (await self._context.tracking.runs.plain(caller, version_number(text))).id
        except RunNotFound:
            return origin.run_id
