import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonground.errors import BadRequest
from commonground.gateways.archive.snippets import snippets
from commonground.gateways.archive.wire import ENDINGS, Query, default_top, read_address
from commonground.http.gateway import Use
from commonground.hub.repositories.model import Repository

TINY = Repository(id=1, kind="model", owner_id=1, owner="acme", name="tiny", visibility="public")


@pytest.mark.parametrize(
    ("path", "query", "folder", "form", "top"),
    [
        ("x.tar.gz", Query(), "", "tar.gz", "tiny-main"),
        ("x.TGZ", Query(), "", "tar.gz", "tiny-main"),
        ("x.tar", Query(top=""), "", "tar", ""),
        ("x.zip", Query(top="t"), "", "zip", "t"),
        ("a/b/x.zip", Query(), "a/b", "zip", "tiny-main-a-b"),
        ("x.zip", Query(path="/a/b/"), "a/b", "zip", "tiny-main-a-b"),
    ],
)
def test_addresses(path: str, query: Query, folder: str, form: str, top: str) -> None:
    asked = read_address(TINY, "main", path, query)
    assert (asked.folder, asked.form, asked.top) == (folder, form, top)


@pytest.mark.parametrize("path", ["x", "x.gz", "x.tar.bz2", "a.zip/x", "zip"])
def test_names_of_no_archive(path: str) -> None:
    with pytest.raises(BadRequest, match=r"\.tar\.gz, \.tgz, \.tar, \.zip"):
        read_address(TINY, "main", path, Query())


def test_a_folder_named_twice() -> None:
    with pytest.raises(BadRequest, match="twice"):
        read_address(TINY, "main", "a/x.zip", Query(path="b"))


@given(st.text(), st.text(), st.sampled_from(list(ENDINGS)), st.none() | st.text(), st.none() | st.text())
def test_any_address_is_read_or_refused(
    revision: str, path: str, ending: str, folder: str | None, top: str | None
) -> None:
    try:
        asked = read_address(TINY, revision, path + ending, Query(folder, top))
    except BadRequest:
        return
    assert asked.form == ENDINGS[ending]
    assert "/" not in asked.top or asked.top == top


@given(st.text(max_size=400), st.text(max_size=400))
def test_a_default_top_folder_is_one_name_a_system_can_have(revision: str, folder: str) -> None:
    top = default_top("tiny", revision, folder)
    assert top.startswith("tiny")
    assert "/" not in top
    assert len(top.encode()) <= 255


def test_snippets() -> None:
    use = Use(repository=TINY, origin="https://hub.example", paths=frozenset({"a.tar", "README.md"}))
    wget, webdataset = snippets(use)
    assert "wget --continue https://hub.example/acme/tiny/archive/main/tiny.tar.gz" in wget.code
    assert '"https://hub.example/acme/tiny/resolve/main/a.tar"' in webdataset.code


def test_snippets_of_a_private_data_set() -> None:
    private = Repository(id=1, kind="dataset", owner_id=1, owner="acme", name="tiny", visibility="private")
    [wget] = snippets(Use(repository=private, origin="https://hub.example", paths=frozenset({"a.tar"})))
    assert '--header "Authorization: Bearer $CG_TOKEN" https://hub.example/datasets/acme/tiny/archive/' in wget.code
