"""Something to be said while something else goes on: neither waits for the other for long."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from bot.jobs.book import BookAway

GRACE_S = 10.0

_log = logging.getLogger(__name__)


@asynccontextmanager
async def beside(saying: Coroutine[Any, Any, None] | None) -> AsyncIterator[None]:
    """Run it during the block, and so long after it; what is not said by then has a claim row, and is said or lost."""
    if saying is None:
        yield
        return
    async with asyncio.TaskGroup() as group:
        task = group.create_task(_said(saying))
        yield
        await asyncio.wait({task}, timeout=GRACE_S)
        task.cancel()


async def _said(saying: Coroutine[Any, Any, None]) -> None:
    """The block around it must not end for the sake of a line in a thread."""
    try:
        await saying
    except BookAway:
        _log.warning("no answer from the database: a line in a thread waits for the step's next turn")
