"""History without some blobs: every commit and tree that contains them is made anew, the rest stays as it is."""

from collections.abc import Collection

from commonground.hub.revisions.object_view import ObjectView
from commonground.hub.revisions.objects import COMMIT, TAG, TREE, CommitObject, GitObject, make_object
from commonground.hub.revisions.trees import DIRECTORY, edit_tree, iterate_tree

_SIGNATURES = (b"gpgsig ", b"gpgsig-sha256 ", b"mergetag ")


class Rewriter:
    """Rewrites commits and tags without the blobs ``unwanted``. ``objects`` are the new ones, in the order in which
    they need each other. Lives as long as a read transaction.
    """

    def __init__(self, view: ObjectView, unwanted: Collection[bytes]) -> None:
        self.objects: list[GitObject] = []
        self._view = view
        self._unwanted = unwanted
        self._trees: dict[bytes, bytes | None] = {}
        self._commits: dict[bytes, bytes] = {}

    def commit(self, start: bytes) -> bytes:
        """The commit that takes the place of ``start``; itself, if nothing in its history changes."""
        waiting = [start]
        while waiting:
            sha = waiting[-1]
            commit = self._view.commit(sha)
            missing = [parent for parent in commit.parents if parent not in self._commits]
            if missing and sha not in self._commits:
                waiting += missing
                continue
            waiting.pop()
            if sha not in self._commits:
                self._commits[sha] = self._remade(sha, commit)
        return self._commits[start]

    def ref(self, sha: bytes, target: bytes) -> tuple[bytes, bytes]:
        """What a ref at ``sha`` with the commit ``target`` behind it names now: object and commit."""
        commit = self.commit(target)
        if commit == target or sha == target:
            return (sha if commit == target else commit), commit
        tag = self._view.get(sha)
        body = tag.body if tag and tag.body else b""
        if not body.startswith(b"object %s\n" % target.hex().encode()):
            return commit, commit  # a tag of a tag becomes a plain one
        return self._add(TAG, body.replace(target.hex().encode(), commit.hex().encode(), 1)), commit

    def _remade(self, sha: bytes, commit: CommitObject) -> bytes:
        tree = self._tree(commit.tree) or self._add(TREE, b"")
        parents = [self._commits[parent] for parent in commit.parents]
        if tree == commit.tree and tuple(parents) == commit.parents:
            return sha
        found = self._view.get(sha)
        assert found is not None
        return self._add(COMMIT, _replaced(found.body or b"", tree, parents))

    def _tree(self, sha: bytes) -> bytes | None:
        """The tree in the place of another one; ``None`` if nothing is left of it."""
        if sha not in self._trees:
            body = self._view.tree(sha)
            changes: dict[bytes, tuple[int, bytes] | None] = {}
            for entry in iterate_tree(body):
                if entry.is_folder and (new := self._tree(entry.sha)) != entry.sha:
                    changes[entry.name] = (DIRECTORY, new) if new else None
                elif entry.sha in self._unwanted:
                    changes[entry.name] = None
            edited = edit_tree(body, changes) if changes else body
            self._trees[sha] = sha if not changes else self._add(TREE, edited) if edited else None
        return self._trees[sha]

    def _add(self, kind: int, body: bytes) -> bytes:
        made = make_object(kind, body)
        self.objects.append(made)
        return made.sha


def _replaced(body: bytes, tree: bytes, parents: Collection[bytes]) -> bytes:
    """A commit with another tree and other parents; signatures, which would not hold any more, are left out."""
    head, _, message = body.partition(b"\n\n")
    kept: list[bytes] = []
    dropped = False
    for line in head.split(b"\n"):
        dropped = dropped if line.startswith(b" ") else line.startswith((b"tree ", b"parent ", *_SIGNATURES))
        if not dropped:
            kept.append(line)
    lines = [b"tree " + tree.hex().encode(), *(b"parent " + parent.hex().encode() for parent in parents), *kept]
    return b"\n".join(lines) + b"\n\n" + message
