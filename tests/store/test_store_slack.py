"""The surface's rows on both databases: every right is given once."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, col

from bot.jobs.model import JobState
from bot.slack.pacing import next_errand
from bot.slack.ports import CardState, DeliveryState, PosterState, Shown, TellingState
from bot.store.cards import StoredCards
from bot.store.deliveries import StoredDeliveries, StoredTellings
from bot.store.engine import Store, open_engine
from bot.store.job_rows import job_of, write_job
from bot.store.locking import locked_one
from bot.store.tables.jobs import JobRow
from bot.store.tables.slack import CardRow

WANTED = {"model": None, "model_class": "fast", "length_s": 4, "shape": "wide", "resolution": "720p", "audio": None}
WANTED |= {"seed": None, "picture_id": None, "picture_fit": "whole", "parent_job_id": None, "avoided": []}
NOW = datetime(2026, 11, 21, 10, 0, 0, 123456, tzinfo=UTC)
SHOWN = Shown(version=3, hash="abc", at=NOW)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Store]:
    engine = open_engine(url, busy_timeout_ms=5000)
    SQLModel.metadata.create_all(engine)
    store = Store(engine, writer_threads=4)
    try:
        await add_job(store, "j1")
        yield store
    finally:
        store.close()


async def add_job(store: Store, job_id: str, **columns: Any) -> None:
    row = JobRow(
        **{
            "id": job_id,
            "team_id": "T1",
            "number": int(job_id[1:]),
            "order_key": job_id,
            "user_id": "U1",
            "slack_channel_id": "C1",
            "prompt": "p",
            "prompt_hash": "h",
            "wanted": WANTED,
            "state": JobState.RENDERING.value,
            "state_since": NOW,
            "created_at": NOW,
            "held_usd_micros": 1,
            "catalogue_version": "1",
            **columns,
        }
    )
    await store.write(lambda session: session.add(row))


async def posted_card(cards: StoredCards, job_id: str = "j1") -> None:
    await cards.owe(job_id, "T1", "C1", None)
    assert await cards.intend(job_id, was=CardState.OWED, at=NOW)
    await cards.posted(job_id, slack_channel_id="C1", ts="1.1", thread_ts=None, shown=SHOWN)


async def test_one_of_many_may_post(database_url: str) -> None:
    async with opened(database_url) as store:
        cards = StoredCards(store)
        await asyncio.gather(*(cards.owe("j1", "T1", "C1", None) for _ in range(8)))
        won = await asyncio.gather(*(cards.intend("j1", was=CardState.OWED, at=NOW) for _ in range(8)))
        assert sum(won) == 1
        card = await cards.card("j1")
        assert card is not None
        assert (card.posts, card.intent_at) == (1, NOW)


async def test_a_post_that_was_never_made_costs_nothing(database_url: str) -> None:
    async with opened(database_url) as store:
        cards = StoredCards(store)
        await cards.owe("j1", "T1", "C1", "1.0")
        await cards.intend("j1", was=CardState.OWED, at=NOW)
        await cards.unsent("j1", back_to=CardState.OWED)
        card = await cards.card("j1")
        assert card is not None
        assert (card.state, card.posts, card.thread_ts) == (CardState.OWED, 0, "1.0")


async def test_a_late_answer_beats_doubt_but_not_a_settled_card(database_url: str) -> None:
    async with opened(database_url) as store:
        cards = StoredCards(store)
        await cards.owe("j1", "T1", "C1", None)
        await cards.intend("j1", was=CardState.OWED, at=NOW)
        await cards.lost("j1")
        await cards.posted("j1", slack_channel_id="C1", ts="1.1", thread_ts=None, shown=SHOWN)
        assert not await cards.adopt("j1", "C1", "9.9")
        await cards.lost("j1")
        card = await cards.card("j1")
        assert card is not None
        assert (card.state, card.ts) == (CardState.POSTED, "1.1")


@pytest.mark.parametrize(
    ("columns", "shown", "expected"),
    [
        ({"state": "rendering", "version": 3}, SHOWN, True),
        ({"state": "delivered", "version": 3}, SHOWN, False),
        ({"state": "delivered", "version": 4}, SHOWN, True),
        ({"state": "failed", "version": 1}, SHOWN, False),
    ],
)
async def test_open_cards_are_those_with_something_left_to_show(
    database_url: str, columns: dict[str, Any], shown: Shown, expected: bool
) -> None:
    async with opened(database_url) as store:
        cards = StoredCards(store)
        await add_job(store, "j2", **columns)
        await posted_card(cards, "j2")
        await cards.shown("j2", shown, final_repeat_at=None)
        assert await open_jobs(cards, "T1") == (["j2"] if expected else [])
        assert await cards.teams() == (["T1"] if expected else [])
        assert await open_jobs(cards, "T2") == []


async def test_an_end_to_be_repeated_keeps_its_card_open(database_url: str) -> None:
    async with opened(database_url) as store:
        cards = StoredCards(store)
        await add_job(store, "j2", state="delivered", version=3)
        await posted_card(cards, "j2")
        await cards.shown("j2", SHOWN, final_repeat_at=NOW + timedelta(seconds=45))
        [open_card] = (await cards.open("T1")).cards
        assert open_card.ended
        await cards.taken_away("j2")
        assert await open_jobs(cards, "T1") == []


@pytest.mark.parametrize("seed", range(4))
async def test_the_most_urgent_card_is_among_the_few_that_are_looked_at(database_url: str, seed: int) -> None:
    """Behind a Slack that was away thousands of cards wait: not all are read for each edit."""
    chance = random.Random(seed)
    async with opened(database_url) as store:
        cards, all_of_them = StoredCards(store, looked_at_max=2), StoredCards(store, looked_at_max=1000)
        for number in range(60):
            state = chance.choice(["rendering", "delivered", "failed"])
            await add_job(store, f"j{number + 100}", state=state, version=chance.choice([3, 4]))
            await a_card_somewhere(cards, f"j{number + 100}", chance)
        seen: list[str] = []
        for _ in range(20):
            now = NOW + timedelta(seconds=chance.uniform(0, 300))
            few, every = await cards.open("T1", aside=seen), await all_of_them.open("T1", aside=seen)
            assert few.unended == every.unended
            best = next_errand(every.cards, unended=every.unended, now=now)
            errand = next_errand(few.cards, unended=few.unended, now=now)
            assert best is not None
            assert errand is not None
            assert errand.urgency == best.urgency
            seen.append(errand.card.card.job_id)
        assert len(few.cards) < len(every.cards)


async def test_a_pause_outlives_the_process(database_url: str) -> None:
    async with opened(database_url) as store:
        cards = StoredCards(store)
        until = NOW + timedelta(seconds=30)
        await cards.lease("T1", "a", now=NOW, until=until, at_once=True)
        await cards.pause("T1", until=until)
        lease = await cards.lease("T1", "b", now=NOW, until=until, at_once=True)
        assert lease is not None
        assert (lease.paused_until, lease.taken_over_at) == (until, NOW)


async def test_one_lease_among_many_that_ask(database_url: str) -> None:
    async with opened(database_url) as store:
        cards = StoredCards(store)
        until = NOW + timedelta(seconds=30)
        asked = (cards.lease("T1", f"p{n}", now=NOW, until=until, at_once=False) for n in range(8))
        assert sum(lease is not None for lease in await asyncio.gather(*asked)) == 1


async def test_the_poster_is_begun_once(database_url: str) -> None:
    async with opened(database_url) as store:
        cards = StoredCards(store)
        await posted_card(cards)
        assert [await cards.begin_poster("j1"), await cards.begin_poster("j1")] == [True, False]
        await cards.poster("j1", PosterState.READY, "F1")
        assert not await cards.begin_poster("j1")


async def test_a_delivery_is_one_row_per_visit_and_place(database_url: str) -> None:
    async with opened(database_url) as store:
        deliveries = StoredDeliveries(store)

        async def want(since: datetime = NOW, channel: str = "C1") -> int:
            wanted = await deliveries.want(
                job_id="j1", team_id="T1", since=since, slack_channel_id=channel, thread_ts="1.1"
            )
            return wanted.id

        first = await want()
        assert await want() == first
        assert await want(channel="D1") != first
        assert await want(since=NOW + timedelta(microseconds=1)) != first
        assert (await deliveries.of_job("j1"))[0].since == NOW


async def test_moves_are_compared_with_state_and_file(database_url: str) -> None:
    async with opened(database_url) as store:
        deliveries = StoredDeliveries(store)
        wanted = await deliveries.want(job_id="j1", team_id="T1", since=NOW, slack_channel_id="C1", thread_ts=None)
        assert await deliveries.granted(wanted, "F1")
        assert not await deliveries.granted(wanted, "F2")
        [granted] = await deliveries.of_job("j1")
        assert (granted.state, granted.file_id, granted.grants) == (DeliveryState.GRANTED, "F1", 1)
        assert await deliveries.granted(granted, "F2")
        assert not await deliveries.moved(granted, DeliveryState.UPLOADED)
        [granted] = await deliveries.of_job("j1")
        assert await deliveries.moved(granted, DeliveryState.UPLOADED)
        [uploaded] = await deliveries.of_job("j1")
        won = [await deliveries.moved(uploaded, DeliveryState.COMPLETING, at=NOW) for _ in range(3)]
        assert won == [True, False, False]
        [completing] = await deliveries.of_job("j1")
        assert completing.completing_at == NOW


async def test_a_telling_is_begun_once_unless_it_was_not_sent(database_url: str) -> None:
    async with opened(database_url) as store:
        tellings = StoredTellings(store)
        assert (await tellings.telling("j1", "end")).state is TellingState.OWED
        won = await asyncio.gather(*(tellings.begin("j1", "T1", "end", at=NOW) for _ in range(6)))
        assert sum(won) == 1
        await tellings.ended("j1", "end", TellingState.OWED)
        assert await tellings.begin("j1", "T1", "end", at=NOW)
        await tellings.ended("j1", "end", TellingState.SENT, slack_channel_id="D1")
        assert not await tellings.begin("j1", "T1", "end", at=NOW)
        told = await tellings.telling("j1", "end")
        assert (told.state, told.slack_channel_id) == (TellingState.SENT, "D1")


async def test_rows_are_of_jobs_that_exist(database_url: str) -> None:
    async with opened(database_url) as store:
        with pytest.raises(sa.exc.IntegrityError):
            await StoredCards(store).owe("j9", "T1", "C1", None)


async def test_a_card_that_shows_the_end_is_not_looked_at_until_somebody_changes_its_job(database_url: str) -> None:
    async with opened(database_url) as store:
        cards = StoredCards(store)
        await posted_card(cards)
        await ended(store, version=7)
        await cards.shown("j1", replace(SHOWN, version=7), final_repeat_at=NOW)
        assert (await resting(store), await open_jobs(cards, "T1")) == ([], ["j1"])
        await cards.shown("j1", replace(SHOWN, version=7), final_repeat_at=None)
        assert (await resting(store), await open_jobs(cards, "T1"), await cards.teams()) == (["j1"], [], [])
        await ended(store, version=8)
        assert await open_jobs(cards, "T1") == ["j1"]


async def test_a_change_that_comes_while_the_end_is_being_noted_is_shown(database_url: str) -> None:
    async with opened(database_url) as store:
        cards = StoredCards(store)
        await posted_card(cards)
        for version in range(7, 27, 2):
            await ended(store, version=version)
            noted = cards.shown("j1", replace(SHOWN, version=version), final_repeat_at=None)
            await asyncio.gather(noted, ended(store, version=version + 1))
            assert [each.version for each in (await cards.open("T1")).cards] == [version + 1]


async def test_years_of_cards_are_not_looked_through_for_one_edit(tmp_path: Path) -> None:
    async with opened(f"sqlite:///{tmp_path}/sora.sqlite") as store:
        seen: list[tuple[str, Any]] = []

        @sa.event.listens_for(store.engine, "before_cursor_execute")
        def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
            seen.append((statement, parameters))

        await StoredCards(store).open("T1")
        await StoredCards(store).teams()
        with store.engine.connect() as connection:
            for statement, parameters in [each for each in seen if "card" in each[0]]:
                plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
                assert [step for step in plan if "card_open" in step], plan
                scanned = [step.split()[1] for step in plan if step.startswith("SCAN ") and "card_open" not in step]
                assert not {"card", "job"} & set(scanned), plan


async def open_jobs(cards: StoredCards, team_id: str) -> list[str]:
    return [each.card.job_id for each in (await cards.open(team_id)).cards]


async def a_card_somewhere(cards: StoredCards, job_id: str, chance: random.Random) -> None:
    """In one of the states that a card can be in, at its own time."""
    at = NOW - timedelta(seconds=chance.uniform(0, 200))
    await cards.owe(job_id, "T1", "C1", None)
    await cards.intend(job_id, was=CardState.OWED, at=at)
    fate = chance.choice(["intent", "unknown", "gone", "repeat", "posted", "posted"])
    if fate == "unknown":
        await cards.lost(job_id)
    if fate in {"intent", "unknown"}:
        return
    shown = replace(SHOWN, version=3, at=at)
    await cards.posted(job_id, slack_channel_id="C1", ts="1.1", thread_ts=None, shown=shown)
    if fate == "gone":
        await cards.gone(job_id, "1.1")
    if fate == "repeat":
        await cards.shown(job_id, shown, final_repeat_at=NOW + timedelta(seconds=chance.uniform(-50, 50)))


async def ended(store: Store, *, version: int) -> None:
    """As everybody does it who changes a job."""

    def work(session: Session) -> None:
        row = locked_one(session, JobRow, "j1")
        write_job(row, replace(job_of(row), state=JobState.DELIVERED, version=version, finished_at=NOW))

    await store.write(work)


async def resting(store: Store) -> list[str]:
    wanted = sa.select(col(CardRow.job_id)).where(col(CardRow.open).is_(False))
    return await store.read(lambda session: list(session.scalars(wanted)))
