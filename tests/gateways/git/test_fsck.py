"""What is refused as malformed, held against ``git fsck --strict``."""

import subprocess
from pathlib import Path

import pytest

from commonground.gateways.git.fsck import gitmodules_problem, is_gitmodules, problem
from commonground.hub.revisions.objects import BLOB, COMMIT, KIND_NAMES, TAG, TREE
from commonground.hub.revisions.trees import encode_entry
from tests.gateways.git.memory import ENVIRONMENT, all_ids, commit, git, new_repository

ID = b"4b825dc642cb6eb9a060e54bf8d69288fbee4904"
RAW = b"\x01" * 20
WHO = b"Ada <ada@example.org> 1700000000 +0100"


def entry(name: bytes, mode: int = 0o100644, sha: bytes = RAW) -> bytes:
    return encode_entry(mode, name, sha)


def commit_body(
    tree: bytes = ID, extra: bytes = b"", author: bytes = WHO, committer: bytes = WHO, rest: bytes = b"\n\nhello\n"
) -> bytes:
    return b"tree %b\n%bauthor %b\ncommitter %b%b" % (tree, extra, author, committer, rest)


def tag_body(rest: bytes = b"type commit\ntag v1\ntagger " + WHO + b"\n\none\n") -> bytes:
    return b"object " + ID + b"\n" + rest


GOOD = [
    (TREE, b""),
    (TREE, entry(b"a") + entry(b"b", 0o100755) + entry(b"c", 0o040000) + entry(b"d", 0o120000)),
    (TREE, entry(b"a.b") + entry(b"a", 0o040000)),
    (TREE, entry(b".gitignore") + entry(b".gitmodules")),
    (TREE, entry("café".encode())),
    (COMMIT, commit_body()),
    (COMMIT, commit_body(extra=b"parent " + ID + b"\nparent " + b"0" * 39 + b"1\n")),
    (COMMIT, commit_body(rest=b"\nencoding latin1\ngpgsig -----\n line\n -----\n\nhello\n")),
    (COMMIT, commit_body(rest=b"\n\n")),
    (COMMIT, commit_body(author=b" <> 0 +0000", committer=b"A B <c d> 1 -1200")),
    (TAG, tag_body()),
    (BLOB, b"anything"),
]

BAD = [
    (TREE, b"100644 a"),
    (TREE, b"100644 a\0" + RAW[:5]),
    (TREE, entry(b"b") + entry(b"a")),
    (TREE, entry(b"a", 0o040000) + entry(b"a.b")),
    (TREE, entry(b"a") + entry(b"a")),
    (TREE, entry(b"a") + entry(b"a", 0o040000)),
    (TREE, entry(b".")),
    (TREE, entry(b"..", 0o040000)),
    (TREE, entry(b".git", 0o040000)),
    (TREE, entry(b".GIT", 0o040000)),
    (TREE, entry(b"git~1", 0o040000)),
    (TREE, entry(".g\u200cit".encode(), 0o040000)),
    (TREE, entry(b"a/b")),
    (TREE, b"100644 \0" + RAW),
    (TREE, b"0100644 a\0" + RAW),
    (TREE, b"100777 a\0" + RAW),
    (TREE, entry(b"a", sha=bytes(20))),
    (TREE, entry(b".gitmodules", 0o120000)),
    (COMMIT, b""),
    (COMMIT, commit_body(tree=ID[:-1])),
    (COMMIT, commit_body(tree=ID.upper())),
    (COMMIT, commit_body(extra=b"parent abc\n")),
    (COMMIT, commit_body(extra=b"junk x\n")),
    (COMMIT, commit_body(author=b"Ada ada@example.org 1 +0000")),
    (COMMIT, commit_body(author=b"Ada <ada@example.org> 01 +0000")),
    (COMMIT, commit_body(author=b"Ada <ada@example.org> soon +0000")),
    (COMMIT, commit_body(committer=b"Ada <ada@example.org> 1 0000")),
    (COMMIT, b"tree " + ID + b"\nauthor " + WHO + b"\n\nno committer\n"),
    (COMMIT, commit_body(rest=b"\nx \0\n\nhello\n")),
    (TAG, b"object x\ntype commit\ntag v1\ntagger " + WHO + b"\n\none\n"),
    (TAG, tag_body(b"type thing\ntag v1\ntagger " + WHO + b"\n\none\n")),
    (TAG, tag_body(b"type commit\ntagger " + WHO + b"\n\none\n")),
]


@pytest.mark.parametrize(("kind", "body"), GOOD)
def test_sound_objects_pass(kind: int, body: bytes) -> None:
    assert problem(kind, body) is None


@pytest.mark.parametrize(("kind", "body"), BAD)
def test_unsound_objects_are_refused(kind: int, body: bytes) -> None:
    assert problem(kind, body)


@pytest.mark.parametrize(("kind", "body"), GOOD)
def test_what_passes_passes_git_too(tmp_path: Path, kind: int, body: bytes) -> None:
    where = new_repository(tmp_path / "repository")
    name = KIND_NAMES[kind].decode()
    git(where, "hash-object", "-t", name, "-w", "--stdin", "--literally", data=body)
    done = subprocess.run(["git", "fsck", "--strict"], cwd=where, capture_output=True, env=ENVIRONMENT, check=False)
    complaints = [line for line in done.stderr.decode().splitlines() if "error in" in line or "warning in" in line]
    missing = ("broken links", "unable to read .gitmodules blob")  # the test makes one object, not what it names
    assert [line for line in complaints if not line.endswith(missing)] == []


def test_every_object_of_a_real_history_passes(tmp_path: Path) -> None:
    where = new_repository(tmp_path / "repository")
    for number in range(5):
        commit(where, {f"folder/{number}": b"x", "été/файл.txt": b"%d" % number})
    git(where, "tag", "-a", "v1", "-m", "one")
    for sha in all_ids(where, "main", "v1"):
        kind_name = git(where, "cat-file", "-t", sha).strip()
        [kind] = [kind for kind, name in KIND_NAMES.items() if name == kind_name]
        assert problem(kind, git(where, "cat-file", kind_name.decode(), sha)) is None


@pytest.mark.parametrize("name", [b".gitmodules", b".GITMODULES", b"gitmod~1", b".gitmodules .", b".gitmodules:$DATA"])
def test_names_some_system_takes_for_gitmodules(name: bytes) -> None:
    assert is_gitmodules(name)
    assert not is_gitmodules(b"x" + name)


@pytest.mark.parametrize(
    "body",
    [
        b'[submodule "a"]\n\turl = -u./x\n',
        b'[submodule "a"]\n\turl = "-u./x"\n',
        b'[submodule "a"]\n\tPath = -x\n',
        b'[submodule "a"]\n\tupdate = !sh\n',
        b'[submodule "../../x"]\n\turl = y\n',
        b'[submodule "a/../../x"]\n\turl = y\n',
    ],
)
def test_dangerous_gitmodules(body: bytes) -> None:
    assert gitmodules_problem(body)


def test_harmless_gitmodules() -> None:
    body = b'[submodule "libs/a..b"]\n\tpath = libs/a\n\turl = https://example.org/a.git\n\tupdate = rebase\n'
    assert gitmodules_problem(body) is None
