"""The stock client of the protocol against a real server: what people do every day."""

import secrets
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, HfApi, HfFileSystem
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from tests.gateways.huggingface.hub import TOKENS


@pytest.fixture
def alice(endpoint: str) -> HfApi:
    return HfApi(endpoint, token=TOKENS["alice"])


@pytest.fixture
def bob(endpoint: str) -> HfApi:
    return HfApi(endpoint, token=TOKENS["bob"])


@pytest.fixture
def repository(alice: HfApi) -> str:
    return alice.create_repo(f"m-{secrets.token_hex(4)}").repo_id


def test_a_folder_goes_up_and_comes_down_the_same(alice: HfApi, repository: str, tmp_path: Path) -> None:
    files = {"config.json": b"{}", "a/model.safetensors": secrets.token_bytes(3_000_000), "a/b/empty.bin": b""}
    for name, content in files.items():
        path = tmp_path / "up" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    alice.upload_folder(repo_id=repository, folder_path=tmp_path / "up")
    down = Path(alice.snapshot_download(repository, local_dir=tmp_path / "down"))
    assert {name: (down / name).read_bytes() for name in files} == files
    info = {item.rfilename: item for item in alice.model_info(repository, files_metadata=True).siblings or []}
    assert info["a/model.safetensors"].lfs is not None
    assert info["a/b/empty.bin"].lfs is None


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # the client's own
def test_a_stream_goes_up_without_xet_and_comes_down_with_it(alice: HfApi, repository: str, tmp_path: Path) -> None:
    content = secrets.token_bytes(2_000_000)
    alice.upload_file(path_or_fileobj=BytesIO(content), path_in_repo="m.bin", repo_id=repository)
    assert Path(alice.hf_hub_download(repository, "m.bin", local_dir=tmp_path)).read_bytes() == content


def test_plain_downloads_are_the_same_however_often(alice: HfApi, endpoint: str, repository: str) -> None:
    content = secrets.token_bytes(3_000_000)
    alice.upload_file(path_or_fileobj=content, path_in_repo="m.bin", repo_id=repository)
    address = f"{endpoint}/{repository}/resolve/main/m.bin"
    for _ in range(3):  # from chunks first, then from the copy of a hot file
        answer = httpx.get(address)
        assert (answer.status_code, answer.headers["content-length"]) == (200, "3000000")
        assert answer.content == content
        part = httpx.get(address, headers={"Range": "bytes=999999-2000000"})
        assert (part.status_code, part.content) == (206, content[999_999:2_000_001])
        assert httpx.head(address).headers["content-length"] == "3000000"


def test_one_commit_with_every_operation(alice: HfApi, repository: str) -> None:
    first = alice.create_commit(
        repository,
        [CommitOperationAdd("a.txt", b"a"), CommitOperationAdd("m.bin", b"m"), CommitOperationAdd("old/x.txt", b"x")],
        commit_message="First",
    )
    second = alice.create_commit(
        repository,
        [
            CommitOperationCopy("m.bin", "copy.bin"),
            CommitOperationDelete("old/"),
            CommitOperationAdd("a.txt", b"changed"),
        ],
        commit_message="Second",
        parent_commit=first.oid,
    )
    assert set(alice.list_repo_files(repository)) == {".gitattributes", "a.txt", "m.bin", "copy.bin"}
    assert [commit.commit_id for commit in alice.list_repo_commits(repository)][:2] == [second.oid, first.oid]
    with pytest.raises(HfHubHTTPError, match="The branch was updated"):
        alice.create_commit(repository, [CommitOperationAdd("b", b"b")], commit_message="Late", parent_commit=first.oid)


def test_what_is_missing_is_told_in_the_clients_words(alice: HfApi, bob: HfApi, repository: str) -> None:
    with pytest.raises(RepositoryNotFoundError):
        alice.model_info("alice/absent")
    with pytest.raises(RevisionNotFoundError):
        alice.model_info(repository, revision="absent")
    with pytest.raises(RemoteEntryNotFoundError):
        alice.hf_hub_download(repository, "absent.txt")
    alice.update_repo_settings(repository, gated="manual")
    with pytest.raises(GatedRepoError):
        bob.auth_check(repository)
    alice.update_repo_settings(repository, visibility="private")
    with pytest.raises(RepositoryNotFoundError):
        bob.model_info(repository)
    with pytest.raises(RepositoryNotFoundError):
        HfApi(alice.endpoint, token=False).model_info(repository)


def test_a_moved_repository_is_found_under_both_names(alice: HfApi, repository: str, tmp_path: Path) -> None:
    alice.upload_file(path_or_fileobj=b"hello", path_in_repo="a.txt", repo_id=repository)
    alice.move_repo(repository, f"{repository}-new")
    assert alice.model_info(repository).id == f"{repository}-new"
    assert Path(alice.hf_hub_download(repository, "a.txt", local_dir=tmp_path)).read_text() == "hello"


def test_branches_tags_and_squashing(alice: HfApi, repository: str) -> None:
    alice.upload_file(path_or_fileobj=b"1", path_in_repo="a.txt", repo_id=repository)
    alice.create_tag(repository, tag="v1", tag_message="One")
    alice.create_branch(repository, branch="dev/x", revision="v1")
    refs = alice.list_repo_refs(repository)
    assert {ref.name for ref in refs.branches} == {"main", "dev/x"}
    assert [ref.name for ref in refs.tags] == ["v1"]
    alice.super_squash_history(repository)
    assert len(alice.list_repo_commits(repository)) == 1
    assert len(alice.list_repo_commits(repository, revision="v1")) == 2


def test_the_file_system_view(alice: HfApi, endpoint: str, repository: str) -> None:
    files = HfFileSystem(endpoint=endpoint, token=TOKENS["alice"], skip_instance_cache=True)
    with files.open(f"{repository}/data/rows.csv", "w") as out:
        out.write("a,b\n1,2\n")
    assert files.ls(f"{repository}/data", detail=False) == [f"{repository}/data/rows.csv"]
    with files.open(f"{repository}/data/rows.csv", "rb", block_size=4) as rows:
        rows.seek(4)
        assert rows.read() == b"1,2\n"


def test_lists_and_duplicates(alice: HfApi, bob: HfApi, repository: str) -> None:
    card = b"---\nlicense: mit\npipeline_tag: text-classification\nlanguage: zh\n---\n# Model\n"
    alice.upload_file(path_or_fileobj=card, path_in_repo="README.md", repo_id=repository)
    found = alice.list_models(author="alice", filter=["license:mit"], pipeline_tag="text-classification")
    assert repository in {model.id for model in found}
    copy = bob.duplicate_repo(repository, f"bob/{repository.split('/')[1]}")
    assert bob.model_info(copy.repo_id).card_data == alice.model_info(repository).card_data


def test_safetensors_metadata(alice: HfApi, repository: str) -> None:
    header = b'{"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}'
    content = len(header).to_bytes(8, "little") + header + bytes(16)
    alice.upload_file(path_or_fileobj=content, path_in_repo="model.safetensors", repo_id=repository)
    assert alice.get_safetensors_metadata(repository).parameter_count == {"F32": 4}
    info = alice.model_info(repository).safetensors
    assert info is not None
    assert (info.parameters, info.total) == ({"F32": 4}, 4)


def test_users_and_organisations_are_known(alice: HfApi) -> None:
    assert alice.whoami()["name"] == "alice"
    assert alice.get_user_overview("bob").username == "bob"
    assert alice.list_liked_repos("bob").total == 0
    with pytest.raises(HfHubHTTPError):
        alice.get_organization_overview("bob")
