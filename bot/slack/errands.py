"""Work that outlives the listener which began it: owned, waited for at the end, and never silently lost."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, TypeVar

T = TypeVar("T")

GRACE_S = 6.0


class Errands:
    """`async with Errands() as errands:` around the surface's life. Leaving waits `grace_s`, then cancels."""

    def __init__(self, *, grace_s: float = GRACE_S) -> None:
        self._grace_s = grace_s
        self._group = asyncio.TaskGroup()
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Begin it now. Whoever awaits the task gets its error; nobody else's work suffers from it."""
        task = asyncio.ensure_future(work)
        self._group.create_task(_ended(task))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def __aenter__(self) -> "Errands":
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running:
            await asyncio.wait(set(self._running), timeout=self._grace_s)
        for task in self._running:
            task.cancel()
        await self._group.__aexit__(kind, error, trace)


async def _ended(task: "asyncio.Task[Any]") -> None:
    """Own it without sharing its error: in a group of tasks one failure would end all."""
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()  # looked at, so that asyncio does not complain that nobody did
