"""Time and identity, the two things a test must be able to choose."""

import asyncio
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

NewId = Callable[[], str]


class Clock(Protocol):
    """Wall time in UTC and the waiting that goes with it: one object, so that a virtual clock moves both."""

    def now(self) -> datetime: ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))


async def woken(clock: Clock, event: asyncio.Event, *, within_s: float) -> bool:
    """Wait for the event, at most so long. True: it was set (and is cleared now)."""
    sleeping = asyncio.ensure_future(clock.sleep(within_s))
    waking = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({sleeping, waking}, return_when=asyncio.FIRST_COMPLETED)
        was_set = event.is_set()
        event.clear()
        return was_set
    finally:
        sleeping.cancel()
        waking.cancel()


def new_id() -> str:
    """An opaque id that says nothing and cannot be guessed: 20 hex digits, 80 bits."""
    return secrets.token_hex(10)


_: type[Clock] = SystemClock
