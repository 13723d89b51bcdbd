"""A command that Slack sends twice, and a second bot on the same file."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import pytest
from town import Town, a_town, on_file

ONE_PAID = "$4.60 left of $5.00 ($0.40 used)"


async def test_a_command_that_comes_twice_is_one_video(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        town.slack.sockets.repeat_next = 1
        await town.sora("a corgi surfing")
        await _one_video_one_payment(town)


@pytest.mark.own_database
async def test_a_second_process_on_the_same_file_ends_in_words_and_leaves_the_first_alone(tmp_path: Path) -> None:
    async with a_town(tmp_path, **on_file(tmp_path)) as town:
        told = {
            "PATH": os.environ["PATH"],
            "SLACK_BOT_TOKEN": town.slack.bot_token,
            "SLACK_APP_TOKEN": town.slack.app_token,
            "SLACK_API_URL": town.slack.api_url,
            "SORA_DATABASE_URL": town.settings.database_url,
            "SORA_SPOOL": str(town.settings.spool),
            "PORT": "0",
            "PYTHONPATH": os.getcwd(),
        }
        second = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "run", cwd=tmp_path, env=told, stdout=PIPE, stderr=STDOUT
        )
        said = (await asyncio.wait_for(second.communicate(), timeout=30))[0].decode()
        assert second.returncode == 2, said
        assert [
            each for each in ("Another sora-bot is running", "stop the other one", "Postgres") if each not in said
        ] == []
        assert [each for each in (town.slack.bot_token, "Traceback") if each in said] == []
        await town.sora("a corgi surfing")
        await _one_video_one_payment(town)


async def _one_video_one_payment(town: Town) -> None:
    await town.until(lambda: len(town.films()) == 1 and any("Done" in each.text for each in town.cards()), within_s=30)
    assert (len(town.videos.accepted), len(town.cards())) == (1, 1)
    assert (ONE_PAID in await town.quota(), town.ledger_is_exact()) == (True, True)
