"""Tokens, keys and secrets: in no log line, message, button, address or row, whatever goes wrong."""

import logging
import sqlite3
from pathlib import Path

import pytest
from e2e.town import SECRET, a_town, on_file

from bot.demo.slack import Refuse
from bot.demo.videos.faults import Status

PROMPT = "a confidential product launch in a glass house"


@pytest.mark.own_database
async def test_nothing_secret_is_written_anywhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with a_town(tmp_path, **on_file(tmp_path)) as town:
        secrets = [town.slack.bot_token, town.slack.app_token, town.videos.key, SECRET]
        echo = {"error": {"message": f"Incorrect API key provided: {town.videos.key}", "code": "invalid_api_key"}}
        town.videos.faults.add(
            "create", Status(code=500, body={"error": {"message": f"Bearer {town.videos.key}"}}), times=1
        )
        town.videos.faults.add("create", Status(code=401, body=echo), times=1)
        town.slack.faults.add("chat.update", Refuse("internal_error"), times=1)
        await town.sora(PROMPT)
        await town.sora("status")
        await town.sora("a second wish that is made")
        await town.slack.until(lambda: len(town.videos.calls.of("create")) >= 2, within_s=15)
        seen = [f"{each.text} {each.blocks}" for each in town.posts()]
    rows = _everything_in(tmp_path / "sora.sqlite")
    for secret in secrets:
        assert secret not in caplog.text
        assert not any(secret in each for each in seen)
        assert secret not in rows
    # Our own lines say nothing of what people wrote; the prompt is in the job's row and nowhere else.
    ours = "\n".join(each.getMessage() for each in caplog.records if each.name.startswith(("bot", "dbos", "httpx")))
    assert PROMPT not in ours
    assert PROMPT in rows


def _everything_in(database: Path) -> str:
    with sqlite3.connect(database) as connection:
        return "\n".join(connection.iterdump())
