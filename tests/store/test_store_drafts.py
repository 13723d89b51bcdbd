"""Drafts in both databases."""

import pytest
import sqlalchemy as sa
from virtual_clock import VirtualClock

from bot.catalogue.model import ModelClass, Shape
from bot.jobs.model import Place
from bot.jobs.wish import Wish
from bot.slack.drafts import DRAFT_LIFE, Draft
from bot.store.drafts import StoredDrafts
from bot.store.engine import opened_store
from bot.store.tables.drafts import DraftRow

WISH = Wish(
    team_id="T1",
    user_id="U1",
    place=Place(slack_channel_id="C1", thread_ts="1.2"),
    prompt="<!channel> 🏄 כלב " + "x" * 5000,
    model_class=ModelClass.PRO,
    shape=Shape.SQUARE,
    length_s=8,
    audio=False,
)
DRAFT = Draft(wish=WISH, usd_micros_shown=800_000, again=True)


@pytest.fixture
async def store(database_url):
    async with opened_store(database_url) as opened:
        yield opened


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def drafts(store, clock):
    ids = iter(f"d{each}" for each in range(100))
    return StoredDrafts(store, clock=clock, new_id=lambda: next(ids))


async def test_a_draft_comes_back_as_it_was(drafts):
    assert await drafts.get("T1", "U1", await drafts.put(DRAFT)) == DRAFT


@pytest.mark.parametrize(("team", "user"), [("T2", "U1"), ("T1", "U2")])
async def test_a_draft_is_its_persons_alone(drafts, team, user):
    assert await drafts.get(team, user, await drafts.put(DRAFT)) is None


async def test_an_unknown_draft_is_none(drafts):
    assert await drafts.get("T1", "U1", "d99") is None


async def test_a_draft_ends_with_its_time_and_leaves_no_row(drafts, store, clock):
    old = await drafts.put(DRAFT)
    await clock.advance(DRAFT_LIFE.total_seconds() - 1)
    assert await drafts.get("T1", "U1", old) == DRAFT
    await clock.advance(1)
    assert await drafts.get("T1", "U1", old) is None
    await drafts.put(DRAFT)
    kept = await store.read(lambda session: session.scalar(sa.select(sa.func.count()).select_from(DraftRow)))
    assert kept == 1
