"""The listening port, which can really be shut and opened again."""

import asyncio
import socket
import sys
from typing import Final

from aiohttp import web

BACKLOG: Final = 128


class Door:
    """Serves one application at one address. While shut, connecting is refused and every open connection is cut."""

    def __init__(self, runner: web.AppRunner, *, host: str, port: int) -> None:
        self._runner = runner
        self._host = host
        self._socket = _bound(host, port)
        self._server: asyncio.Server | None = None
        self.port: int = self._socket.getsockname()[1]

    @property
    def is_open(self) -> bool:
        return self._server is not None

    async def open(self) -> None:
        if self._server is None:
            assert self._runner.server is not None, "set up the runner first"
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(self._runner.server, sock=self._socket, backlog=BACKLOG)

    async def shut(self) -> None:
        """Refuse from now on. The port stays ours: a bound socket that does not listen keeps others out."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._socket = _bound(self._host, self.port)
            await self._cut_connections()

    async def close(self) -> None:
        """Refuse for good and give the port back."""
        if self._server is not None:
            self._server.close()
            self._server = None
            await self._cut_connections()
        self._socket.close()

    async def _cut_connections(self) -> None:
        assert self._runner.server is not None
        for connection in tuple(self._runner.server.connections):
            if connection.transport is not None:
                connection.transport.abort()
        # An abort takes effect a turn of the loop later; a client that reuses a connection in between would see a lost
        # answer and not a refusal.
        await asyncio.sleep(0)


def _bound(host: str, port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform != "win32":  # there it would let others take the port away
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    bound.setblocking(False)
    return bound
