"""How a file shall be sent: as a plain git blob or through LFS, or not at all."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from commonground.errors import BadRequest
from commonground.hub.repositories.model import Repository
from commonground.hub.revisions.cache import LruCache
from commonground.hub.revisions.context import Context
from commonground.hub.revisions.entries import describe
from commonground.hub.revisions.listing import find_path
from commonground.hub.revisions.model import UploadDecision, UploadFile
from commonground.hub.revisions.object_view import ObjectView
from commonground.hub.revisions.paths import split_path
from commonground.hub.revisions.patterns import Pattern, read_lines
from commonground.hub.revisions.resolving import resolve_commit

FILES_LIMIT = 10_000
WORK_LIMIT = 20_000_000
RULES_SIZE = 256 * 2**10
ALWAYS_REGULAR = frozenset({".gitattributes", ".gitignore"})


class AttributeRules:
    """The lines of a ``.gitattributes`` file that turn LFS on or off."""

    def __init__(self, content: bytes) -> None:
        rules = [_attribute(line) for line in read_lines(content)]
        self._rules = [rule for rule in reversed(rules) if rule]

    def __len__(self) -> int:
        return len(self._rules)

    def is_lfs(self, segments: Sequence[str]) -> bool | None:
        """What the last matching line says; ``None`` if no line does."""
        return next((lfs for pattern, lfs in self._rules if pattern.matches(segments)), None)


class IgnoreRules:
    """A ``.gitignore`` file."""

    def __init__(self, content: bytes) -> None:
        lines = [line.removeprefix("!") for line in read_lines(content)]
        signs = [not line.startswith("!") for line in read_lines(content)]
        self._rules = [(Pattern(line), sign) for line, sign in zip(lines, signs, strict=True)][::-1]

    def __len__(self) -> int:
        return len(self._rules)

    def ignores(self, segments: Sequence[str]) -> bool:
        """Whether a file, or a folder it is in, is ignored. What an ignored folder contains cannot be brought back."""
        return any(self._verdict(segments[:depth], len(segments)) for depth in range(1, len(segments) + 1))

    def _verdict(self, segments: Sequence[str], whole: int) -> bool:
        is_folder = len(segments) < whole
        matching = (
            sign
            for pattern, sign in self._rules
            if (is_folder or not pattern.folders_only) and pattern.matches(segments)
        )
        return next(matching, False)


class UploadRules:
    """Decides for the files a client announces."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._attributes: LruCache[bytes, AttributeRules] = LruCache(64)

    async def preupload(
        self,
        repository: Repository,
        revision: str,
        files: Sequence[UploadFile],
        git_attributes: str | None = None,
        git_ignore: str | None = None,
    ) -> list[UploadDecision]:
        """One decision a file, in order. ``.gitattributes`` and ``.gitignore`` are those of the revision unless given."""
        if len(files) > FILES_LIMIT:
            raise BadRequest(reason=f"more than {FILES_LIMIT} files at once")
        for file in files:
            split_path(file.path)
        return await self._context.database.read(self._decide, repository, revision, files, git_attributes, git_ignore)

    def _decide(
        self,
        connection: Connection,
        repository: Repository,
        revision: str,
        files: Sequence[UploadFile],
        git_attributes: str | None,
        git_ignore: str | None,
    ) -> list[UploadDecision]:
        view = self._context.view(connection, repository.id)
        commit = resolve_commit(view, self._context.reachable, repository, revision)
        tree = view.commit(commit).tree
        attributes = self._attribute_rules(_given_or_stored(view, tree, git_attributes, ".gitattributes"))
        ignore = IgnoreRules(_given_or_stored(view, tree, git_ignore, ".gitignore"))
        _bound_work(files, len(attributes) + len(ignore))
        current = self._current_ids(view, tree, [file.path for file in files])
        return [
            UploadDecision(
                path=file.path,
                mode="lfs" if self._is_lfs(file, attributes) else "regular",
                ignored=ignore.ignores(file.path.split("/")),
                oid=current.get(file.path),
            )
            for file in files
        ]

    def _attribute_rules(self, content: bytes) -> AttributeRules:
        rules = self._attributes.get(content)
        if rules is None:
            rules = AttributeRules(content)
            self._attributes.put(content, rules)
        return rules

    def _is_lfs(self, file: UploadFile, attributes: AttributeRules) -> bool:
        if file.size == 0 or file.path in ALWAYS_REGULAR:
            return False
        if file.size > self._context.settings.regular_file_limit:
            return True
        said = attributes.is_lfs(file.path.split("/"))
        return _is_binary(file.sample) if said is None else said

    def _current_ids(self, view: ObjectView, tree: bytes, paths: Iterable[str]) -> dict[str, str]:
        found = [(path, entry) for path in paths if (entry := find_path(view, tree, path)) and not entry.is_folder]
        entries = describe(view.connection, self._context, view.repository_id, found)
        return {entry.path: entry.lfs.sha256 if entry.lfs else entry.oid for entry in entries}


def _attribute(line: str) -> tuple[Pattern, bool] | None:
    pattern, *attributes = line.split()
    filters = [attribute for attribute in attributes if attribute.lstrip("-!").split("=")[0] == "filter"]
    if not filters or pattern.startswith(("[attr]", "!")) or pattern.endswith("/"):
        return None
    return Pattern(pattern.strip('"')), filters[-1] == "filter=lfs"


def _given_or_stored(view: ObjectView, tree: bytes, given: str | None, path: str) -> bytes:
    if given is not None:
        return given.encode("utf-8", "replace")[:RULES_SIZE]
    entry = find_path(view, tree, path)
    found = view.get(entry.sha) if entry else None
    return (found.body or b"")[:RULES_SIZE] if found else b""


def _bound_work(files: Sequence[UploadFile], rules: int) -> None:
    if rules * sum((file.path.count("/") + 1) ** 2 for file in files) > WORK_LIMIT:
        raise BadRequest(reason="too many patterns for so many files: ask for fewer files at once")


def _is_binary(sample: bytes) -> bool:
    """A text has no NUL and is UTF-8, but for a character that the end of the sample cuts."""
    if b"\0" in sample:
        return True
    try:
        sample.decode()
    except UnicodeDecodeError as error:
        return error.start < len(sample) - 3
    return False
