"""An event that Slack repeats is answered by one process, whichever it reaches; for as long as Slack repeats."""

import asyncio
from contextlib import closing

from virtual_clock import VirtualClock

from bot.store.engine import Store, open_engine, opened_store
from bot.store.events import KEPT, StoredEvents


async def test_of_two_processes_one_is_first(database_url: str) -> None:
    clock = VirtualClock()
    async with opened_store(database_url) as one:
        with closing(Store(open_engine(database_url, busy_timeout_ms=5000), writer_threads=1)) as two:
            for number in range(10):
                asked = [StoredEvents(each, clock=clock).is_new("T1", f"E{number}") for each in (one, two)]
                assert sorted(await asyncio.gather(*asked)) == [False, True]
            assert await StoredEvents(two, clock=clock).is_new("T2", "E1")


async def test_it_is_forgotten_when_slack_repeats_no_more(database_url: str) -> None:
    clock = VirtualClock()
    async with opened_store(database_url) as store:
        events = StoredEvents(store, clock=clock)
        assert await events.is_new("T1", "E1")
        clock.leap(KEPT.total_seconds() - 1)
        assert not await events.is_new("T1", "E1")
        clock.leap(2)
        assert await events.is_new("T1", "E1")
