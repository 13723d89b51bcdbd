"""A `bot.clock.Clock` whose time moves only when a test says so.

Code under test talks to real sockets and real database threads, so "nothing more happens at this moment" cannot be
known; it is taken for granted after a few milliseconds in which nobody went to sleep or woke up.
"""

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
QUIET_S = 0.025
"""Real time without a change after which the program counts as waiting."""
QUIET_TURNS = 12
"""So often the program could have gone on meanwhile: on a busy machine one turn of the loop may take all that time."""
PATIENCE_S = 8.0
"""Real time that the program gets when the clock may not move any further."""


class VirtualClock:
    """`now` and `sleep` for the program; `advance`, `until` and `finish` for the test."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._count = itertools.count()
        self._changes = 0

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        self._changes += 1
        waking: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + timedelta(seconds=seconds), next(self._count), waking))
        try:
            await waking
        finally:
            self._changes += 1

    async def advance(self, seconds: float) -> None:
        """Move time on, waking sleepers one moment after the other, each with time to go back to sleep."""
        target = self._now + timedelta(seconds=seconds)
        await self.settle()
        while (at := self._next()) is not None and at <= target:
            self._wake(at)
            await self.settle()
        self._now = target
        await self.settle()

    def leap(self, seconds: float) -> None:
        """Time passes in which nothing here ran: a stopped process, a suspended machine."""
        self._now += timedelta(seconds=seconds)

    async def until(self, holds: Callable[[], object], *, within_s: float = 600) -> None:
        """Move time from sleeper to sleeper until `holds()` is true.

        Time does not move past `within_s`; there the program gets some seconds of real time to finish what is on its
        way, because a slow machine is no reason to fail.
        """
        limit = self._now + timedelta(seconds=within_s)
        waited_since: float | None = None
        while True:
            await self.settle(or_until=holds)
            if holds():
                return
            at = self._next()
            if at is not None and at <= limit:
                self._wake(at)
                waited_since = None
                continue
            real = asyncio.get_running_loop().time()
            waited_since = real if waited_since is None else waited_since
            if real - waited_since > PATIENCE_S:
                raise AssertionError(f"does not hold within {within_s} s of virtual time")

    async def finish(self, work: Awaitable[T], *, within_s: float = 3600) -> T:
        """Run `work` to its end, moving time whenever it waits."""
        running = asyncio.ensure_future(work)
        try:
            await self.until(running.done, within_s=within_s)
            return await running
        finally:
            running.cancel()

    async def settle(self, *, or_until: Callable[[], object] = lambda: False) -> None:
        """Let the program run at this moment until it waits."""
        loop = asyncio.get_running_loop()
        at_work = _threads_at_work(loop)
        seen, since, turns = self._changes, loop.time(), 0
        while (loop.time() - since < QUIET_S or turns < QUIET_TURNS) and not or_until():
            await asyncio.sleep(0.001)
            turns += 1
            if self._changes != seen or at_work:
                seen, since, turns = self._changes, loop.time(), 0

    def _next(self) -> datetime | None:
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    def _wake(self, at: datetime) -> None:
        self._now = max(self._now, at)
        while (due := self._next()) is not None and due <= at:
            waking = heapq.heappop(self._sleepers)[2]
            waking.set_result(None)
        self._changes += 1


def _threads_at_work(loop: asyncio.AbstractEventLoop) -> set[asyncio.Future[Any]]:
    """What the loop's threads are doing: while a commit waits for the disk, the program does not wait for time."""
    known: set[asyncio.Future[Any]] | None = getattr(loop, "threads_at_work", None)
    if known is not None:
        return known
    at_work: set[asyncio.Future[Any]] = set()
    run_in_executor = loop.run_in_executor

    def counted(*args: Any) -> asyncio.Future[Any]:
        working = run_in_executor(*args)
        at_work.add(working)
        working.add_done_callback(at_work.discard)
        return working

    loop.run_in_executor = counted  # type: ignore[method-assign, assignment]
    loop.threads_at_work = at_work  # type: ignore[attr-defined]
    return at_work
