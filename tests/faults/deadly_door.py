"""A door in front of a service: whoever comes with a submit dies on the threshold, before the service hears a byte."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

CHUNK_BYTES = 64 * 1024


class DeadlyDoor:
    """Everything else goes through, byte for byte."""

    def __init__(self, behind: int, strike: Callable[[], None]) -> None:
        self._behind = behind
        self._strike = strike
        self._armed = True
        self.port = 0
        self.struck = 0
        """How many submits knocked and were not let in."""

    @classmethod
    @asynccontextmanager
    async def running(cls, behind: int, *, strike: Callable[[], None]) -> AsyncIterator["DeadlyDoor"]:
        """Guard the port `behind` until the block ends. `strike` is called once, for the first submit."""
        door = cls(behind, strike)
        server = await asyncio.start_server(door._let_in, "127.0.0.1", 0)
        door.port = server.sockets[0].getsockname()[1]
        async with server:
            yield door

    async def _let_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError):
                first = await reader.read(CHUNK_BYTES)
                if self._armed and first.startswith(b"POST "):
                    self._armed = False
                    self._strike()
                    self.struck += 1
                    return
                await self._through(first, reader, writer)
        finally:
            writer.close()

    async def _through(self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._behind)
        try:
            inner_writer.write(first)
            async with asyncio.TaskGroup() as both:
                both.create_task(_poured(reader, inner_writer))
                both.create_task(_poured(inner_reader, writer))
        finally:
            inner_writer.close()


async def _poured(source: asyncio.StreamReader, into: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await source.read(CHUNK_BYTES):
            into.write(chunk)
            await into.drain()
        if into.can_write_eof():
            into.write_eof()
