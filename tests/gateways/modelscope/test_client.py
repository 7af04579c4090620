"""The unmodified ``modelscope``: sign in, create, upload, list, download."""

import base64
import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from commonground.hub.repositories.model import Repository
from tests.gateways.git.server import TOKENS, Hub
from tests.gateways.modelscope.conftest import Client

WEIGHTS = bytes(range(256)) * 2000
TOKENIZER = json.dumps({"vocab": {f"word{number}": number for number in range(8000)}}).encode()
FILES = {
    "config.json": b'{"hidden": 3}',
    "model.safetensors": WEIGHTS,
    "tokenizer.json": TOKENIZER,
    "deep/er/notes.md": "# Häuser\n".encode(),
}
SUMS = {path: hashlib.sha256(content).hexdigest() for path, content in FILES.items()}


def folder(place: Path, files: dict[str, bytes] = FILES) -> Path:
    for path, content in files.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_bytes(content)
    return place


def publish(hub: Hub, repository: Repository, files: dict[str, bytes] = FILES) -> str:
    """A commit as a Hugging Face client makes it; its id."""
    lines: list[dict[str, object]] = [{"key": "header", "value": {"summary": "Publish"}}]
    for path, content in files.items():
        value = {"path": path, "content": base64.b64encode(content).decode(), "encoding": "base64"}
        lines.append({"key": "file", "value": value})
    answer = hub.client().post(
        f"/api/{repository.kind}s/{repository.full_name}/commit/main", content="\n".join(map(json.dumps, lines))
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["commitOid"])


def without_git(sums: dict[str, str]) -> dict[str, str]:
    return {path: value for path, value in sums.items() if path != ".gitattributes"}


def test_signing_in_lasts(modelscope: Client) -> None:
    """The cookie the server sets is where the next process finds the token."""
    modelscope(f"git, cookies = api.login({TOKENS['ada']!r}); show(git); show(dict(cookies))", user=None)
    shown = modelscope("show(api.whoami().username); show(api._api._config.token)", user=None)
    assert shown.split() == ["ada", TOKENS["ada"]]


def test_a_wrong_token_is_named_as_such(modelscope: Client) -> None:
    assert "AuthenticationError" in modelscope("api.login('hf_wrongwrongwrong')", user=None, fails=True)


@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_a_folder_goes_up_and_comes_down(modelscope: Client, hub: Hub, tmp_path: Path, kind: str) -> None:
    name = f"ada/folder-{kind}"
    source = folder(tmp_path / "source")
    shown = modelscope(
        f"api.upload_folder(repo_id={name!r}, folder_path={str(source)!r}, repo_type={kind!r}, commit_message='All')\n"
        f"show(sums(snapshot_download({name!r}, repo_type={kind!r})))"
    )
    assert without_git(json.loads(shown)) == SUMS
    prefix = "/datasets" if kind == "dataset" else ""
    for path, content in FILES.items():
        assert hub.client().get(f"{prefix}/{name}/resolve/main/{path}").content == content
    [last, *_] = hub.client().get(f"/api/{kind}s/{name}/commits/main").json()
    assert last["title"] == "All (batch 1/1)"


def test_git_sees_the_text_and_not_a_pointer(modelscope: Client, hub: Hub, tmp_path: Path) -> None:
    """The client sends every file above 64 KiB as a large one; what is text becomes a plain file nevertheless."""
    source = folder(tmp_path / "source")
    modelscope(f"api.upload_folder(repo_id='ada/for-git', folder_path={str(source)!r})")
    subprocess.run(["git", "clone", "--quiet", hub.url("ada/for-git"), "clone"], cwd=tmp_path, check=True, env={
        "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path), "GIT_LFS_SKIP_SMUDGE": "1"})  # fmt: skip
    assert (tmp_path / "clone" / "tokenizer.json").read_bytes() == TOKENIZER
    assert (tmp_path / "clone" / "model.safetensors").read_bytes().startswith(b"version https://git-lfs")


def test_one_file_goes_up_and_comes_down(modelscope: Client, tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(WEIGHTS)
    shown = modelscope(
        "show(api.create_model('ada/single', visibility=5, license='MIT License', chinese_name='小模型'))\n"
        "api.upload_file(path_or_fileobj='w.bin', path_in_repo='sub/w.bin', repo_id='ada/single', "
        "commit_message='Add weights')\n"
        "api.upload_file(path_or_fileobj=b'hello', path_in_repo='a.txt', repo_id='ada/single')\n"
        "for path in 'sub/w.bin', 'a.txt', 'README.md':\n"
        "    show(hashlib.sha256(open(model_file_download('ada/single', path), 'rb').read()).hexdigest())\n"
        "show(open(model_file_download('ada/single', 'README.md')).read().replace(chr(10), '|'))"
    ).splitlines()
    assert shown[0].endswith("/models/ada/single")
    assert shown[1:3] == [hashlib.sha256(content).hexdigest() for content in (WEIGHTS, b"hello")]
    assert shown[4].startswith("---|license: mit|---|# 小模型|")


def test_what_others_published_is_read_at_every_revision(modelscope: Client, hub: Hub, repository: Repository) -> None:
    first = publish(hub, repository, {"a.txt": b"one"})
    publish(hub, repository, {"a.txt": b"two", "b.txt": b"b"})
    name = repository.full_name
    shown = modelscope(
        f"api.create_model_tag({name!r}, 'v1.0')\n"
        f"for revision in None, 'master', 'main', 'v1.0', {first!r}:\n"
        f"    show(open(model_file_download({name!r}, 'a.txt', revision=revision)).read())\n"
        f"show(api.get_model_branches_and_tags({name!r}))\n"
        f"show(api.get_valid_revision({name!r}))\n"
        f"show(sorted(sums(snapshot_download({name!r}, revision={first!r}))))"
    ).splitlines()
    assert shown[:5] == ["two", "two", "two", "two", "one"]
    assert json.loads(shown[5]) == [["main", "master"], ["v1.0"]]
    assert shown[6] == "master"
    assert json.loads(shown[7]) == [".gitattributes", "a.txt"]


def test_a_real_branch_called_master_is_itself(modelscope: Client, hub: Hub, repository: Repository) -> None:
    first = publish(hub, repository, {"a.txt": b"one"})
    name = repository.full_name
    body = {"startingPoint": first}
    assert hub.client().post(f"/api/models/{name}/branch/master", json=body).status_code == 201
    publish(hub, repository, {"a.txt": b"two"})
    modelscope(f"api.upload_file(path_or_fileobj=b'b', path_in_repo='b.txt', repo_id={name!r})")
    shown = modelscope(
        f"show(open(model_file_download({name!r}, 'a.txt')).read())\n"
        f"show(open(model_file_download({name!r}, 'a.txt', revision='main')).read())\n"
        f"show([file['Path'] for file in api.get_model_files({name!r})])"
    ).splitlines()
    assert shown[:2] == ["one", "two"]
    assert json.loads(shown[2]) == [".gitattributes", "a.txt", "b.txt"]


def test_a_changed_file_of_the_same_size_is_fetched_again(modelscope: Client, hub: Hub, repository: Repository) -> None:
    """The client keeps snapshots by name of the revision: only the SHA-256 in the listing tells that one is old."""
    name = repository.full_name
    code = f"show(open(snapshot_download({name!r}) + '/a.txt').read())"
    publish(hub, repository, {"a.txt": b"one"})
    assert modelscope(code) == "one"
    publish(hub, repository, {"a.txt": b"two"})
    assert modelscope(code) == "two"


def test_files_are_listed_and_deleted(modelscope: Client, hub: Hub, repository: Repository) -> None:
    publish(hub, repository)
    name = repository.full_name
    listed = f"show({{file.path: [file.size, file.sha256] for file in api._api.list_repo_files({name!r}, 'model')}})\n"
    shown = modelscope(
        listed + f"api.delete_files({name!r}, delete_patterns=['*.json'])\n"
        f"api._api.legacy.delete_file({name!r}, 'model', 'deep/er/notes.md')\n" + listed
    ).splitlines()
    before, after = map(json.loads, shown)
    for path, content in FILES.items():
        assert before[path] == [len(content), SUMS[path]]
    assert before["deep"] == [0, None]
    assert sorted(after) == [".gitattributes", "model.safetensors"]


def test_lists_and_details(modelscope: Client, hub: Hub) -> None:
    for number in range(3):
        hub.create(f"listed-{number}")
    hub.create("listed-secret", visibility="private")
    hub.create("listed-data", kind="dataset")
    shown = modelscope(
        "page = api.list_models('ada', page_size=50)\n"
        "show(sorted(item['Name'] for item in page['Models'] if item['Name'].startswith('listed')))\n"
        "show([api.list_repos('model', search='listed', page_size=2, page_number=n).total_count for n in (1, 2)])\n"
        "show([item.repo_id for item in api.list_datasets(owner='ada', search='listed')])\n"
        "show([item['Name'] for item in api.legacy.list_datasets(owner='ada')['items'] if 'listed' in item['Name']])\n"
        "show(api.get_model('ada/listed-secret')['Visibility'])\n"
        "show(api.get_dataset_id_and_type('listed-data', 'ada')[1])\n"
        "show(api.repo_exists('ada/listed-0')); show(api.repo_exists('ada/nothing'))"
    ).splitlines()
    names = ["listed-0", "listed-1", "listed-2", "listed-secret"]
    assert json.loads(shown[0]) == names
    assert json.loads(shown[1]) == [3, 4]
    assert json.loads(shown[2]) == ["ada/listed-data"]
    assert json.loads(shown[3]) == ["listed-data"]
    assert shown[4:] == ["1", "4", "true", "false"]
    assert (
        json.loads(modelscope("show(sorted(r.name for r in api.list_repos('model', search='listed')))", user="eve"))
        == (names[:3])
    )


@pytest.mark.parametrize(("level", "visibility"), [(1, "private"), (3, "protected"), (5, "public")])
def test_visibilities(modelscope: Client, hub: Hub, level: int, visibility: str) -> None:
    name = f"ada/level-{level}"
    modelscope(
        f"api.create_model({name!r}, visibility={level})\napi.create_repo({name!r}, repo_type='dataset', visibility={level})"
    )
    for kind in ("models", "datasets"):
        settings = hub.client().get(f"/api/cg/v1/repositories/{kind}/{name}").json()
        assert settings["visibility"] == visibility


def test_a_name_that_is_taken(modelscope: Client, repository: Repository) -> None:
    name = repository.full_name
    assert "AlreadyExistsError" in modelscope(f"api.create_model({name!r})", fails=True)
    assert modelscope(f"show(api.create_repo({name!r}, exist_ok=True))") == "null"


def test_private_repositories_open_to_their_owner_alone(modelscope: Client, hub: Hub) -> None:
    repository = hub.create("secret", visibility="private")
    publish(hub, repository)
    code = "show(without := sorted(sums(snapshot_download('ada/secret'))))"
    assert json.loads(modelscope(code)) == sorted([*FILES, ".gitattributes"])
    for user in ("eve", None):
        for attempt in (code, "model_file_download('ada/secret', 'config.json')", "api.get_model('ada/secret')"):
            failed = modelscope(attempt, user=user, fails=True, MODELSCOPE_CACHE=f"elsewhere-{user}")
            assert "NotExistError" in failed
    failed = modelscope(
        "api.upload_file(path_or_fileobj=b'x', path_in_repo='x', repo_id='ada/secret')", "eve", fails=True
    )
    assert "NotExistError" in failed


def test_strangers_may_read_what_is_public_and_write_nothing(
    modelscope: Client, hub: Hub, repository: Repository
) -> None:
    publish(hub, repository, {"a.txt": b"one"})
    name = repository.full_name
    assert modelscope(f"show(open(model_file_download({name!r}, 'a.txt')).read())", user=None) == "one"
    upload = f"api.upload_file(path_or_fileobj=b'x', path_in_repo='x', repo_id={name!r})"
    assert "PermissionDeniedError" in modelscope(upload, "eve", fails=True)
    assert "AuthenticationError" in modelscope(upload, None, fails=True)


def test_the_older_name_of_the_setting_works(modelscope: Client, hub: Hub, repository: Repository) -> None:
    publish(hub, repository, {"a.txt": b"one"})
    code = f"show(open(model_file_download({repository.full_name!r}, 'a.txt')).read())"
    assert modelscope(code, MODELSCOPE_DOMAIN=hub.url().rstrip("/")) == "one"


def test_the_command_line(modelscope: Client, hub: Hub, repository: Repository, tmp_path: Path) -> None:
    publish(hub, repository)
    name = repository.full_name
    modelscope(
        "import subprocess\n"
        f"subprocess.run([sys.executable, '-m', 'modelscope.cli.cli', 'download', '--model', {name!r}, '--local_dir', 'there'],"
        " check=True)"
    )
    assert (tmp_path / "there" / "model.safetensors").read_bytes() == WEIGHTS


def test_a_deleted_repository_is_gone(modelscope: Client, hub: Hub, repository: Repository) -> None:
    modelscope(f"api.delete_model({repository.full_name!r})", user="ada")
    assert hub.client().get(f"/api/models/{repository.full_name}").status_code == 404
