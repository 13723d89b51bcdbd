"""A bot with videos under way moves to Postgres, and gets a new key: they go on, and nothing is sent twice."""

import asyncio
from collections import Counter
from pathlib import Path

import chosen_database
import databases
import pytest
import sqlalchemy as sa
from leaping_clock import LeapingClock
from town import Town, a_bot, a_place, settings_of
from typer.testing import CliRunner

from bot.cli.app import app
from bot.demo.faults import Drop, Silence
from bot.demo.slack.faults import RateLimited
from bot.demo.videos.calls import Operation
from bot.demo.videos.faults import Status, StickRender
from bot.jobs import workflow
from bot.store.engine import open_engine

PROMPTS = {
    "a corgi surfing at sunset": "delivering",
    "a fox in the snow": "rendering",
    "a whale above a city": "rendering",
    "a paper boat in the rain": "queued",
    "a lighthouse in a storm": "checking",
    "a train across the moon": "submitting",
}


async def order(town: Town, prompt: str, *, user: str, state: str) -> None:
    await town.sora(f"{prompt} --4s", user=user)
    async with asyncio.timeout(20):
        while states(town.settings.database_url).get(prompt) != state:
            await asyncio.sleep(0.05)


def states(url: str, column: str = "state") -> dict[str, str]:
    engine = open_engine(url, busy_timeout_ms=5000)
    try:
        with engine.connect() as connection:
            rows = connection.execute(sa.text(f"SELECT prompt, {column} FROM job"))
            return {prompt: value for prompt, value in rows}  # noqa: C416 - dict() takes no Row
    finally:
        engine.dispose()


async def bring_each_into_its_state(town: Town) -> None:
    slack, videos = town.slack.faults, town.videos.faults
    slack.add("files.getUploadURLExternal", RateLimited(retry_after_s=3600))
    await order(town, "a corgi surfing at sunset", user="ada", state="delivering")
    videos.add(Operation.CREATE, StickRender(), times=2)
    await order(town, "a fox in the snow", user="ada", state="rendering")
    await order(town, "a whale above a city", user="ada", state="rendering")
    await order(town, "a paper boat in the rain", user="ada", state="queued")
    videos.add(Operation.LIST, Status(code=503), times=None)
    videos.add(Operation.CREATE, Drop(processed=True))
    await order(town, "a lighthouse in a storm", user="ben", state="checking")
    videos.add(Operation.CREATE, Silence())
    await order(town, "a train across the moon", user="ben", state="submitting")


@pytest.mark.own_database
@pytest.mark.timeout(180)
async def test_everything_under_way_is_copied_and_ends_well_on_postgres_with_no_second_post(tmp_path: Path) -> None:
    source = f"sqlite:///{tmp_path}/sora.sqlite"
    target = databases.empty_postgres()
    async with a_place(tmp_path) as (slack, videos):
        here = settings_of(tmp_path, slack, videos, SORA_DATABASE_URL=source)
        async with a_bot(slack, videos, here) as town:
            await bring_each_into_its_state(town)
            refused = await asyncio.to_thread(CliRunner().invoke, app, ["db", "copy", target, "--from", source])
            assert (refused.exit_code, "Another sora-bot is running" in refused.output) == (2, True)
            await workflow.cancel_running(submits_get_s=0.05)
        assert states(source) == PROMPTS
        copied = await asyncio.to_thread(CliRunner().invoke, app, ["db", "copy", target, "--from", source])
        assert copied.exit_code == 0, copied.output
        assert "6 videos are under way" in copied.output
        assert states(target) == PROMPTS
        assert not (tmp_path / "sora.sqlite").exists()

        slack.faults.clear()
        videos.faults.clear()
        for job in videos.accepted:
            job.may_finish.set()
        clock = LeapingClock()
        there = settings_of(tmp_path, slack, videos, SORA_DATABASE_URL=target)
        async with a_bot(slack, videos, there, clock=clock) as town:
            await town.until(lambda: len(town.films()) == 5)
            clock.leap(120)  # past the POST's deadline and the listing's lag: the silent submit never arrived
            await town.until(lambda: len(town.films()) == len(PROMPTS), within_s=40)
            await town.until(lambda: set(states(target).values()) == {"delivered"})
            assert Counter(each.prompt for each in videos.accepted) == Counter(dict.fromkeys(PROMPTS, 1))
            assert set(states(target, "generation").values()) == {1}
            assert len(town.cards()) == len(PROMPTS)
            assert town.ledger_is_exact()


async def test_a_new_key_goes_on_watching_what_the_old_one_started_and_posts_nothing_again(tmp_path: Path) -> None:
    url = chosen_database.url_for(tmp_path / "sora.sqlite")
    asked = ("a fox in the snow", "a whale above a city")
    async with a_place(tmp_path) as (slack, videos):
        async with a_bot(slack, videos, settings_of(tmp_path, slack, videos, SORA_DATABASE_URL=url)) as town:
            videos.faults.add(Operation.CREATE, StickRender())
            await order(town, asked[0], user="ada", state="rendering")
            videos.key = "sk-rotated"
            await town.until(lambda: any(call.status == 401 for call in videos.calls))
        [job] = videos.accepted
        job.may_finish.set()
        async with a_bot(slack, videos, settings_of(tmp_path, slack, videos, SORA_DATABASE_URL=url)) as town:
            await town.until(lambda: len(town.films()) == 1)
            await town.sora(f"{asked[1]} --4s")
            await town.until(lambda: len(town.films()) == 2)
            assert Counter(each.prompt for each in videos.accepted) == {
                "a fox in the snow": 1,
                "a whale above a city": 1,
            }
            assert town.ledger_is_exact()
