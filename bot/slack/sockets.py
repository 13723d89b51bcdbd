"""Socket Mode: two connections, so that renewing one leaves no gap, and a watch over both.

The client can go deaf for ever: when Slack refuses a used or expired address it tries the same one again and again and
raises nothing (slack facts section 14, measured 2026-11-21 with slack_sdk 3.47.0). Forgetting the address cures it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp

from bot.clock import Clock

_log = logging.getLogger(__name__)

CONNECTIONS = 2
LOOK_EVERY_S = 10.0
MISSES_MAX = 3


class Sockets:
    """`connected` is for readiness; `deaf_since` says since when there has been no connection at all."""

    def __init__(
        self,
        app: AsyncApp,
        *,
        app_token: str,
        clock: Clock,
        connections: int = CONNECTIONS,
        ping_interval_s: float = 10,
    ) -> None:
        self._clock = clock
        self._handlers = [
            AsyncSocketModeHandler(app, app_token=app_token, logger=_quiet(), ping_interval=ping_interval_s)
            for _ in range(connections)
        ]
        self._misses = [0] * connections
        self._connected = [False] * connections
        self.deaf_since: datetime | None = clock.now()

    @property
    def connected(self) -> bool:
        return any(self._connected)

    async def look(self) -> None:
        """One round of the watch: who is connected, and who has to ask Slack for a new address."""
        for index, handler in enumerate(self._handlers):
            alive = await handler.client.is_connected()
            self._connected[index] = alive
            self._misses[index] = 0 if alive else self._misses[index] + 1
            if self._misses[index] >= MISSES_MAX:
                handler.client.wss_uri = None
                self._misses[index] = 0
                _log.warning("a Slack connection asks for a new address", extra={"connection": index})
        if self.connected:
            self.deaf_since = None
        elif self.deaf_since is None:
            self.deaf_since = self._clock.now()

    async def connect(self, index: int) -> None:
        """Keeps trying until it is connected; never raises."""
        await self._handlers[index].connect_async()  # type: ignore[no-untyped-call]
        self._connected[index] = True
        self.deaf_since = None

    async def watch(self) -> None:
        while True:
            await self._clock.sleep(LOOK_EVERY_S)
            await self.look()

    async def close(self) -> None:
        for handler in self._handlers:
            await handler.close_async()  # type: ignore[no-untyped-call]

    def __len__(self) -> int:
        return len(self._handlers)


@asynccontextmanager
async def opened_sockets(
    app: AsyncApp, *, app_token: str, clock: Clock, connections: int = CONNECTIONS, ping_interval_s: float = 10
) -> AsyncIterator[Sockets]:
    """Connected as soon as Slack answers; closed, before anything else stops, on leaving."""
    sockets = Sockets(app, app_token=app_token, clock=clock, connections=connections, ping_interval_s=ping_interval_s)
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(sockets.connect(index)) for index in range(len(sockets))]
        running.append(tasks.create_task(sockets.watch()))
        try:
            yield sockets
        finally:
            for task in running:
                task.cancel()
            await sockets.close()


def _quiet() -> logging.Logger:
    """The client logs whole envelopes at DEBUG, prompts included, and addresses with their ticket when one fails."""
    logger = logging.getLogger("bot.slack.socket_client")
    logger.setLevel(logging.CRITICAL)
    return logger
