"""What differs between two trees. Equal subtrees have equal ids and are never read."""

from collections.abc import Iterator
from typing import NamedTuple

from commonground.hub.revisions.object_view import ObjectView
from commonground.hub.revisions.trees import TreeEntry, changed_entries


class Difference(NamedTuple):
    """A path, folders included, that was added (``before`` is ``None``), removed (``after``) or changed."""

    path: str
    before: TreeEntry | None
    after: TreeEntry | None

    @property
    def is_file(self) -> bool:
        """Whether one of the sides is a file."""
        return bool((self.before and not self.before.is_folder) or (self.after and not self.after.is_folder))


def compare_trees(
    view: ObjectView, before: bytes | None, after: bytes | None, prefix: str = ""
) -> Iterator[Difference]:
    """Differences between two trees (``None``: nothing), a folder before what it contains."""
    if before == after:
        return
    old, new = changed_entries(_body(view, before), _body(view, after))
    for name in sorted({*old, *new}):
        one, other = old.get(name), new.get(name)
        path = prefix + name.decode()
        yield Difference(path, one, other)
        yield from compare_trees(view, _folder(one), _folder(other), f"{path}/")


def _body(view: ObjectView, tree: bytes | None) -> bytes:
    return view.tree(tree) if tree else b""


def _folder(entry: TreeEntry | None) -> bytes | None:
    return entry.sha if entry and entry.is_folder else None
