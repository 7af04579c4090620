"""A tree being changed: folders are read when a path leads into them and written once, when all operations are applied."""

from collections.abc import Callable, Sequence

from commonground.errors import FileToDeleteNotFound, InvalidCommit
from commonground.hub.revisions.objects import EMPTY_TREE, TREE, GitObject, make_object
from commonground.hub.revisions.trees import DIRECTORY, TreeEntry, edit_tree, find_entry

ReadTree = Callable[[bytes], bytes]


class Folder:
    """One folder of the tree: its stored entries under the changes made to it."""

    def __init__(self, read: ReadTree, sha: bytes | None) -> None:
        self._read = read
        self._stored = read(sha) if sha else b""
        self._changes: dict[bytes, tuple[int, bytes] | None] = {}
        self._opened: dict[bytes, Folder] = {}

    def find(self, segments: Sequence[bytes]) -> TreeEntry | None:
        """The entry at a path, or ``None``. An opened folder that became empty counts as absent."""
        *folders, name = segments
        place: Folder | None = self
        for folder in folders:
            place = place._open(folder) if place else None
        return place._entry(name) if place else None

    def put(self, segments: Sequence[bytes], mode: int, sha: bytes) -> None:
        """Set a file; :class:`InvalidCommit` where a folder is in its place, or a file in the place of its folder."""
        *folders, name = segments
        place = self
        for depth, folder in enumerate(folders, 1):
            place = place._open_or_make(folder, segments[:depth])
        entry = place._entry(name)
        if entry and entry.is_folder:
            raise InvalidCommit(reason=f"{_text(segments)} is a folder, it cannot become a file")
        place._opened.pop(name, None)
        place._changes[name] = (mode, sha)

    def delete_file(self, segments: Sequence[bytes]) -> None:
        """Remove a file; :class:`FileToDeleteNotFound` if there is none."""
        entry = self.find(segments)
        if entry is None or entry.is_folder:
            raise FileToDeleteNotFound(path=_text(segments))
        self._remove(segments)

    def delete_folder(self, segments: Sequence[bytes]) -> None:
        """Remove a folder and all below it, or everything; :class:`EntryNotFound` if there is none."""
        if not segments:
            self._stored, self._changes, self._opened = b"", {}, {}
            return
        entry = self.find(segments)
        if entry is None or not entry.is_folder:
            raise FileToDeleteNotFound(path=f"{_text(segments)}/")
        self._remove(segments)

    def write(self) -> tuple[bytes, list[GitObject]]:
        """Id of the root tree and the trees that are new, deepest first."""
        trees: list[GitObject] = []
        sha = self._write(trees)
        if sha is None:
            trees.append(make_object(TREE, b""))
        return sha or EMPTY_TREE, trees

    def _write(self, trees: list[GitObject]) -> bytes | None:
        changes = dict(self._changes)
        for name, folder in self._opened.items():
            sha = folder._write(trees)
            changes[name] = (DIRECTORY, sha) if sha else None
        body = edit_tree(self._stored, changes)
        if not body:
            return None
        tree = make_object(TREE, body)
        if body != self._stored:
            trees.append(tree)
        return tree.sha

    def _remove(self, segments: Sequence[bytes]) -> None:
        *folders, name = segments
        place: Folder | None = self
        for folder in folders:
            place = place._open(folder) if place else None
        if place:
            place._opened.pop(name, None)
            place._changes[name] = None

    def _entry(self, name: bytes) -> TreeEntry | None:
        if opened := self._opened.get(name):
            return None if opened._is_empty() else TreeEntry(DIRECTORY, name, b"")
        if name in self._changes:
            change = self._changes[name]
            return TreeEntry(change[0], name, change[1]) if change else None
        return find_entry(self._stored, name)

    def _open(self, name: bytes) -> "Folder | None":
        if name not in self._opened:
            entry = self._entry(name)
            if entry is None or not entry.is_folder:
                return None
            self._opened[name] = Folder(self._read, entry.sha)
        return self._opened[name]

    def _open_or_make(self, name: bytes, path: Sequence[bytes]) -> "Folder":
        if folder := self._open(name):
            return folder
        if self._entry(name):
            raise InvalidCommit(reason=f"{_text(path)} is a file, nothing can be put below it")
        self._changes.pop(name, None)
        self._opened[name] = Folder(self._read, None)
        return self._opened[name]

    def _is_empty(self) -> bool:
        return not self._write([])


def _text(segments: Sequence[bytes]) -> str:
    return b"/".join(segments).decode()
