"""Nobody is an admin: a start prints a code, somebody types it, chooses channels and further admins."""

import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from leaping_clock import LeapingClock
from town import Town, a_bot, a_place, a_town, settings_of

from bot.demo.slack import View
from bot.store.engine import open_engine

ADA, BEN = "U0ADA00001", "U0BEN00002"


def printed(town: Town) -> str:
    """The code in what the start said."""
    found = re.search(r"/sora admin ([2-9A-Z]{4}-[2-9A-Z]{2})", "\n".join(town.bot.greeting))
    assert found, town.bot.greeting
    return found[1]


async def claimed(town: Town, user: str = "ada", code: str = "") -> str:
    return str((await town.sora(f"admin {code or printed(town)}", user=user)).said.text)


async def settings(town: Town, user: str = "ada") -> View:
    """The form on somebody's screen, once it is more than "One moment"."""
    await town.sora("settings", user=user)

    def ready() -> bool:
        view = town.slack.top_view(user)
        return view is not None and "One moment" not in str(view.blocks)

    await town.until(ready)
    view = town.slack.top_view(user)
    assert view is not None
    return view


def rows(town: Town, query: str) -> list[Any]:
    engine = open_engine(town.settings.database_url, busy_timeout_ms=5000)
    try:
        with engine.connect() as connection:
            return [tuple(each) for each in connection.execute(sa.text(query))]
    finally:
        engine.dispose()


async def test_the_first_who_types_the_printed_code_becomes_the_admin_and_nobody_after(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        code = printed(town)
        assert "You are my admin now" in await claimed(town, "ada", code.lower())
        assert f"I have an admin already: <@{ADA}>" in await claimed(town, "ben", code)
        assert rows(town, "SELECT user_id, what FROM audit_entry") == [(ADA, "admin_claimed")]
        assert rows(town, "SELECT count(*) FROM claim_code") == [(0,)]


async def test_the_code_stands_in_no_row(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        code = printed(town)
        kept = str(rows(town, "SELECT salt, digest FROM claim_code"))
        assert code not in kept
        assert code.replace("-", "") not in kept.upper()


async def test_a_wrong_code_makes_nobody_an_admin_and_five_of_them_wait_an_hour(tmp_path: Path) -> None:
    clock = LeapingClock()
    async with a_town(tmp_path, clock=clock) as town:
        for _ in range(5):
            assert "not the code" in await claimed(town, "ben", "2222-22")
        assert "wait an hour" in await claimed(town, "ben")
        assert rows(town, "SELECT count(*) FROM admin") == [(0,)]
        clock.leap(3700)
        assert "You are my admin now" in await claimed(town, "ben")


async def test_a_code_is_dead_after_a_day_and_a_new_start_prints_another(tmp_path: Path) -> None:
    clock = LeapingClock()
    async with a_place(tmp_path) as (slack, videos):
        wanted = settings_of(tmp_path, slack, videos)
        async with a_bot(slack, videos, wanted, clock=clock) as town:
            old = printed(town)
            clock.leap(25 * 3600)
            assert "no code that still works" in await claimed(town, "ada", old)
        async with a_bot(slack, videos, wanted, clock=clock) as town:
            assert "not the code" in await claimed(town, "ada", old)
            assert "You are my admin now" in await claimed(town)
        async with a_bot(slack, videos, wanted, clock=clock) as town:
            assert "admin" not in "\n".join(town.bot.greeting)


async def test_with_admins_in_the_configuration_there_is_no_code_and_they_see_the_settings(tmp_path: Path) -> None:
    async with a_town(tmp_path, SORA_ADMINS=BEN) as town:
        assert "No admin is known" not in "\n".join(town.bot.greeting)
        assert f"I have an admin already: <@{BEN}>" in await claimed(town, "ada", "2222-22")
        assert f"Only my admins can change this: <@{BEN}>" in str((await settings(town, "ada")).blocks)
        assert (await settings(town, "ben")).told["submit"]["text"] == "Save"


async def test_without_an_admin_the_settings_say_how_to_become_one(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        assert "I have no admin yet" in str((await settings(town)).blocks)


async def test_channels_are_chosen_and_tried_out_at_once(tmp_path: Path) -> None:
    async with a_town(tmp_path, SORA_ADMINS=ADA) as town:
        videos, secret = "C0VIDEOS01", "C0SECRET04"
        form = await settings(town)
        await town.slack.submit(ADA, form, {"sora_settings_status": [videos, secret], "sora_settings_budget": [videos]})
        await town.until(lambda: "Notices about video services" in str([each.text for each in town.posts()]))
        await town.until(lambda: "I cannot post in" in str(shown(town)))
        assert f"I cannot post in <#{secret}>" in str(shown(town))
        assert rows(town, "SELECT kind, slack_channel_id FROM notice_channel ORDER BY kind, slack_channel_id") == [
            ("budget", videos),
            *sorted([("status", secret), ("status", videos)]),
        ]
        again = await settings(town)
        assert again.values["status"]["sora_settings_status"]["selected_conversations"] == sorted([videos, secret])
        assert f"I cannot post in <#{secret}>" in str(again.blocks)
        hellos = [each for each in town.posts() if "will appear here" in each.text]
        assert len(hellos) == 1


async def test_an_admin_makes_another_one_and_the_last_one_stays(tmp_path: Path) -> None:
    async with a_town(tmp_path) as town:
        await claimed(town)
        await town.slack.submit(ADA, await settings(town), {"sora_settings_admins": [ADA, BEN]})
        form = await settings(town, "ben")
        sent = await town.slack.submit(BEN, form, {"sora_settings_admins": []})
        assert "Somebody has to stay admin" in str(sent.errors)
        assert rows(town, "SELECT user_id, what, words FROM audit_entry ORDER BY id") == [
            (ADA, "admin_claimed", "by code"),
            (ADA, "admin_added", BEN),
        ]


async def test_two_admins_at_once_do_not_undo_each_other(tmp_path: Path) -> None:
    async with a_town(tmp_path, SORA_ADMINS=f"{ADA},{BEN}") as town:
        videos = "C0VIDEOS01"
        hers, his = await settings(town, "ada"), await settings(town, "ben")
        await town.slack.submit(ADA, hers, {"sora_settings_sunset": [videos]})
        await town.slack.submit(BEN, his, {"sora_settings_sunset": []})
        await town.until(lambda: "Somebody changed the settings meanwhile" in str(shown(town, "ben")))
        assert rows(town, "SELECT kind, slack_channel_id FROM notice_channel") == [("sunset", videos)]


@pytest.mark.parametrize("word", ["settings", "admin"])
async def test_in_a_direct_message_a_button_opens_the_settings(tmp_path: Path, word: str) -> None:
    async with a_town(tmp_path, SORA_ADMINS=ADA) as town:
        me = town.slack.bot_user_id
        await town.slack.say(ADA, me, word)
        await town.until(lambda: town.posts(me))
        await town.slack.click(ADA, town.posts(me)[0], "sora_open_settings")
        await town.until(lambda: "Each matter is one message" in str(shown(town)))


def shown(town: Town, user: str = "ada") -> Any:
    view = town.slack.top_view(user)
    return view.blocks if view is not None else []
