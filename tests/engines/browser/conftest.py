"""Pages with real content on a real server, and a browser to look at them."""

import asyncio
import json
import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from bench.server import Server

from commonground.accounts.model import Principal
from commonground.http.identity import SESSION_COOKIE
from commonground.hub.revisions.model import AddFile, CommitRequest
from commonground.services import Services
from commonground.settings import Settings
from tests.engines.browser.runs import fill_runs
from tests.engines.conftest import Script
from tests.web.test_markdown import ATTACKS

HERE = Path(__file__).parent
NAME, PASSWORD = "keyboard", "correct horse battery"
OPERATOR = "operator"
CARD = """---
license: apache-2.0
pipeline_tag: automatic-speech-recognition
library_name: transformers
language: [en, zh]
tags: [speech, 语音]
datasets: [bench/corpus]
---
# Speech / 语音识别

Text with `code`, a [link](config.json), **bold** and a very-long-word-{long}.

| column | another column | a third column with a long title | and one more to make it wide |
|---|:-:|---|---|
| 1 | 2 | 中文内容 | {long} |

```python
from transformers import pipeline  # a comment
model = pipeline("automatic-speech-recognition", model="bench/speech", revision="{long}")
print(model("audio.wav")["text"], 3.14, None)
```

> A quotation.

- [x] done
- [ ] open
""".replace("{long}", "x" * 60)

Inspect = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="session")
def browser() -> str:
    """The path of Chromium; a loud skip without it, a failure where ``CI=true``."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    missing = "Chromium is missing: install the package chromium" if not found else ""
    missing = missing or ("Node.js is missing: install the package nodejs" if not shutil.which("node") else "")
    if missing and os.environ.get("CI") == "true":
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)
    return str(found)


@pytest.fixture(scope="session")
def pages(server: Server) -> list[str]:
    """Addresses of every kind of page, with content behind them."""
    commits = asyncio.run(_fill(server))
    model = "/bench/speech"
    return [
        "/", "/models", "/models?language=zh", "/datasets", "/spaces", "/search?q=speech", "/bench", model, "/bench/hostile",
        "/datasets/bench/corpus", f"{model}/tree/main", f"{model}/blob/main/README.md", f"{model}/blob/main/README.md?plain=1",
        f"{model}/blob/main/train.py", f"{model}/blob/main/config.json", f"{model}/blob/main/model.safetensors",
        f"{model}/commits/main", *(f"{model}/commit/{sha}" for sha in commits), f"{model}/refs", "/nobody",
    ]  # fmt: skip


@pytest.fixture(scope="session")
def inspect(server: Server, node: Script, browser: str) -> Inspect:
    """``inspect(pages, **options)``: what the browser finds on each page in both themes and languages."""
    script = (HERE / "inspect.mjs").read_text()

    def run(pages: list[str], **options: Any) -> list[dict[str, Any]]:
        asked = {
            "browser": browser,
            "base": server.url,
            "pages": pages,
            "schemes": ["light", "dark"],
            "locales": ["en-US", "zh-CN"],
        }
        found: list[dict[str, Any]] = json.loads(node(script, json.dumps({**asked, **options})))
        return found

    return run


@pytest.fixture(scope="session")
def session(server: Server, pages: list[str]) -> list[dict[str, str]]:
    """The cookie of somebody who has signed in."""
    answer = httpx.post(f"{server.url}/login", data={"name": NAME, "password": PASSWORD})
    return [{"name": SESSION_COOKIE, "value": answer.cookies[SESSION_COOKIE]}]


@pytest.fixture(scope="session")
def run_pages(server: Server, pages: list[str]) -> list[str]:
    """Addresses of the pages of runs, for :data:`OPERATOR`."""
    return asyncio.run(_fill_runs(server))


@pytest.fixture(scope="session")
def operating(server: Server, run_pages: list[str]) -> list[dict[str, str]]:
    """The cookie of the administrator whose runs they are."""
    answer = httpx.post(f"{server.url}/login", data={"name": OPERATOR, "password": PASSWORD})
    return [{"name": SESSION_COOKIE, "value": answer.cookies[SESSION_COOKIE]}]


async def _fill_runs(server: Server) -> list[str]:
    async with await Services.open(Settings(data=server.data)) as services:
        account = await services.accounts.create_user(OPERATOR, password=PASSWORD, is_admin=True)
        owner = Principal(account_id=account.id, name=OPERATOR, is_admin=True, via="internal")
        return await fill_runs(services, owner)


async def _fill(server: Server) -> list[str]:
    async with await Services.open(Settings(data=server.data)) as services:
        owner = await services.accounts.find("bench")
        principal = Principal(account_id=owner.id, name=owner.name, is_admin=True, via="internal")
        await services.accounts.create_user(NAME, password=PASSWORD)
        header = json.dumps({"weight": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}).encode()
        weights = struct.pack("<Q", len(header)) + header + bytes(16)
        code = b"import os\n\n\nclass A(int):\n    '''Text.'''\n\n    @property\n    def b(self) -> str:\n        return f\"{1 + 2.5}\"  # why\n"
        files = {
            "README.md": CARD.encode(),
            "train.py": code,
            "config.json": b'{"a": [1, true, null, "b"]}\n',
            "model.safetensors": weights,
        }
        first = await _publish(services, principal, "model", "speech", files)
        changed = {"train.py": code.replace(b"Text", b"Changed"), "README.md": CARD.replace("bold", "bolder").encode()}
        repository = await services.repositories.open(principal, "model", "bench", "speech")
        second = await services.revisions.commit(repository, principal, "main", _request(changed))
        await services.revisions.create_tag(repository, principal, "v1", "main")
        await _publish(services, principal, "model", "hostile", {"README.md": "\n\n".join(ATTACKS).encode()})
        await _publish(services, principal, "dataset", "corpus", {"README.md": "# 语料\n\n中文说明。\n".encode()})
        mine = await services.accounts.find(NAME)
        own = Principal(account_id=mine.id, name=NAME, via="internal")
        await services.repositories.create(own, "space", NAME, "demo", options={"sdk": "static"})
        return [first, second.sha]


async def _publish(services: Services, principal: Principal, kind: Any, name: str, files: dict[str, bytes]) -> str:
    repository = await services.repositories.create(principal, kind, "bench", name)
    return (await services.revisions.commit(repository, principal, "main", _request(files))).sha


def _request(files: dict[str, bytes]) -> CommitRequest:
    return CommitRequest(
        title="Write files", operations=[AddFile(path=path, content=data) for path, data in files.items()]
    )
