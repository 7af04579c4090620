"""Registered models: a repository is the model, commits are its versions, tags its aliases."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from commonground.accounts.model import Principal
from commonground.compute.tracking import registry_queries as queries
from commonground.compute.tracking.checks import check_key, check_pairs
from commonground.compute.tracking.model import Version
from commonground.compute.tracking.registry_queries import MODEL, Registration
from commonground.database import Database
from commonground.errors import InvalidRecord, RevisionNotFound, StaleParent
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.model import (
    ZERO,
    AddFile,
    AddStored,
    CommitRequest,
    DeleteFile,
    Operation,
    Ref,
    RefUpdate,
)  # fmt: skip
from commonground.hub.revisions.service import Revisions
from commonground.hub.versions import HEADS, Versions

TAGS = "refs/tags/"
BLOCK = 500
ATTEMPTS = 5
"""How often a version is tried to be committed while others commit, too."""
_ALIAS_LIMIT = 255


class Registry:
    """The models of all accounts. The caller has opened the repository for what they are about to do to it."""

    def __init__(self, database: Database, revisions: Revisions, clock: Callable[[], int]) -> None:
        self._database, self._revisions, self._clock = database, revisions, clock
        self._versions = Versions(revisions)

    # --- versions -----------------------------------------------------------------------------------------------------

    async def count(self, repository: Repository) -> int:
        """How many versions there are; the newest has this number."""
        return len(await self._chain(repository))

    async def versions(self, repository: Repository, numbers: Sequence[int]) -> list[Version]:
        """The versions with these numbers; :class:`RevisionNotFound`."""
        chain = await self._chain(repository)
        for number in numbers:
            if not 1 <= number <= len(chain):
                raise RevisionNotFound(revision=f"{repository.full_name}/{number}")
        commits = {number: chain[number - 1] for number in numbers}
        known = await self._database.read(queries.of_commits, repository.id, list(commits.values()))
        tags = await self._tags(repository, commits.values())
        aliases = await self.aliases(repository)
        found = []
        for number, commit in commits.items():
            made = await self._revisions.commit_info(repository, commit)
            how = known.get(commit) or Registration(repository_id=repository.id, commit=commit, author=made.author_name)
            version = Version(
                number=number, commit=commit, date=made.date, run_id=how.run_id, model_uid=how.model_uid,
                source=how.source, author=how.author, tags=tags[commit],
                aliases=tuple(alias for alias, at in aliases.items() if at == number),
            )  # fmt: skip
            found.append(version)
        return found

    async def version(self, repository: Repository, number: int) -> Version:
        """The version with this number; :class:`RevisionNotFound`."""
        return (await self.versions(repository, [number]))[0]

    async def number_of(self, repository: Repository, commit: str) -> int:
        """The number of a commit; :class:`RevisionNotFound` where it is no version."""
        chain = await self._chain(repository)
        if commit not in chain:
            raise RevisionNotFound(revision=commit)
        return chain.index(commit) + 1

    async def of_run(self, run_id: int, limit: int) -> list[Registration]:
        """What was registered from a run."""
        return await self._database.read(queries.of_run, run_id, limit)

    async def add_version(
        self,
        principal: Principal,
        repository: Repository,
        files: Mapping[str, str | bytes],
        how: Registration,
        tags: Mapping[str, str],
    ) -> Version:
        """Commit files as a version: by path the SHA-256 in hex of content the caller may use, or the content itself. What the last registration
        brought and this one lacks goes; other files of the repository stay. :class:`InvalidRecord`, and what
        :meth:`Revisions.commit` raises.
        """
        check_pairs(tags)
        if not files:
            raise InvalidRecord(reason=f"there are no files at {how.source[:200]}")
        last = await self._database.read(queries.newest, repository.id)
        gone = [path for path in (last.paths if last else ()) if path not in files]
        commit = await self._commit(principal, repository, files, gone, how)
        made = msgspec.structs.replace(
            how, repository_id=repository.id, commit=commit, paths=tuple(files)
        )  # so that the next version knows what to replace
        await self._database.write(queries.add, made, principal.account_id, self._clock())
        await self._database.write(queries.set_tags, repository.id, bytes.fromhex(commit), tags)
        return await self.version(repository, await self.number_of(repository, commit))

    async def _commit(
        self,
        principal: Principal,
        repository: Repository,
        files: Mapping[str, str | bytes],
        gone: Sequence[str],
        how: Registration,
    ) -> str:
        origin = f"From run {how.run_id}." if how.run_id else ""
        added = [_added(path, content) for path, content in files.items()]
        for attempt in range(ATTEMPTS):
            head = await self._revisions.resolve(repository, HEADS + repository.default_branch)
            here = await self._present(repository, head, gone)
            asked = CommitRequest(
                title="Register a version",
                description=origin,
                parent=head,
                operations=[*(DeleteFile(path) for path in here), *added],
            )
            try:
                return (await self._revisions.commit(repository, principal, repository.default_branch, asked)).sha
            except StaleParent:
                if attempt == ATTEMPTS - 1:
                    raise
        raise AssertionError("the last attempt raises")

    async def _present(self, repository: Repository, head: str, paths: Sequence[str]) -> list[str]:
        found = []
        for start in range(0, len(paths), BLOCK):
            entries = await self._revisions.paths(repository, head, paths[start : start + BLOCK])
            found += [entry.path for entry in entries if entry.type == "file"]
        return found

    # --- aliases ------------------------------------------------------------------------------------------------------

    async def aliases(self, repository: Repository) -> dict[str, int]:
        """Tags, and branches beside the default one, that are at a version: its number by name."""
        place = {commit: number for number, commit in enumerate(await self._chain(repository), 1)}
        named = [ref for ref in await self._revisions.refs(repository) if _is_alias(repository, ref)]
        return {ref.short: place[ref.target] for ref in named if ref.target in place}

    async def set_alias(self, principal: Principal, repository: Repository, alias: str, number: int) -> None:
        """Make the tag of this name point at a version; :class:`RevisionNotFound`, :class:`InvalidRef`."""
        check_key(alias, _ALIAS_LIMIT)
        version = await self.version(repository, number)
        old = await self._tag(repository, alias)
        if old is None:
            await self._revisions.create_tag(repository, principal, alias, version.commit)
            return
        update = RefUpdate(name=TAGS + alias, old=old.sha, new=version.commit)
        await self._revisions.update_refs(repository, principal, [update])

    async def remove_alias(self, principal: Principal, repository: Repository, alias: str) -> None:
        """Remove the tag of this name, if there is one."""
        old = await self._tag(repository, alias)
        if old is not None:
            update = RefUpdate(name=TAGS + alias, old=old.sha, new=ZERO)
            await self._revisions.update_refs(repository, principal, [update])

    async def at_alias(self, repository: Repository, alias: str) -> Version:
        """The version a tag or branch is at; :class:`RevisionNotFound`."""
        number = (await self.aliases(repository)).get(alias)
        if number is None:
            raise RevisionNotFound(revision=alias[:200])
        return await self.version(repository, number)

    async def _tag(self, repository: Repository, alias: str) -> Ref | None:
        refs = await self._revisions.refs(repository)
        return next((ref for ref in refs if ref.name == TAGS + alias), None)

    # --- tags ---------------------------------------------------------------------------------------------------------

    async def tags(self, repository: Repository) -> dict[str, str]:
        """The tags of the model itself."""
        return (await self._database.read(queries.tags, repository.id, [MODEL]))[MODEL]

    async def set_tags(self, repository: Repository, tags: Mapping[str, str], number: int | None = None) -> None:
        """Set tags of the model, or of a version; :class:`InvalidRecord`, :class:`RevisionNotFound`."""
        check_pairs(tags)
        commit = await self._place(repository, number)
        await self._database.write(queries.set_tags, repository.id, commit, tags)

    async def remove_tag(self, repository: Repository, key: str, number: int | None = None) -> None:
        """Remove a tag, if it is there."""
        commit = await self._place(repository, number)
        await self._database.write(queries.remove_tag, repository.id, commit, key)

    async def _place(self, repository: Repository, number: int | None) -> bytes:
        return MODEL if number is None else bytes.fromhex((await self.version(repository, number)).commit)

    async def _tags(self, repository: Repository, commits: Iterable[str]) -> dict[str, dict[str, str]]:
        shas = [bytes.fromhex(sha) for sha in commits]
        found = await self._database.read(queries.tags, repository.id, shas)
        return {sha.hex(): pairs for sha, pairs in found.items()}

    async def _chain(self, repository: Repository) -> tuple[str, ...]:
        return await self._versions.of(repository, repository.default_branch)


def _added(path: str, content: str | bytes) -> Operation:
    return AddFile(path=path, content=content) if isinstance(content, bytes) else AddStored(path=path, sha256=content)


def _is_alias(repository: Repository, ref: Ref) -> bool:
    is_branch = ref.name.startswith(HEADS) and ref.short != repository.default_branch
    return is_branch or ref.name.startswith(TAGS)
