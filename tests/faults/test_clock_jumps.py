"""The machine's clock is set while videos are under way; what sleeps is not woken by that."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from e2e.town import Town, a_town

from bot.clock import SystemClock
from bot.demo.videos.faults import StickRender


class SetClock(SystemClock):
    """Real time, off by what somebody set it to; sleeping goes by the machine's own ticks."""

    def __init__(self) -> None:
        self.off = timedelta()

    def now(self) -> datetime:
        return super().now() + self.off


@pytest.mark.parametrize("off_s", [600, -8], ids=["ten minutes ahead", "eight seconds back"])
async def test_the_clock_is_set_with_a_render_under_way(tmp_path: Path, off_s: int) -> None:
    clock = SetClock()
    async with a_town(tmp_path, clock=clock) as town:
        town.videos.faults.add("create", StickRender())
        await town.sora("a corgi surfing --4s")
        await town.until(lambda: any("Making" in each.text for each in town.cards()))
        clock.off = timedelta(seconds=off_s)
        await town.sora("a second corgi --4s")
        await asyncio.sleep(0.5)
        town.videos.accepted[0].may_finish.set()
        await town.until(lambda: _done(town) == 2, within_s=30)
        assert (len(town.videos.accepted), len(town.films()), len(town.cards())) == (2, 2, 2)
        assert town.ledger_is_exact()
        clock.off = timedelta()
        await town.sora("a third corgi --4s")
        await town.until(lambda: _done(town) == 3, within_s=30)
        assert (len(town.videos.accepted), len(town.films()), len(town.cards())) == (3, 3, 3)
        assert town.ledger_is_exact()


def _done(town: Town) -> int:
    return sum("Done" in each.text for each in town.cards())
