"""A cable between the bot and something else, to be cut in either direction; and a balancer before several bots."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from enum import StrEnum

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Dial = Callable[[], Awaitable[Ends]]


class Way(StrEnum):
    THERE = "there"
    BACK = "back"


class Cable:
    """`swallows`: the directions in which bytes vanish, as in a network that is cut and says nothing."""

    def __init__(self, dial: Dial) -> None:
        self._dial = dial
        self._open: set[asyncio.StreamWriter] = set()
        self.swallows: set[Way] = set()
        self.refuses = False
        self.swallowed = 0
        """Bytes."""
        self.port = 0

    def cut(self) -> None:
        """Every connection breaks, and none comes about until `mend`."""
        self.refuses = True
        for writer in self._open:
            writer.transport.abort()

    def mend(self) -> None:
        """New connections are good. Those that lost bytes are of no use to anybody and break."""
        self.refuses = False
        if self.swallowed:
            self.cut()
            self.refuses = False
        self.swallows.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuses:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await self._dial()
        except OSError:
            writer.transport.abort()
            return
        both = {writer, far_writer}
        self._open |= both
        try:
            async with asyncio.TaskGroup() as ways:
                ways.create_task(self._carry(Way.THERE, reader, far_writer))
                ways.create_task(self._carry(Way.BACK, far_reader, writer))
        finally:
            self._open -= both
            for each in both:
                each.transport.abort()

    async def _carry(self, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while some := await reader.read(65536):
                if way in self.swallows:
                    self.swallowed += len(some)
                    continue
                writer.write(some)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def a_cable(dial: Dial) -> AsyncIterator[Cable]:
    cable = Cable(dial)
    server = await asyncio.start_server(cable.serve, "127.0.0.1", 0)
    cable.port = int(server.sockets[0].getsockname()[1])
    try:
        yield cable
    finally:
        server.close()
        cable.cut()


def to_port(port: int) -> Dial:
    return lambda: asyncio.open_connection("127.0.0.1", port)


def to_socket(path: str) -> Dial:
    return lambda: asyncio.open_unix_connection(path)


class Balancer:
    """Round and round among those that say they are ready; looks at that every `look_s`."""

    def __init__(self, ports: Sequence[int], ready: Callable[[int], Awaitable[bool]]) -> None:
        self._ready = ready
        self._ports = ports
        self._turn = itertools.count()
        self.good: list[int] = []
        self.sent: list[int] = []
        """To which port each connection went."""

    async def dial(self) -> Ends:
        if not self.good:
            raise ConnectionRefusedError
        port = self.good[next(self._turn) % len(self.good)]
        self.sent.append(port)
        return await asyncio.open_connection("127.0.0.1", port)

    async def watch(self, look_s: float = 0.2) -> None:
        while True:
            answers = await asyncio.gather(*map(self._ready, self._ports))
            self.good = [port for port, is_ready in zip(self._ports, answers, strict=True) if is_ready]
            await asyncio.sleep(look_s)
