"""The routes of the gateway over real services, with callers who sign as botocore signs."""

import asyncio
import atexit
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import httpx
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from commonground.accounts.access_keys import AccessKey
from commonground.accounts.model import Credentials as Given
from commonground.accounts.model import Principal, TokenRole
from commonground.gateways.s3.callers import PURPOSE
from commonground.gateways.s3.gateway import S3Gateway
from commonground.http.application import Application
from commonground.http.routing import Router
from commonground.services import Services
from commonground.settings import Settings

URL = "http://hub.test"
NS = "{http://s3.amazonaws.com/doc/2006-03-01/}"
BUCKET = "alice.bert"


class _Signer(S3SigV4Auth):  # type: ignore[misc]
    """Signs what the caller says of the body, if they say something."""

    def _modify_request_before_signing(self, request: AWSRequest) -> None:
        self._said = request.headers.get("x-amz-content-sha256")
        super()._modify_request_before_signing(request)

    def payload(self, request: AWSRequest) -> str:
        return self._said or str(super().payload(request))


class User:
    """A caller. ``key`` is empty for an anonymous one."""

    def __init__(self, transport: httpx.AsyncBaseTransport, principal: Principal | None, key: AccessKey | None) -> None:
        self.principal, self.key = principal, key
        self._http = httpx.AsyncClient(transport=transport, base_url=URL)

    async def __call__(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """A request to ``path`` (already quoted) below the endpoint, signed in its headers."""
        signed = self.signed(method, path, body, headers) if self.key else dict(headers or {})
        return await self._http.request(method, f"{URL}/s3{path}", content=body, headers=signed)

    def signed(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """The headers of a signed request."""
        request = AWSRequest(method, f"{URL}/s3{path}", data=body, headers={"Host": "hub.test", **(headers or {})})
        _Signer(self._credentials(), "s3", "us-east-1").add_auth(request)
        return dict(request.headers.items())

    def presigned(self, method: str, path: str, expires: int = 60) -> str:
        """A signed address."""
        request = AWSRequest(method, f"{URL}/s3{path}")
        S3SigV4QueryAuth(self._credentials(), "s3", "us-east-1", expires=expires).add_auth(request)
        return str(request.url)

    async def raw(self, method: str, url: str | httpx.URL, **given: Any) -> httpx.Response:
        """Any request, unsigned."""
        return await self._http.request(method, url, **given)

    def _credentials(self) -> Credentials:
        assert self.key is not None
        return Credentials(self.key.id, self.key.secret)


class Hub:
    """A running gateway: ``alice`` owns :data:`BUCKET`, ``bob`` is a stranger, ``nobody`` is anonymous."""

    def __init__(self, services: Services) -> None:
        self.services = services
        application = Application(Router(S3Gateway(services).routes()))
        self._transport = httpx.ASGITransport(app=application)
        self.nobody = User(self._transport, None, None)

    async def user(self, name: str, role: TokenRole = "write") -> User:
        """A caller with a new token of the account, which is made if there is none."""
        known = await self.services.database.read(
            lambda c: c.exec_driver_sql("SELECT name FROM account").scalars().all()
        )
        if name not in known:
            await self.services.accounts.create_user(name)
        account = await self.services.accounts.find(name)
        text = await self.services.accounts.create_token(account.id, name="test", role=role)
        principal = await self.services.accounts.authenticate(Given("bearer", secret=text))
        return User(self._transport, principal, await self.services.access_keys.issue(principal, PURPOSE))

    async def start(self, visibility: Any = "public") -> None:
        """Make the accounts and the bucket."""
        self.alice, self.bob = await self.user("alice"), await self.user("bob")
        assert self.alice.principal is not None
        create = self.services.repositories.create
        self.repository = await create(self.alice.principal, "model", "alice", "Bert", visibility=visibility)

    async def commits(self) -> list[str]:
        """The titles of the commits of the default branch, newest first."""
        page = await self.services.revisions.history(self.repository, "main", limit=100)
        return [commit.title for commit in page.items]

    async def head(self) -> str:
        """The commit of the default branch."""
        return await self.services.revisions.resolve(self.repository, "main")

    async def put(self, key: str, body: bytes = b"x", bucket: str = BUCKET) -> httpx.Response:
        """Write an object as alice."""
        answer = await self.alice("PUT", f"/{bucket}/{quote(key)}", body)
        assert answer.status_code == 200, answer.text
        return answer


@cache
def _prepared() -> Path:
    """A data directory with a database, made once."""

    async def prepare() -> None:
        async with await Services.open(Settings(data=place)):
            pass

    place = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    with ThreadPoolExecutor(1) as elsewhere:  # a loop is running here
        elsewhere.submit(asyncio.run, prepare()).result()
    return place


@asynccontextmanager
async def running(folder: Path, visibility: str = "public", **settings: Any) -> AsyncIterator[Hub]:
    """A gateway on an empty data directory."""
    shutil.copytree(_prepared(), folder, dirs_exist_ok=True)
    async with await Services.open(Settings(data=folder, **settings)) as services:
        hub = Hub(services)
        await hub.start(visibility)
        yield hub


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Status and S3's code of a failure, whose document is whole."""
    assert answer.headers["content-type"] == "application/xml"
    root = ET.fromstring(answer.content)
    assert root.tag == "Error", answer.text
    assert root.findtext("Message")
    assert root.findtext("Resource")
    assert root.findtext("RequestId") == answer.headers["x-request-id"]
    return answer.status_code, root.findtext("Code") or ""


def document(answer: httpx.Response) -> ET.Element:
    """The document of a success."""
    assert answer.status_code == 200, answer.text
    root = ET.fromstring(answer.content)
    assert root.tag.startswith(NS)
    return root


def texts(answer: httpx.Response, path: str) -> list[str]:
    """The texts of all elements at ``path``, as in ``Contents/Key``."""
    found = document(answer).findall("/".join(f"{NS}{name}" for name in path.split("/")))
    return [element.text or "" for element in found]
