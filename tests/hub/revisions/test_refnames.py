import pytest
from dulwich.refs import Ref, check_ref_format
from hypothesis import given
from hypothesis import strategies as st

from commonground.errors import InvalidRef
from commonground.hub.revisions.refnames import ancestors, branch_ref, candidates, check_ref, tag_ref, writable_ref


@given(st.text("a./@{~^:?*[\\ -é\x01\x7f", max_size=8))
def test_names_are_judged_as_git_judges_them(name: str) -> None:
    full = f"refs/heads/{name}"
    try:
        check_ref(full)
    except InvalidRef:
        accepted = False
    else:
        accepted = True
    assert accepted == _git_accepts(full)


def _git_accepts(name: str) -> bool:
    return bool(check_ref_format(Ref(name.encode())))


@pytest.mark.parametrize("name", ["a.lock", "a.lock/b", "x/.y", "end.", "a" * 300, "f" * 40, "a..b", "a b", "-\0"])
def test_bad_branch_names_are_refused(name: str) -> None:
    with pytest.raises(InvalidRef):
        branch_ref(name)


@pytest.mark.parametrize("name", ["refs/pr/5", "refs/something/random", "HEAD"])
def test_a_branch_is_not_created_outside_its_space(name: str) -> None:
    with pytest.raises(InvalidRef, match="Invalid reference for a branch"):
        branch_ref(name)


def test_a_tag_may_be_named_in_full() -> None:
    assert tag_ref("v1") == tag_ref("refs/tags/v1") == "refs/tags/v1"


def test_where_a_commit_goes() -> None:
    assert writable_ref("dev", "main") == "refs/heads/dev"
    assert writable_ref("HEAD", "main") == "refs/heads/main"
    assert writable_ref("refs/pr/3", "main") == "refs/pr/3"
    with pytest.raises(InvalidRef):
        writable_ref("refs/tags/v1", "main")
    with pytest.raises(InvalidRef):
        writable_ref("refs/secret/x", "main")


def test_what_a_revision_may_mean() -> None:
    assert candidates("v1", "main") == ("refs/heads/v1", "refs/tags/v1")
    assert candidates("HEAD", "trunk") == ("refs/heads/trunk", "refs/tags/trunk")
    assert candidates("refs/pr/1", "main") == ("refs/pr/1", "refs/pr/1")


def test_names_that_cannot_exist_beside_a_name() -> None:
    assert ancestors("refs/heads/a/b/c") == ["refs/heads/a", "refs/heads/a/b"]
    assert ancestors("refs/heads/a") == []
