"""Calls about models, as they look on the wire."""

import base64
import hashlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commonground.hub.repositories.model import Repository
from tests.gateways.git.server import Hub
from tests.gateways.kaggle.calls import DATASETS, MODELS, Caller, instance


@pytest.fixture
def ada(hub: Hub) -> Caller:
    return Caller(hub)


def test_a_model_without_files_has_no_versions(ada: Caller, repository: Repository) -> None:
    shown = ada.call(MODELS, "GetModel", ownerSlug="ada", modelSlug=repository.name).json()
    assert (shown["ref"], shown["author"]) == (repository.full_name, "ada")
    assert ada.call(MODELS, "GetModelInstance", **instance(repository.full_name)).status_code == 404


def test_names_follow_a_rename(ada: Caller, hub: Hub, repository: Repository) -> None:
    assert ada.publish(repository.full_name, "default", a_txt=b"a").status_code == 200
    new = f"{repository.name}-renamed"
    moved = {"fromRepo": repository.full_name, "toRepo": f"ada/{new}", "type": "model"}
    assert hub.client().post("/api/repos/move", json=moved).status_code == 200
    shown = Caller(hub, None).call(MODELS, "GetModelInstance", **instance(repository.full_name)).json()
    assert shown["versionNumber"] == 1
    assert shown["url"].endswith(new)


def test_making_what_is_there_is_a_conflict(ada: Caller, repository: Repository) -> None:
    """With status 200: the client reads the body, and makes a version instead."""
    again = ada.call(MODELS, "CreateModel", ownerSlug="ada", slug=repository.name)
    assert (again.status_code, again.json()["errorCode"]) == (200, 409)
    assert ada.publish(repository.full_name, "tiny", a_txt=b"a").status_code == 200
    body = {"instanceSlug": "tiny", "framework": "MODEL_FRAMEWORK_KERAS"}
    again = ada.call(MODELS, "CreateModelInstance", ownerSlug="ada", modelSlug=repository.name, body=body)
    assert (again.status_code, again.json()["errorCode"]) == (200, 409)


def test_the_card_stays_and_the_rest_goes(ada: Caller, hub: Hub, repository: Repository) -> None:
    for files in ({"README_md": b"# Card", "old_txt": b"old"}, {"new_txt": b"new"}):
        assert ada.publish(repository.full_name, "default", **files).status_code == 200
    listed = ada.call(MODELS, "ListModelInstanceVersionFiles", **instance(repository.full_name)).json()
    assert {file["name"] for file in listed["files"]} == {".gitattributes", "README.md", "new.txt"}
    assert hub.client().get(f"/{repository.full_name}/resolve/main/README.md").text == "# Card"


def test_a_version_of_a_folder_leaves_the_others_alone(ada: Caller, hub: Hub, repository: Repository) -> None:
    upload = {"key": "file", "value": {"path": "keras/tiny/old.txt", "content": "old", "encoding": "utf-8"}}
    other = {"key": "file", "value": {"path": "keras/large/a.txt", "content": "a", "encoding": "utf-8"}}
    lines = "\n".join(map(json.dumps, [{"key": "header", "value": {"summary": "x"}}, upload, other]))
    assert hub.client().post(f"/api/models/{repository.full_name}/commit/main", content=lines).status_code == 200
    assert ada.publish(repository.full_name, "tiny", new_txt=b"new").status_code == 200
    named = [
        [file["name"] for file in ada.call(MODELS, "ListModelInstanceVersionFiles", **asked).json()["files"]]
        for asked in (instance(repository.full_name, "tiny"), instance(repository.full_name, "large"))
    ]
    assert named == [["new.txt"], ["a.txt"]]


def test_pages_of_files(ada: Caller, repository: Repository) -> None:
    files = {f"f{number:02}_txt": b"x" for number in range(40)}
    assert ada.publish(repository.full_name, "tiny", **files).status_code == 200
    seen, token = [], None
    while token != "":
        asked = instance(repository.full_name, "tiny", pageSize=25, pageToken=token)
        page = ada.call(MODELS, "ListModelInstanceVersionFiles", **asked).json()
        seen += [file["name"] for file in page["files"]]
        token = page.get("nextPageToken", "")
    assert len(seen) == len(set(seen)) == 41


def test_the_md5_comes_with_the_file(ada: Caller, repository: Repository) -> None:
    content = bytes(range(256)) * 10
    assert ada.publish(repository.full_name, "tiny", w_bin=content, a_json=b"{}").status_code == 200
    for path, expected in (("w.bin", content), ("a.json", b"{}")):
        asked = instance(repository.full_name, "tiny", versionNumber=1, path=path)
        led = ada.call(MODELS, "DownloadModelInstanceVersion", **asked)
        assert led.status_code == 303
        for _ in range(2):
            answer = ada.http.get(led.headers["location"])
            assert answer.content == expected
            md5 = base64.b64encode(hashlib.md5(expected).digest()).decode()
            assert answer.headers["x-goog-hash"] == f"md5={md5}"
            assert answer.headers["content-type"].startswith("application/octet-stream")


def test_addresses_of_private_files_open_them_for_a_while(ada: Caller, hub: Hub) -> None:
    assert ada.call(MODELS, "CreateModel", ownerSlug="ada", slug="hidden", isPrivate=True).status_code == 200
    assert ada.publish("ada/hidden", "tiny", a_txt=b"secret").status_code == 200
    asked = instance("ada/hidden", "tiny", versionNumber=1, path="a.txt")
    address = ada.call(MODELS, "DownloadModelInstanceVersion", **asked).headers["location"]
    nobody = Caller(hub, None)
    assert nobody.http.get(address).content == b"secret"
    assert nobody.http.get(address.partition("?")[0]).status_code == 404
    assert Caller(hub, "eve").call(MODELS, "DownloadModelInstanceVersion", **asked).status_code == 404


def test_gated_files_need_access(ada: Caller, hub: Hub, repository: Repository) -> None:
    assert ada.publish(repository.full_name, "tiny", a_txt=b"secret").status_code == 200
    assert hub.client().put(f"/api/models/{repository.full_name}/settings", json={"gated": "auto"}).status_code == 200
    eve = Caller(hub, "eve").call(MODELS, "ListModelInstanceVersionFiles", **instance(repository.full_name, "tiny"))
    assert (eve.status_code, eve.json()["code"]) == (403, 403)


def test_a_data_set_that_is_there_without_files_gets_its_first_version(ada: Caller, hub: Hub) -> None:
    hub.create("bare", "dataset")
    token = ada.upload("a.csv", b"x\n1\n")
    made = ada.call(DATASETS, "CreateDataset", ownerSlug="ada", slug="bare", files=[{"token": token}])
    assert made.json()["ref"] == "ada/bare"
    shown = ada.call(DATASETS, "GetDataset", ownerSlug="ada", datasetSlug="bare").json()
    assert shown["currentVersionNumber"] == 1
    again = ada.call(DATASETS, "CreateDataset", ownerSlug="ada", slug="bare", files=[{"token": token}])
    assert (again.status_code, again.json()["errorCode"]) == (200, 409)


def test_who_may_not_write_is_refused(hub: Hub, repository: Repository) -> None:
    for user, status in ((None, 401), ("eve", 403)):
        answer = Caller(hub, user).call(MODELS, "CreateModelInstanceVersion", **instance(repository.full_name))
        assert (answer.status_code, answer.json()["code"]) == (status, status)
        assert (
            Caller(hub, user).call(MODELS, "DeleteModel", ownerSlug="ada", modelSlug=repository.name).status_code
            == status
        )


def nested(depth: int) -> dict[str, object]:
    found: dict[str, object] = {"name": "d", "files": [{"token": "x"}]}
    for _ in range(depth):
        found = {"name": "d", "directories": [found]}
    return found


@pytest.mark.parametrize(
    "body",
    [
        nested(60),
        {"directories": [{"name": ""}]},
        {"directories": [{"name": "a/b"}]},
        {"files": []},
        {"files": "x"},
        {"files": [{"token": 3}]},
    ],
)
def test_uploads_that_make_no_sense(ada: Caller, repository: Repository, body: dict[str, object]) -> None:
    answer = ada.call(MODELS, "CreateModelInstanceVersion", **instance(repository.full_name), body=body)
    assert (answer.status_code, answer.json()["code"]) == (400, 400)


@pytest.mark.parametrize("name", [".git", "..", ".", "a\nb"])
def test_file_names_git_cannot_have(ada: Caller, repository: Repository, name: str) -> None:
    token = ada.upload(name, b"x")
    asked = instance(repository.full_name, body={"files": [{"token": token}]})
    answer = ada.call(MODELS, "CreateModelInstanceVersion", **asked)
    assert (answer.status_code, answer.json()["code"]) == (400, 400)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda more: st.lists(more, max_size=3),
    max_leaves=5,
)
FIELDS = ["ownerSlug", "modelSlug", "slug", "framework", "instanceSlug", "versionNumber", "path", "pageToken", "body"]
METHODS = ["GetModel", "GetModelInstance", "CreateModel", "CreateModelInstance", "CreateModelInstanceVersion",
           "ListModelInstanceVersionFiles", "DownloadModelInstanceVersion", "Other"]  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(method=st.sampled_from(METHODS), message=st.dictionaries(st.sampled_from(FIELDS), VALUES))
def test_nothing_a_caller_sends_breaks_it(ada: Caller, method: str, message: dict[str, object]) -> None:
    answer = ada.call(MODELS, method, **message)
    assert answer.status_code < 500 or answer.status_code == 501
    if answer.status_code >= 400:
        assert answer.json()["code"] == answer.status_code


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b"[" * 100_000])
def test_bodies_that_are_no_message(ada: Caller, content: bytes) -> None:
    answer = ada.http.post(f"/api/v1/{MODELS}/GetModel", content=content)
    assert (answer.status_code, answer.json()["code"]) == (400, 400)


NAMED = {"ownerSlug": "ada", "framework": "MODEL_FRAMEWORK_KERAS", "instanceSlug": "default", "versionNumber": 1}
CALLS = [
    *((MODELS, method) for method in METHODS if method not in {"CreateModel", "Other"}),
    (MODELS, "DeleteModel"),
    *((DATASETS, method) for method in ("GetDataset", "DownloadDataset", "CreateDatasetVersion", "DeleteDataset")),
]


@pytest.mark.parametrize(("service", "method"), CALLS)
def test_private_looks_absent_to_every_call(hub: Hub, service: str, method: str) -> None:
    name = f"private-{service[:3]}-{method}".lower()
    hub.create(name, "model" if service == MODELS else "dataset", "private")
    body = {"framework": "MODEL_FRAMEWORK_KERAS", "instanceSlug": "default"}
    for user in (None, "eve"):
        caller = Caller(hub, user)
        private, absent = (
            caller.call(service, method, **NAMED, modelSlug=slug, datasetSlug=slug, body=body)
            for slug in (name, "absent")
        )
        assert (private.status_code, private.json()) == (absent.status_code, absent.json())
        assert private.status_code == 404
