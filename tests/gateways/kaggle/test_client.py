"""The unmodified ``kagglehub``: models and data sets, up and down."""

import base64
import json
from pathlib import Path

from commonground.hub.repositories.model import Repository
from tests.gateways.git.server import Hub
from tests.gateways.kaggle.conftest import Client

WEIGHTS = bytes(range(256)) * 2000  # half a megabyte, no text


def folder(place: Path, **files: bytes) -> Path:
    """A folder with files; ``__`` in a name stands for a slash, ``_`` before the last part for the dot."""
    for name, content in files.items():
        path = place / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return place


def contents(place: str | Path) -> dict[str, bytes]:
    """What a folder holds, but for what git needs."""
    root = Path(place)
    found = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    return {path: content for path, content in found.items() if path != ".gitattributes"}


def publish(hub: Hub, repository: Repository, **files: bytes) -> None:
    """A commit on the default branch, as a Hugging Face client makes it."""
    lines = [{"key": "header", "value": {"summary": "Publish"}}]
    for name, content in files.items():
        path = name.replace("__", "/").replace("_", ".")
        value = {"path": path, "content": base64.b64encode(content).decode(), "encoding": "base64"}
        lines.append({"key": "file", "value": value})
    answer = hub.client().post(
        f"/api/{repository.kind}s/{repository.full_name}/commit/main", content="\n".join(map(json.dumps, lines))
    )
    assert answer.status_code == 200, answer.text


FILES = {"config_json": b'{"code": "400", "hidden": 3}', "assets__vocab_txt": "häuser\n".encode(), "model_bin": WEIGHTS}
EXPECTED = {"config.json": FILES["config_json"], "assets/vocab.txt": FILES["assets__vocab_txt"], "model.bin": WEIGHTS}


def test_a_model_goes_up_and_comes_down(kagglehub: Client, hub: Hub, tmp_path: Path) -> None:
    source = folder(tmp_path / "up", **FILES)
    kagglehub(f"kagglehub.model_upload('ada/first/pyTorch/base', {str(source)!r}, license_name='MIT')")
    place = kagglehub("print('>', kagglehub.model_download('ada/first/pyTorch/base'))")
    assert contents(place) == EXPECTED
    assert place.endswith("pyTorch/base/1")
    shown = hub.client().get("/api/models/ada/first").json()
    assert shown["private"] is True
    assert hub.client().get("/ada/first/resolve/pyTorch%2Fbase/model.bin").content == WEIGHTS


def test_another_upload_is_another_version(kagglehub: Client, tmp_path: Path) -> None:
    first = folder(tmp_path / "one", a_txt=b"one", b_txt=b"two")
    second = folder(tmp_path / "two", a_txt=b"three")
    handle = "ada/second/keras/tiny"
    kagglehub(
        f"kagglehub.model_upload({handle!r}, {str(first)!r})\n"
        f"kagglehub.model_upload({handle!r}, {str(second)!r}, version_notes='Better')"
    )
    places = kagglehub(f"for n in '/1', '/2', '': print('>', kagglehub.model_download({handle!r} + n))").split()
    assert [contents(place) for place in places] == [{"a.txt": b"one", "b.txt": b"two"}, *[{"a.txt": b"three"}] * 2]
    assert places[1] == places[2]
    assert "404 Client Error" in kagglehub(f"kagglehub.model_download({handle + '/3'!r})", fails=True)


def test_one_file_of_a_model(kagglehub: Client, hub: Hub, repository: Repository) -> None:
    """What any other protocol published is the variation ``default`` of every framework."""
    publish(hub, repository, **FILES)
    name = repository.full_name
    shown = kagglehub(
        f"print('>', open(kagglehub.model_download('{name}/keras/default', 'assets/vocab.txt'), 'rb').read())", None
    )
    assert shown == repr(FILES["assets__vocab_txt"])
    for missing in ("keras/default', 'task.json", "keras/other", "keras/default/2"):
        error = kagglehub(f"kagglehub.model_download('{name}/{missing}')", None, fails=True)
        assert "KaggleApiHTTPError: 404 Client Error" in error  # what keras-hub takes for an absent optional file


def test_a_folder_is_a_variation(kagglehub: Client, hub: Hub, repository: Repository) -> None:
    publish(hub, repository, keras__tiny__a_txt=b"a", keras__tiny__deep__b_bin=WEIGHTS, other_txt=b"c")
    place = kagglehub(f"print('>', kagglehub.model_download('{repository.full_name}/keras/tiny'))")
    assert contents(place) == {"a.txt": b"a", "deep/b.bin": WEIGHTS}


def test_more_than_a_page_of_files_comes_as_an_archive(kagglehub: Client, hub: Hub, repository: Repository) -> None:
    files = {f"part{number}__data_txt": b"%d" % number for number in range(30)}
    publish(hub, repository, **files, keras__tiny__a_bin=WEIGHTS)
    place = kagglehub(f"print('>', kagglehub.model_download('{repository.full_name}/other/default'))", None)
    assert contents(place)["part7/data.txt"] == b"7"
    assert len(contents(place)) == 31


def test_more_than_fifty_files_go_up_in_an_archive(kagglehub: Client, tmp_path: Path) -> None:
    files = {f"part{number % 7}__{number}_txt": b"%d" % number for number in range(60)}
    source = folder(tmp_path / "up", **files, large_bin=WEIGHTS)
    place = kagglehub(
        f"kagglehub.model_upload('ada/many/onnx/all', {str(source)!r})\n"
        "print('>', kagglehub.model_download('ada/many/onnx/all'))"
    )
    assert contents(place) == contents(source)


def test_a_data_set_goes_up_and_comes_down(kagglehub: Client, hub: Hub, tmp_path: Path) -> None:
    first = folder(tmp_path / "one", train__a_csv=b"x,y\n1,2\n", b_bin=WEIGHTS, empty_txt=b"")
    second = folder(tmp_path / "two", train__a_csv=b"x,y\n3,4\n")
    code = (
        f"kagglehub.dataset_upload('ada/rows', {str(first)!r})\nkagglehub.dataset_upload('ada/rows', {str(second)!r})"
    )
    kagglehub(code)
    places = kagglehub(
        "for n in '/versions/1', '/versions/2', '': print('>', kagglehub.dataset_download('ada/rows' + n))"
    ).split("\n")
    assert [contents(place) for place in places] == [contents(first), contents(second), contents(second)]
    one = kagglehub("print('>', open(kagglehub.dataset_download('ada/rows/versions/1', 'train/a.csv')).read())")
    assert one.startswith("x,y")
    assert hub.client().get("/datasets/ada/rows/resolve/main/train/a.csv").text == "x,y\n3,4\n"


def test_private_looks_absent(kagglehub: Client, hub: Hub, tmp_path: Path) -> None:
    source = folder(tmp_path / "up", **FILES)
    handle = "ada/secret/keras/tiny"
    kagglehub(f"kagglehub.model_upload({handle!r}, {str(source)!r})", basic=True)
    for user in (None, "eve"):
        private = kagglehub(f"kagglehub.model_download({handle!r})", user, fails=True)
        absent = kagglehub("kagglehub.model_download('ada/absent/keras/tiny')", user, fails=True)
        assert private.splitlines()[-4:] == absent.splitlines()[-4:]
        assert "404 Client Error" in private
    assert "CG-1201" in kagglehub(f"kagglehub.model_upload({handle!r}, {str(source)!r})", "eve", fails=True)
    assert "CG-1103" in kagglehub(f"kagglehub.model_upload('ada/new/keras/tiny', {str(source)!r})", "eve", fails=True)


def test_who_is_calling(kagglehub: Client) -> None:
    assert kagglehub("print('>', kagglehub.whoami())") == "{'username': 'ada'}"
    assert kagglehub("print('>', kagglehub.whoami())", basic=True) == "{'username': 'ada'}"
    wrong = kagglehub("kagglehub.whoami()", None, fails=True, KAGGLE_API_TOKEN="hf_wrong")
    assert "UnauthenticatedError" in wrong


def test_an_interrupted_download_goes_on(kagglehub: Client, hub: Hub, tmp_path: Path) -> None:
    """The rest is asked for at the address the call led to, without credentials: the repository is private."""
    source = folder(tmp_path / "up", w_bin=WEIGHTS)
    handle = "ada/resumed/keras/tiny"
    kagglehub(f"kagglehub.model_upload({handle!r}, {str(source)!r})")
    part = tmp_path / "cache/models/ada/resumed/keras/tiny/1/w.bin"
    part.parent.mkdir(parents=True)
    part.write_bytes(WEIGHTS[:100_000])
    kagglehub(f"kagglehub.model_download({handle!r}, 'w.bin')")
    assert part.read_bytes() == WEIGHTS


def test_a_corrupt_part_is_noticed(kagglehub: Client, hub: Hub, repository: Repository, tmp_path: Path) -> None:
    publish(hub, repository, w_bin=WEIGHTS)
    part = tmp_path / "cache/models" / repository.full_name / "keras/default/1/w.bin"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"?" * 1000)
    error = kagglehub(f"kagglehub.model_download('{repository.full_name}/keras/default', 'w.bin')", fails=True)
    assert "DataCorruptionError" in error


def test_what_is_not_offered_says_so(kagglehub: Client, tmp_path: Path) -> None:
    assert "CG-1008" in kagglehub("kagglehub.notebook_output_download('ada/notebook')", fails=True)
    source = folder(tmp_path / "up", a_txt=b"a")
    kagglehub(f"kagglehub.model_upload('ada/signed/keras/tiny', {str(source)!r}, sigstore=True)")


def test_deleting(kagglehub: Client, hub: Hub, tmp_path: Path) -> None:
    source = folder(tmp_path / "up", a_txt=b"a")
    kagglehub(
        f"kagglehub.model_upload('ada/gone/keras/tiny', {str(source)!r})\n"
        f"kagglehub.dataset_upload('ada/gone', {str(source)!r})\n"
        "from kagglehub.models_helpers import delete_model\nfrom kagglehub.datasets_helpers import delete_dataset\n"
        "delete_model('ada', 'gone'); delete_dataset('ada', 'gone')"
    )
    assert hub.client().get("/api/models/ada/gone").status_code == 404
    assert hub.client().get("/api/datasets/ada/gone").status_code == 404
