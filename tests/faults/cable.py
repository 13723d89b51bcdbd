"""A cable between the bot and something else, to be cut in either direction; and a balancer before several bots."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from enum import StrEnum

from faults.replicas import Replica

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
        self.port = 0

    def cut(self) -> None:
        """Every connection breaks, and none comes about until `mend`."""
        self.refuses = True
        for writer in self._open:
            writer.transport.abort()

    def hang_up(self) -> None:
        """Every connection breaks; new ones are welcome."""
        self.cut()
        self.refuses = False

    def mend(self) -> None:
        """New connections are good. Old ones lost bytes, are of no use to anybody, and break."""
        self.hang_up()
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
                if way not in self.swallows:
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
    """Round and round among those that say they are ready."""

    def __init__(self, replicas: Sequence[Replica]) -> None:
        self._replicas = replicas
        self._turn = itertools.count()
        self.good: list[Replica] = []
        self.sent: list[Replica] = []
        """Where each connection went."""

    async def dial(self) -> Ends:
        if not self.good:
            raise ConnectionRefusedError
        replica = self.good[next(self._turn) % len(self.good)]
        self.sent.append(replica)
        return await asyncio.open_connection("127.0.0.1", replica.port)

    async def watch(self, *, left: Callable[[], None], look_s: float = 0.2) -> None:
        """Ask everybody again and again. `left` is called when one is not ready any more."""
        while True:
            answers = await asyncio.gather(*(each.readiness() for each in self._replicas))
            before = self.good
            self.good = [each for each, (status, _) in zip(self._replicas, answers, strict=True) if status == 200]
            if not set(before) <= set(self.good):
                left()
            await asyncio.sleep(look_s)
