"""The page about adding a protocol: its code is installed as it stands and used with wget."""

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from bench.server import TOKEN, USER, Server

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "add-a-gateway.md"
API = "/api/cg/v1/repositories"
FILES = {
    "README.md": b"# tiny\n",
    "model.bin": bytes(range(256)) * 2000,
    "data/a & b <c>.txt": b"text\n",
    "data/deep/ä?.txt": b"more\n",
}
STRANGER = "hf_strangerstrangerstrangerstranger1"


def block(language: str) -> str:
    """The one block of a language."""
    [found] = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return str(found)


def install(site: Path) -> None:
    """The package of the page, as an installer leaves it."""
    project = tomllib.loads(block("toml"))["project"]
    (site / "commonground_index.py").write_text(block("python"), encoding="utf-8")
    information = site / "commonground_index-0.1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 0.1.0\n")
    points = project["entry-points"]["commonground.gateways"]
    lines = ["[commonground.gateways]", *(f"{name} = {place}" for name, place in points.items())]
    (information / "entry_points.txt").write_text("\n".join(lines) + "\n")


class Extended(Server):
    """A server whose Python finds the package."""

    def __init__(self, site: Path) -> None:
        self._site = site
        super().__init__()

    def _environment(self) -> dict[str, str]:
        return super()._environment() | {"PYTHONPATH": str(self._site)}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    site = tmp_path_factory.mktemp("site")
    install(site)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with Extended(site) as started, httpx.Client(base_url=started.url, headers=headers) as owner:
        started.command("admin", "create-user", "stranger", "--data", str(started.data))
        words = ["--role", "read", "--value", STRANGER, "--data", str(started.data)]
        started.command("admin", "create-token", "stranger", *words)
        for name, visibility in (("tiny", "public"), ("secret", "private")):
            body = {"owner": USER, "name": name, "visibility": visibility}
            owner.post(API, json=body).raise_for_status()
            for path, content in FILES.items():
                address = f"{API}/models/{USER}/{name}/files/main/{quote(path)}"
                owner.put(address, content=content).raise_for_status()
        yield started


def mirror(folder: Path, address: str, *words: str) -> tuple[int, dict[str, bytes]]:
    """What wget says and brings."""
    command = ["wget", "-r", "-np", "-nH", "--cut-dirs=5", "-e", "robots=off", "--no-verbose", *words, address]
    run = subprocess.run(command, cwd=folder, check=False, capture_output=True, timeout=60)
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return run.returncode, {path: data for path, data in found.items() if not path.endswith("index.html")}


def test_the_file_is_short() -> None:
    assert len(block("python").splitlines()) < 90


def test_wget_mirrors_a_repository(server: Server, tmp_path: Path) -> None:
    status, found = mirror(tmp_path, f"{server.url}/index/models/{USER}/tiny/main/")
    assert status == 0
    found.pop(".gitattributes", None)
    assert found == FILES


def test_a_private_repository_asks_for_a_password(server: Server, tmp_path: Path) -> None:
    address = f"{server.url}/index/models/{USER}/secret/main/"
    for words, expected in (
        ((), 6),
        (("--user=x", f"--password={STRANGER}"), 8),
        (("--user=x", f"--password={TOKEN}"), 0),
    ):
        folder = tmp_path / str(expected)
        folder.mkdir()
        status, found = mirror(folder, address, *words)
        assert status == expected
        assert bool(found) is (status == 0)


def test_private_looks_like_absent(server: Server) -> None:
    for headers in ({}, {"Authorization": f"Bearer {STRANGER}"}):
        answers = [
            httpx.get(f"{server.url}/index/models/{USER}/{name}/main/", headers=headers)
            for name in ("secret", "nothing")
        ]
        assert answers[0].status_code == answers[1].status_code
        assert answers[0].text.replace("secret", "nothing") == answers[1].text


def test_pages_files_and_failures(server: Server) -> None:
    root = f"{server.url}/index/models/{USER}/tiny/main"
    assert httpx.get(f"{root}/data").headers["Location"].endswith("/data/")
    assert "&lt;c&gt;" in httpx.get(f"{root}/data/").text
    part = httpx.get(f"{root}/model.bin", headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, bytes(range(4)))
    assert httpx.get(f"{root}/nothing").text.startswith("CG-1204")
    assert httpx.get(f"{root}x/").text.startswith("CG-1203")
    assert httpx.get(f"{root}/%ff").status_code == 400
    assert httpx.get(f"{root}/?cursor=x").status_code == 400


def test_the_page_of_the_repository_tells_of_it(server: Server) -> None:
    page = httpx.get(f"{server.url}/{USER}/tiny").text
    assert "wget -r" in page
    assert "/index/" in page
