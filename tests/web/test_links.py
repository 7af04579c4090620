import pytest

from commonground.accounts.model import RepositoryKind
from commonground.hub.repositories.model import Repository
from commonground.web import links


def repository(kind: RepositoryKind) -> Repository:
    return Repository(id=1, kind=kind, owner_id=1, owner="o", name="n", visibility="public")


def test_addresses_of_repositories() -> None:
    assert links.repository_url(repository("model")) == "/o/n"
    assert links.repository_url(repository("dataset"), "settings") == "/datasets/o/n/settings"


def test_revisions_are_one_segment_and_paths_are_encoded() -> None:
    address = links.revision_url(repository("space"), "blob", "refs/pr/1", "a b/中#?.txt")
    assert address == "/spaces/o/n/blob/refs%2Fpr%2F1/a%20b/%E4%B8%AD%23%3F.txt"


def test_query_strings_leave_out_what_is_empty() -> None:
    assert links.with_query("/models", [("search", "a&b"), ("sort", "")]) == "/models?search=a%26b"
    assert links.with_query("/models", []) == "/models"


@pytest.mark.parametrize("address", ["/", "/models?sort=likes", "/o/n/tree/main"])
def test_paths_of_this_site_are_followed(address: str) -> None:
    assert links.local_path(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "models",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "/a\r\nSet-Cookie: x",
        "/\t/evil.example",
    ],
)
def test_other_addresses_lead_home(address: str) -> None:
    assert links.local_path(address) == "/"
