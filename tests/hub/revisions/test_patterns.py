import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commonground.hub.revisions.patterns import Pattern
from commonground.hub.revisions.upload_rules import IgnoreRules
from tests.hub.revisions.support import Git

PATTERNS = [
    "*.bin", "nested/*", "nested/", "/root.txt", "a/**/b", "**/deep", "logs/**", "!keep.log", "*.log", "doc?.txt",
    "[a-c].x", "[!a-c].y", r"\*.star", "saved_model/**/*", "*tfevents*", "*.tar.*", "x/y", "**", "a/**", "é*", "# comment",
]  # fmt: skip
NAMES = [
    "a",
    "b",
    "nested",
    "deep",
    "logs",
    "keep.log",
    "x.log",
    "doc1.txt",
    "a.x",
    "d.y",
    "*.star",
    "root.txt",
    "é1",
    "w.bin",
]
paths = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map("/".join)


@pytest.fixture(scope="module")
def git(tmp_path_factory: pytest.TempPathFactory) -> Git:
    git = Git(tmp_path_factory.mktemp("git") / "repository")
    git("config", "core.bare", "false")
    git("config", "core.worktree", str(git.path))
    return git


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(st.sampled_from(PATTERNS), max_size=4), wanted=st.sets(paths, min_size=1, max_size=8))
def test_files_are_ignored_as_git_ignores_them(git: Git, lines: list[str], wanted: set[str]) -> None:
    content = "\n".join(lines).encode()
    (git.path / "info").mkdir(exist_ok=True)
    (git.path / "info" / "exclude").write_bytes(content)
    rules = IgnoreRules(content)
    ours = {path for path in wanted if rules.ignores(path.split("/"))}
    assert ours == _ignored_by_git(git.path, sorted(wanted))


def _ignored_by_git(path: Path, wanted: list[str]) -> set[str]:
    done = subprocess.run(
        ["git", "--git-dir", str(path), "check-ignore", "--no-index", "-z", "--stdin"],
        input="\0".join(wanted).encode(),
        capture_output=True,
        check=False,
        cwd=path,
    )
    assert done.returncode in {0, 1}, done.stderr
    return set(done.stdout.decode().split("\0")) - {""}


def test_a_hostile_pattern_takes_no_time() -> None:
    started = time.process_time()
    assert not Pattern("*a" * 200 + "b").matches(["a" * 250])
    assert not Pattern("**/a/" * 100 + "b").matches(["a"] * 200)
    assert time.process_time() - started < 1
