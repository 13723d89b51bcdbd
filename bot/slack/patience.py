"""Repeating calls that may be repeated, while Slack is too busy or away."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from bot.clock import Clock
from bot.slack.failures import NotSent, OutcomeUnknown, TryLater

T = TypeVar("T")

PATIENCE = timedelta(minutes=30)
BACKOFF_MAX_S = 60.0
UNREACHABLE = "unreachable"


async def patiently(clock: Clock, work: Callable[[], Awaitable[T]]) -> T:
    """Only for work that may be done twice.

    Raises:
        SlackFailure: a clear answer, or after half an hour `NotSent` with the code `UNREACHABLE`.
    """
    wait_s, until = 1.0, clock.now() + PATIENCE
    while True:
        try:
            return await work()
        except TryLater as busy:
            pause_s = busy.retry_after_s
        except (NotSent, OutcomeUnknown) as away:
            if clock.now() >= until:
                raise NotSent(away.method, UNREACHABLE) from away
            pause_s, wait_s = wait_s, min(wait_s * 2, BACKOFF_MAX_S)
        await clock.sleep(pause_s)
