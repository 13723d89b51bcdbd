"""What an admin has chosen is told by the running bot: a service that is out, a budget that shrinks, on both roads."""

import asyncio
from pathlib import Path

from mail_server import MailBox, a_mail_server
from pydantic import SecretStr
from town import Town, a_town

from bot.config import LimitSetting
from bot.demo.slack import Message
from bot.demo.videos.calls import Operation
from bot.demo.videos.faults import Status

ADA, STUDIO = "U0ADA00001", "C0STUDIO03"


async def choose(town: Town, **fields: list[str]) -> None:
    """In the settings, as an admin: `choose(status=[...])`."""
    await town.sora("settings")
    await town.until(lambda: (view := town.slack.top_view(ADA)) is not None and view.told.get("submit"))
    view = town.slack.top_view(ADA)
    assert view is not None
    await town.slack.submit(ADA, view, {f"sora_settings_{kind}": ids for kind, ids in fields.items()})
    await town.until(lambda: notices(town))


def notices(town: Town) -> list[Message]:
    """In the studio, where nobody makes videos; threads left out."""
    return [each for each in town.posts("studio") if each.thread_ts in {None, each.ts}]


async def test_a_service_that_takes_no_key_is_a_notice_an_email_and_the_first_words_of_status(tmp_path: Path) -> None:
    box = MailBox()
    async with a_mail_server(box) as port:
        mail = {
            "SORA_SMTP_URL": SecretStr(f"smtp+plain://127.0.0.1:{port}"),
            "SORA_MAIL_FROM": "sora@example.com",
            "SORA_MAIL_TO": "ops@example.com",
        }
        async with a_town(tmp_path, SORA_ADMINS=ADA, pace=4, **mail) as town:
            await choose(town, status=[STUDIO], mail=["on"])
            town.videos.faults.add(Operation.CREATE, Status(code=401), times=5)
            await town.sora("a corgi surfing at sunset --4s")
            await town.until(lambda: len(notices(town)) == 2)
            said = notices(town)[-1]
            assert said.text == "Local video service is not used at the moment."
            assert "It does not accept our key." in str(said.blocks)
            assert "New videos wait and start by themselves" in str(said.blocks)
            assert (await town.sora("status")).said.text.startswith("No video service works at the moment.")
            async with asyncio.timeout(20):
                while not box.letters:
                    await asyncio.sleep(0.02)
            assert box.letters[0]["Subject"] == said.text
            assert "An admin has to look" in box.letters[0].get_content()


async def test_a_month_s_budget_is_told_by_what_is_left_of_it(tmp_path: Path) -> None:
    limits = (LimitSetting(scope="workspace", period="month", usd=1.0),)
    async with a_town(tmp_path, SORA_ADMINS=ADA, limits=limits) as town:
        await choose(town, budget=[STUDIO])
        await town.sora("a corgi surfing at sunset --4s")
        await town.until(lambda: len(town.films()) == 1)
        assert len(notices(town)) == 1
        await town.sora("a corgi surfing at noon --4s")
        await town.until(lambda: len(notices(town)) == 2)
        assert notices(town)[-1].text == "$0.20 of $1.00 left for this workspace this month."
