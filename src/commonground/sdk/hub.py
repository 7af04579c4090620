"""The client: every operation of the API as a method of the same name."""

import io
from types import TracebackType
from typing import IO, Any, Literal, Self, cast

from commonground.sdk import login
from commonground.sdk.accounts import AccountMethods
from commonground.sdk.address import Address
from commonground.sdk.fairseq2 import Fairseq2Methods
from commonground.sdk.fine_tune import FineTuneMethods
from commonground.sdk.folders import FolderMethods
from commonground.sdk.likes import LikeMethods
from commonground.sdk.privacy import PrivacyMethods
from commonground.sdk.reading import BUFFER, RemoteFile, TextUpload, Upload
from commonground.sdk.repositories import RepositoryMethods
from commonground.sdk.runs import RunMethods
from commonground.sdk.schedules import ScheduleMethods
from commonground.sdk.supply_chain import SupplyChainMethods
from commonground.sdk.torch_home import TorchHomeMethods
from commonground.sdk.transport import Transport

Mode = Literal["r", "rb", "w", "wb"]


class Hub(
    TorchHomeMethods,
    Fairseq2Methods,
    FineTuneMethods,
    RepositoryMethods,
    FolderMethods,
    SupplyChainMethods,
    LikeMethods,
    RunMethods,
    ScheduleMethods,
    PrivacyMethods,
    AccountMethods,
):
    """A hub at ``endpoint``, called with ``token``; what is not given comes from ``CG_ENDPOINT`` and ``CG_TOKEN``, then
    from ``commonground login``. Failures are the classes of :mod:`commonground.errors`.
    """

    def __init__(self, endpoint: str | None = None, token: str | None = None, **options: Any) -> None:
        self.endpoint, found = login.find(endpoint, token)
        self._transport = Transport(self.endpoint, found, **options)

    def open(
        self, address: str | Address, mode: Mode = "rb", *, encoding: str = "utf-8", newline: str | None = None
    ) -> IO[Any]:
        """A file of the hub as a file object. Reading fetches ranges; writing makes one commit when it is closed."""
        where = Address.of(address)
        if mode[0] == "w":
            upload = Upload(self, where)
            return cast("IO[Any]", upload if mode == "wb" else TextUpload(upload, encoding, newline))
        reader = io.BufferedReader(RemoteFile(self, where), BUFFER)
        return reader if mode == "rb" else io.TextIOWrapper(reader, encoding=encoding, newline=newline)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        """The hub itself; its connections are closed at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def __repr__(self) -> str:
        return f"Hub({self.endpoint!r})"
