import pytest
from dulwich.objects import ObjectID, Tree
from hypothesis import given
from hypothesis import strategies as st

from commonground.errors import InvalidPath
from commonground.hub.revisions.differences import Difference
from commonground.hub.revisions.trees import (
    DIRECTORY,
    EXECUTABLE,
    FILE,
    TreeEntry,
    changed_entries,
    check_tree,
    edit_tree,
    encode_entry,
    find_entry,
    iterate_tree,
    parse_tree,
)

# Names that sort near each other, as files and as folders, are where an order can go wrong.
names = st.text("ab.-0~é", min_size=1, max_size=4).filter(lambda name: name not in {".", ".."}).map(str.encode)
# Ids that look like entries are where a search in bytes can go wrong.
ids = st.one_of(st.binary(min_size=20, max_size=20), st.just(b"100644 a\x0040000 b\0abc"))
entries = st.tuples(st.sampled_from([FILE, EXECUTABLE, DIRECTORY]), ids)
trees = st.dictionaries(names, entries, max_size=40)


def encode(tree: dict[bytes, tuple[int, bytes]]) -> bytes:
    reference = Tree()
    for name, (mode, sha) in tree.items():
        reference.add(name, mode, ObjectID(sha.hex().encode()))
    return reference.as_raw_string()


@given(trees)
def test_a_tree_is_read_as_dulwich_writes_it(tree: dict[bytes, tuple[int, bytes]]) -> None:
    body = encode(tree)
    check_tree(body)
    assert {entry.name: (entry.mode, entry.sha) for entry in parse_tree(body)} == tree
    assert list(iterate_tree(body)) == parse_tree(body)


@given(trees, names)
def test_an_entry_is_found_by_its_name(tree: dict[bytes, tuple[int, bytes]], name: bytes) -> None:
    body = encode(tree)
    for known, (mode, sha) in tree.items():
        assert find_entry(body, known) == TreeEntry(mode, known, sha)
    found = find_entry(body, name)
    assert (found is not None) == (name in tree)


@given(trees, st.dictionaries(names, st.one_of(st.none(), entries), max_size=10))
def test_an_edited_tree_is_what_dulwich_would_have_written(
    tree: dict[bytes, tuple[int, bytes]], changes: dict[bytes, tuple[int, bytes] | None]
) -> None:
    edited = edit_tree(encode(tree), changes)
    expected = {name: value for name, value in (tree | changes).items() if value is not None}
    assert edited == encode(expected)


@given(trees, trees)
def test_changed_entries_are_those_that_differ(
    before: dict[bytes, tuple[int, bytes]], after: dict[bytes, tuple[int, bytes]]
) -> None:
    old, new = changed_entries(encode(before), encode(after))
    differing = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert {*old, *new} == differing
    assert {name: (entry.mode, entry.sha) for name, entry in new.items()} == {
        name: after[name] for name in differing if name in after
    }


def test_a_large_folder_is_edited_in_place() -> None:
    tree = {b"file%06d" % number: (FILE, bytes(20)) for number in range(20_000)}
    body = encode(tree)
    edited = edit_tree(body, {b"file010000": (FILE, b"x" * 20), b"file019999": None, b"zzz": (FILE, bytes(20))})
    assert len(edited) == len(body) - len(encode_entry(FILE, b"file019999", bytes(20))) + len(
        encode_entry(FILE, b"zzz", bytes(20))
    )
    assert find_entry(edited, b"file010000") == TreeEntry(FILE, b"file010000", b"x" * 20)
    assert find_entry(edited, b"file019999") is None


@pytest.mark.parametrize(
    "body",
    [
        b"100644 a\0short",
        b"garbage",
        encode_entry(FILE, b"b", bytes(20)) + encode_entry(FILE, b"a", bytes(20)),
        encode_entry(FILE, b"a", bytes(20)) + encode_entry(FILE, b"a", bytes(20)),
        encode_entry(FILE, b"a", bytes(20))
        + encode_entry(FILE, b"a.b", bytes(20))
        + encode_entry(DIRECTORY, b"a", bytes(20)),
        b"100600 a\0" + bytes(20),
        b"040000 a\0" + bytes(20),
    ],
)
def test_what_is_no_tree_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):
        check_tree(body)


@pytest.mark.parametrize("name", [b"..", b".", b".GIT", b"a\\.git", b"\xff", b"a\nb"])
def test_names_that_are_no_names_are_refused(name: bytes) -> None:
    with pytest.raises(InvalidPath):
        check_tree(encode_entry(FILE, name, bytes(20)))


def test_a_difference_knows_whether_it_is_about_a_file() -> None:
    file, folder = TreeEntry(FILE, b"a", bytes(20)), TreeEntry(DIRECTORY, b"a", bytes(20))
    assert Difference("a", None, file).is_file
    assert Difference("a", folder, file).is_file
    assert not Difference("a", folder, None).is_file
