"""News of the workspace as they happen, for the page and for tests that wait for something."""

import asyncio
from collections.abc import AsyncIterator, Callable

from bot.demo.slack.workspace import Json


class Changes:
    """One listener's stream. It holds everything since it was asked for; `aclose` ends it."""

    def __init__(self, leave: Callable[["Changes"], None]) -> None:
        self._queue: asyncio.Queue[Json | None] = asyncio.Queue()
        self._leave = leave

    def put(self, event: Json | None) -> None:
        self._queue.put_nowait(event)

    def __aiter__(self) -> AsyncIterator[Json]:
        return self

    async def __anext__(self) -> Json:
        event = await self._queue.get()
        if event is None:
            raise StopAsyncIteration
        return event

    async def aclose(self) -> None:
        self._leave(self)
        self.put(None)


class Feed:
    def __init__(self) -> None:
        self._listeners: list[Changes] = []
        self._moved = asyncio.Event()

    def listen(self) -> Changes:
        changes = Changes(self._drop)
        self._listeners.append(changes)
        return changes

    def tell(self, type: str, **more: object) -> None:
        for listener in self._listeners:
            listener.put({"type": type, **more})
        self.wake()

    def wake(self) -> None:
        """Something changed that is no news for a screen: a call, a delivery, a connection."""
        self._moved.set()
        self._moved = asyncio.Event()

    def close(self) -> None:
        for listener in tuple(self._listeners):
            listener.put(None)
        self._listeners.clear()

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait, without asking again and again, until `holds()`; it is looked at after each change."""
        while not holds():
            await self._moved.wait()

    def _drop(self, changes: Changes) -> None:
        if changes in self._listeners:
            self._listeners.remove(changes)
