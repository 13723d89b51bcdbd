"""The reference a person quotes is the reference in the log: through Slack's door and back, for the real bot."""

import re
import sqlite3
from pathlib import Path

import pytest
from e2e.town import SECRET, Town, a_town, on_file
from kept_log import KeptLog

from bot.demo.videos.faults import Status

PROMPT = "a confidential product launch in a glass house"
REFERENCE = re.compile(r"Reference ([0-9a-f]{8})\b")


def reference_in(texts: list[str]) -> str:
    (found,) = {each.group(1) for text in texts if (each := REFERENCE.search(text))}
    return found


def assert_nothing_private(log: KeptLog, town: Town) -> None:
    secrets = [town.slack.bot_token, town.slack.app_token, town.videos.key, SECRET, PROMPT, PROMPT[:24]]
    for secret in secrets:
        assert secret not in log.text
    for url in re.findall(r"https?://[^\s\"]+", log.text):
        assert "?" not in url or url.endswith("?…")
    assert "response_url" not in log.text


@pytest.mark.own_database
async def test_something_unexpected_is_found_with_its_traceback_by_the_reference_a_person_reads(tmp_path: Path) -> None:
    log = KeptLog()
    async with a_town(tmp_path, log=log.stream, **on_file(tmp_path)) as town:
        _break_orders(tmp_path / "sora.sqlite")
        await town.sora(PROMPT)
        await town.until(lambda: any("Reference" in each.text for each in town.private()))
        reference = reference_in([each.text for each in town.private()])
    (line,) = log.lines(reference=reference)
    assert (line["level"], line["logger"], line["team"]) == ("error", "bot.slack.errors", town.slack.team_id)
    assert "Traceback (most recent call last):" in line["exception"]
    assert "store/acceptance.py" in line["exception"]
    assert "sqlite3.IntegrityError" in line["exception"]
    assert_nothing_private(log, town)


async def test_a_job_that_fails_is_found_by_its_reference_too(tmp_path: Path) -> None:
    log = KeptLog()
    async with a_town(tmp_path, log=log.stream) as town:
        echo = {"error": {"message": f"Prompt {PROMPT!r} refused for Bearer {town.videos.key}", "code": "bad"}}
        town.videos.faults.add("create", Status(code=400, body=echo))
        await town.sora(PROMPT)
        await town.until(lambda: any("Reference" in each.text for each in town.posts()))
        reference = reference_in([each.text for each in town.posts()])
    (line,) = log.lines(reference=reference)
    assert line["event"] == "video ended without delivery"
    assert (line["failure"], line["service"], line["team"]) == ("invalid", "videos", town.slack.team_id)
    assert line["job"]
    assert line["attempt"]
    assert_nothing_private(log, town)


@pytest.mark.own_database
async def test_a_step_that_breaks_on_our_side_leaves_its_place_in_the_log_and_its_job_goes_on(tmp_path: Path) -> None:
    log = KeptLog()
    async with a_town(tmp_path, log=log.stream, **on_file(tmp_path)) as town:
        with sqlite3.connect(tmp_path / "sora.sqlite") as database:
            database.execute(
                "CREATE TRIGGER broken BEFORE INSERT ON attempt BEGIN SELECT RAISE(ABORT, 'out of order'); END"
            )
        await town.sora(PROMPT)
        line = await log.until_said(event="a step of a job failed")
    assert (line["step"], line["team"]) == ("submit", town.slack.team_id)
    assert "jobs/submitter.py" in line["exception"]
    assert "sqlite3.IntegrityError: out of order" in line["exception"]
    assert re.fullmatch(r"[0-9a-f]{8}", line["reference"])
    assert line["exception"].count("\n") < 60
    assert_nothing_private(log, town)


async def test_a_run_with_every_kind_of_trouble_leaves_nothing_private_in_the_log(tmp_path: Path) -> None:
    log = KeptLog()
    async with a_town(tmp_path, log=log.stream) as town:
        echo = {"error": {"message": f"Bearer {town.videos.key} may not make {PROMPT}"}}
        town.videos.faults.add("create", Status(code=500, body=echo), times=1)
        town.videos.faults.add("create", Status(code=401, body=echo), times=1)
        await town.sora(PROMPT)
        await town.sora("a paper boat in the rain at night")
        await town.sora("status")
        await town.until(lambda: len(town.videos.calls.of("create")) >= 2)
        await log.until_said(event="circuit changed")
    assert all(each["at"] and each["level"] and each["logger"] for each in log.lines())
    assert_nothing_private(log, town)


def _break_orders(database: Path) -> None:
    """A fault of our own ground: its error repeats the statement with every value, the prompt among them."""
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TRIGGER broken BEFORE INSERT ON job BEGIN SELECT RAISE(ABORT, 'out of order'); END")
