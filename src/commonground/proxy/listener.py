"""Listening on this machine, and on this machine only."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Self, TypeAlias

import h11

from commonground.errors import CommongroundError, InvalidSetting
from commonground.proxy.connection import Connection
from commonground.telemetry import logger

Serve: TypeAlias = Callable[[Connection], Awaitable[None]]

LOOPBACK = "127.0.0.1"
CONNECTIONS = 256
"""Most clients served at a time; others wait."""


class Listener:
    """``async with Listener(serve, port) as listener``: every connection is handed to ``serve`` and closed behind it.

    Port 0 takes any free one. :class:`InvalidSetting` for a port that cannot be had.
    """

    def __init__(self, serve: Serve, port: int) -> None:
        self._serve, self.port = serve, port
        self._places = asyncio.Semaphore(CONNECTIONS)
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        """Begin to listen."""
        try:
            self._server = await asyncio.start_server(self._accept, LOOPBACK, self.port)
        except (OSError, OverflowError) as error:
            raise InvalidSetting(name="port", reason=f"{LOOPBACK}:{self.port}: {error}") from None
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()

    @property
    def address(self) -> str:
        """Where clients reach it."""
        return f"http://{LOOPBACK}:{self.port}"

    async def forever(self) -> None:
        """Serve until cancelled."""
        assert self._server is not None
        await self._server.serve_forever()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer)
        async with self._places:
            try:
                await self._serve(connection)
            except (OSError, TimeoutError, h11.ProtocolError) as error:  # of ssl, too: its errors are OSErrors
                logger().info("a local client went away", error=str(error) or type(error).__name__)
            except CommongroundError as error:
                logger().warning("a local client was cut off", error=str(error), code=error.code)
            finally:
                connection.writer.close()
