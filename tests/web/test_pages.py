"""What holds for every page: valid, safe, in both languages, private things absent."""

import re

import httpx
import pytest

from commonground.hub.repositories.model import Repository
from tests.web.hub import Hub

pytestmark = pytest.mark.anyio

STRANGE = 'a "b" <i>中.txt'
PUBLIC = [
    "/", "/search", "/search?q=bert", "/models", "/models?search=bert&sort=likes&pipeline_tag=x", "/datasets", "/spaces", "/kernels",
    "/ada", "/ada/bert", "/ada/bert/tree/main", "/ada/bert/tree/main/docs", "/ada/bert/blob/main/README.md",
    "/ada/bert/blob/main/README.md?plain=1", "/ada/bert/blob/main/config.json", "/ada/bert/blob/main/plot.png",
    "/ada/bert/blob/main/data.bin", "/ada/bert/blob/main/a%20%22b%22%20%3Ci%3E%E4%B8%AD.txt", "/ada/bert/commits/main",
    "/ada/bert/commits/main/config.json", "/ada/bert/refs", "/login", "/join",
]  # fmt: skip
PRIVATE = ["/new", "/ada/bert/settings"]
_INLINE = re.compile(r"<script(?![^>]*\ssrc=)|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE)


@pytest.fixture
async def bert(hub: Hub) -> Repository:
    repository = await hub.repository()
    card = b"---\nlicense: mit\npipeline_tag: fill-mask\ntags: [x]\n---\n# Bert\n\n[config](config.json)\n"
    files: dict[str, bytes | None] = {
        "README.md": card, "config.json": b'{"a": 1}\n', "docs/a.txt": b"a", "plot.png": b"\x89PNG", "data.bin": b"\0\1", STRANGE: b"<b>"
    }  # fmt: skip
    await hub.write(repository, files, "Add <b>files</b>")
    return repository


def assert_page(answer: httpx.Response, status: int = 200) -> None:
    assert answer.status_code == status, answer.text[:2000]
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not _INLINE.search(answer.text)
    assert "<b>files" not in answer.text
    assert "<i>" not in answer.text
    assert re.search(r"<title>.+ · Commonground</title>", answer.text)
    assert answer.text.count("<h1") == 1
    assert answer.text.count("<main") == 1


async def test_every_page_is_safe_in_both_languages(hub: Hub, bert: Repository) -> None:
    for path in PUBLIC:
        assert_page(await hub.visitor.get(path))
        chinese = await hub.visitor.get(path, headers={"Accept-Language": "zh-CN,zh;q=0.9"})
        assert_page(chinese)
        assert '<html lang="zh-Hans">' in chinese.text


async def test_pages_for_people_who_are_signed_in(hub: Hub, bert: Repository) -> None:
    for path in [*PUBLIC[:-2], *PRIVATE]:
        assert_page(await hub.ada.get(path))
    for path in PRIVATE:
        answer = await hub.visitor.get(path)
        assert (answer.status_code, answer.headers["location"][:12]) == (303, "/login?next=")


async def test_a_private_repository_looks_absent(hub: Hub, bert: Repository) -> None:
    await hub.repository("secret", visibility="private")
    for tail in ("", "/tree/main", "/blob/main/.gitattributes", "/commits/main", "/refs"):
        hidden, missing = [await hub.visitor.get(f"/ada/{name}{tail}") for name in ("secret", "nothing")]
        assert_page(hidden, 404)
        assert hidden.text.replace("secret", "nothing") == missing.text
        assert (await hub.ada.get(f"/ada/secret{tail}")).status_code == 200
    for path in ("/", "/models", "/ada", "/search?q=secret", "/search/suggestions?q=secret"):
        assert "/ada/secret" not in (await hub.visitor.get(path)).text
        assert "/ada/secret" in (await hub.ada.get(path)).text


async def test_what_is_missing_is_a_page(hub: Hub, bert: Repository) -> None:
    for path in (
        "/nobody",
        "/ada/nothing",
        "/ada/bert/tree/v9",
        "/ada/bert/blob/main/no",
        "/ada/bert/commit/" + "0" * 40,
        "/join/xyz",
    ):
        answer = await hub.visitor.get(path)
        assert_page(answer, 410 if "join" in path else 404)
        assert "CG-1" in answer.text


async def test_a_moved_repository_leads_to_its_new_address(hub: Hub, bert: Repository) -> None:
    await hub.services.repositories.move(hub.principal, bert, "ada", "bert2")
    answer = await hub.visitor.get("/ada/bert/blob/main/docs%2Fa.txt?plain=1")
    assert (answer.status_code, answer.headers["location"]) == (307, "/ada/bert2/blob/main/docs%2Fa.txt?plain=1")


async def test_a_chosen_language_is_remembered(hub: Hub) -> None:
    browser = hub.browser()
    assert '<html lang="en">' in (await browser.get("/")).text
    assert '<html lang="zh-Hans">' in (await browser.get("/?locale=zh")).text
    assert '<html lang="zh-Hans">' in (await browser.get("/models")).text
    assert '<html lang="en">' in (await browser.get("/?locale=en")).text
    assert '<html lang="en">' in (await browser.get("/?locale=xx")).text


async def test_pages_are_compressed_where_the_browser_can(hub: Hub) -> None:
    assert (await hub.visitor.get("/")).headers["content-encoding"] == "gzip"
    plain = await hub.visitor.get("/", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers


async def test_static_files_are_kept_for_ever_under_the_digest_of_their_content(hub: Hub) -> None:
    page = (await hub.visitor.get("/")).text
    addresses = set(re.findall(r'"(/static/[^"#]+)', page))
    assert len(addresses) == 4
    for address in addresses:
        answer = await hub.visitor.get(address)
        assert "immutable" in answer.headers["cache-control"]
        stale = await hub.visitor.get(f"/static/other/{address.rpartition('/')[2]}")
        assert (stale.content, stale.headers["cache-control"]) == (answer.content, "no-cache")
    assert (await hub.visitor.get("/static/x/nothing.css")).status_code == 404


async def test_no_english_is_left_on_chinese_pages(hub: Hub) -> None:
    for path in ("/login", "/join", "/spaces", "/search", "/models", "/nobody"):
        page = (await hub.visitor.get(path, headers={"Accept-Language": "zh"})).text
        words = set(re.findall(r"[A-Za-z]{3,}", re.sub(r"<[^>]*>", " ", page.partition("<body>")[2])))
        assert words <= {"Commonground", "API", "English", "nobody"}, path
