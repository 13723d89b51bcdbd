"""Walking back through a service's numbered list of renders, so that an absence in it can be believed."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from bot.clock import Clock
from bot.providers.base import FoundRender
from bot.providers.errors import CapacityFailed

PAGES_MAX: Final = 50
SUBMIT_LASTS: Final = timedelta(minutes=15)
"""Above the deadline of any submit, its upload and twice five minutes by which clocks may differ."""
Page = Callable[[int], Awaitable[tuple[list[FoundRender], int]]]
"""From a page's number, 1 first, to what it shows and how many renders the service says that there are in all."""


async def found_since(since: datetime, page: Page) -> list[FoundRender]:
    """Every listed render accepted since then. Stops early only where the list was seen to go from new to old.

    Raises:
        CapacityFailed: the list cannot prove an absence: it goes in circles, has no end, or ends before its own count.
    """
    found: dict[str, FoundRender] = {}
    for number in range(1, PAGES_MAX + 1):
        shown, total = await page(number)
        new = {each.ref.render_id: each for each in shown if each.ref.render_id not in found}
        if not new and len(found) < total:
            raise CapacityFailed("the list of renders goes in circles or ends before its own count")
        found |= new
        if len(found) >= total or goes_back_past(since, list(found.values())):
            return [each for each in found.values() if each.created_at is None or each.created_at >= since]
    raise CapacityFailed(f"the list of renders goes on after {PAGES_MAX} pages")


def must_remember(since: datetime, clock: Clock, retention_s: float) -> None:
    """Refuse to search a list that has forgotten by now what it is asked for.

    Raises:
        CapacityFailed: a render of that time would be missing from it although it was made, and perhaps paid for.
    """
    if clock.now() - since > timedelta(seconds=retention_s):
        raise CapacityFailed("the list keeps renders too short a time to tell")


def could_be_lost(found: FoundRender, since: datetime) -> bool:
    """Whether a listed render may be the one whose submit is in doubt since then. What came later is somebody else's,
    so that a busy account does not keep a doubt open for ever.
    """
    return found.created_at is None or found.created_at <= since + SUBMIT_LASTS


def goes_back_past(since: datetime, found: list[FoundRender]) -> bool:
    """Whether a list, read so far, was seen to go from new to old and has come to what is older than `since`."""
    times = [each.created_at for each in found if each.created_at is not None]
    if len(times) < len(found) or not times or times[0] == times[-1]:
        return False
    return times[-1] < since and times == sorted(times, reverse=True)
