"""What must not stop while the bot runs, and how it is noticed when it does."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from bot.clock import Clock
from bot.slack.sockets import Sockets
from bot.store.engine import Store
from bot.web.health import Question

DEAF_UNREADY_S = 60.0
DEAF_MAX_S = 300.0
DEAF_LOOK_S = 10.0
DATABASE_PATIENCE_S = 2.0


class DeafError(Exception):
    """No connection to Slack for so long that only a new process may help; the supervisor starts one."""


class Ears:
    """Whether Slack can reach us by Socket Mode. Renewals leave short gaps, which are nobody's business."""

    def __init__(self, sockets: Sockets | None, clock: Clock) -> None:
        self._sockets = sockets
        self._clock = clock
        self._heard = False

    async def problem(self) -> str:
        if self._sockets is None or self._sockets.connected:
            self._heard = True
            return ""
        return "" if self._heard and self._deaf_s() < DEAF_UNREADY_S else "no connection to Slack"

    async def run(self) -> None:
        while self._deaf_s() < DEAF_MAX_S:
            await self._clock.sleep(DEAF_LOOK_S)
        raise DeafError(f"no connection to Slack for {DEAF_MAX_S:.0f} s")

    def _deaf_s(self) -> float:
        since = self._sockets.deaf_since if self._sockets is not None else None
        return (self._clock.now() - since).total_seconds() if since is not None else 0.0


class Loops:
    """Work that goes on for as long as the bot runs. One that ends has failed, and the bot with it."""

    def __init__(self, *loops: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._loops = loops
        self._running: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Loops":
        self._running = [asyncio.ensure_future(loop()) for loop in self._loops]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def failed(self) -> None:
        ended, _ = await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            await task


def database_answers(store: Store) -> Question:
    async def problem() -> str:
        try:
            await asyncio.wait_for(store.ping(), timeout=DATABASE_PATIENCE_S)
        except Exception as error:  # noqa: BLE001 - whatever it is, we are not ready, and say so
            return f"does not answer ({type(error).__name__})"
        return ""

    return problem
