"""Which commits and files have to travel, held against plain set arithmetic and against git."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.gateways.git.fetch import FetchRequest
from commonground.gateways.git.graph import Graph, MissingObject
from commonground.gateways.git.shallow import boundary
from commonground.gateways.git.walk import new_objects
from commonground.hub.revisions.objects import BLOB, COMMIT, TAG, TREE
from commonground.hub.revisions.trees import DIRECTORY, FILE, encode_entry
from tests.gateways.git.memory import MemoryObjects

_numbers = count()


class History:
    """Commits in memory; the n-th has the date n unless it is skewed."""

    def __init__(self) -> None:
        self.objects = MemoryObjects()
        self.commits: list[bytes] = []
        self.parents: dict[bytes, set[bytes]] = {}

    def add(self, parents: list[bytes], date: int, files: dict[bytes, bytes] | None = None) -> bytes:
        entries = [
            (name, encode_entry(FILE, name, self.objects.add(BLOB, body))) for name, body in (files or {}).items()
        ]
        tree = self.objects.add(TREE, b"".join(line for _, line in sorted(entries)))
        root = self.objects.add(TREE, encode_entry(DIRECTORY, b"folder", tree))
        lines = b"".join(b"parent %b\n" % parent.hex().encode() for parent in parents)
        who = b"A <a@b> %d +0000" % date
        body = b"tree %b\n%bauthor %b\ncommitter %b\n\n%d\n" % (root.hex().encode(), lines, who, who, next(_numbers))
        sha = self.objects.add(COMMIT, body)
        self.commits.append(sha)
        self.parents[sha] = set(parents)
        return sha

    def reach(self, tips: set[bytes], ends: frozenset[bytes] = frozenset()) -> set[bytes]:
        seen: set[bytes] = set()
        stack = list(tips)
        while stack:
            sha = stack.pop()
            if sha not in seen:
                seen.add(sha)
                stack += [] if sha in ends else self.parents[sha]
        return seen

    def below(self, commits: set[bytes]) -> set[bytes]:
        """The trees and files of commits, by brute force."""
        graph = Graph(self.objects)
        found = set()
        for sha in commits:
            root = graph.commit(sha).tree
            found.add(root)
            for folder in graph.tree(root):
                found.add(folder.sha)
                found |= {entry.sha for entry in graph.tree(folder.sha)}
        return found


@st.composite
def histories(draw: st.DrawFn, *, skewed: bool = False) -> History:
    history = History()
    contents = st.dictionaries(st.sampled_from([b"a", b"b", b"c"]), st.sampled_from([b"1", b"2", b"3"]), max_size=3)
    for date in range(draw(st.integers(1, 14))):
        known = history.commits
        parents = draw(st.lists(st.sampled_from(known), max_size=3, unique=True)) if known else []
        history.add(parents, draw(st.integers(0, 20)) if skewed else date, draw(contents))
    return history


@given(st.data())
def test_between_is_a_difference_of_sets(data: st.DataObject) -> None:
    history = data.draw(histories())
    tips = st.sets(st.sampled_from(history.commits))
    wanted, had = data.draw(tips), data.draw(tips)
    found = Graph(history.objects).between(wanted, had)
    assert len(found) == len(set(found))
    assert set(found) == history.reach(wanted) - history.reach(had)


@given(st.data())
def test_skewed_dates_may_add_commits_and_never_lose_one(data: st.DataObject) -> None:
    history = data.draw(histories(skewed=True))
    tips = st.sets(st.sampled_from(history.commits))
    wanted, had = data.draw(tips), data.draw(tips)
    found = set(Graph(history.objects).between(wanted, had))
    assert history.reach(wanted) - history.reach(had) <= found <= history.reach(wanted)


@given(st.data())
def test_the_other_side_ends_up_with_every_tree_and_file(data: st.DataObject) -> None:
    history = data.draw(histories())
    tips = st.sets(st.sampled_from(history.commits))
    wanted, had = data.draw(tips), data.draw(tips)
    graph = Graph(history.objects)
    commits = graph.between(wanted, had)
    sent = [found.sha for found in new_objects(history.objects, graph, commits)]
    assert len(sent) == len(set(sent))
    assert history.below(set(commits)) <= set(sent) | history.below(history.reach(had))


@given(st.data(), st.integers(1, 5))
def test_a_shallow_clone_has_everything_above_its_ends(data: st.DataObject, depth: int) -> None:
    history = data.draw(histories())
    tips = data.draw(st.lists(st.sampled_from(history.commits), min_size=1, unique=True))
    graph = Graph(history.objects)
    limits = boundary(graph, tips, FetchRequest(wants=tips, depth=depth), [])
    commits = graph.between(tips, [], wanted_end=limits.ends)
    assert set(commits) == history.reach(set(tips), frozenset(limits.ends))
    assert limits.ends <= set(commits)
    sent = {found.sha for found in new_objects(history.objects, graph, commits, limits.ends)}
    assert sent == history.below(set(commits))


@given(st.data(), st.integers(1, 4), st.integers(1, 6))
def test_deepening_adds_up(data: st.DataObject, first: int, second: int) -> None:
    history = data.draw(histories())
    tips = data.draw(st.lists(st.sampled_from(history.commits), min_size=1, unique=True))
    graph = Graph(history.objects)
    before = boundary(graph, tips, FetchRequest(wants=tips, depth=first), [])
    has = set(graph.between(tips, [], wanted_end=before.ends))
    request = FetchRequest(wants=tips, haves=tips, shallow=before.ends, depth=second)
    after = boundary(graph, tips, request, [])
    wanted = tips + [parent for sha in after.unshallow for parent in graph.commit(sha).parents]
    has |= set(graph.between(wanted, tips, wanted_end=after.ends, had_end=before.ends))
    ends = (before.ends - set(after.unshallow)) | set(after.shallow)
    assert ends == after.ends
    assert history.reach(set(tips), frozenset(ends)) <= has


def test_a_commit_that_is_missing_is_named() -> None:
    history = History()
    first = history.add([], 1)
    second = history.add([first], 2)
    del history.objects[first]
    with pytest.raises(MissingObject) as caught:
        Graph(history.objects).between([second], [])
    assert caught.value.sha == first


def test_what_the_other_side_claims_to_have_may_be_unknown() -> None:
    history = History()
    tip = history.add([], 1)
    assert Graph(history.objects).between([tip], [b"\x05" * 20]) == [tip]


def test_tags_of_tags_lead_to_their_commit() -> None:
    history = History()
    target = history.add([], 1)
    inner = history.objects.add(TAG, b"object %b\ntype commit\ntag a\n\n" % target.hex().encode())
    outer = history.objects.add(TAG, b"object %b\ntype tag\ntag b\n\n" % inner.hex().encode())
    assert Graph(history.objects).peel(outer) == ([outer, inner], COMMIT, target)
    with pytest.raises(MissingObject):
        Graph(history.objects).peel(b"\x05" * 20)
