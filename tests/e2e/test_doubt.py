"""A submit whose answer is lost at a service that cannot be asked: an admin looks, presses a button, and it goes on."""

from pathlib import Path

from leaping_clock import LeapingClock
from town import Town, a_town

from bot.demo.faults import Drop
from bot.demo.slack import Message
from bot.demo.videos.calls import Operation

ADMIN, OTHER_ADMIN = "U0BEN00002", "U0ADA00001"


def in_doubt(town: Town) -> bool:
    return any("stays reserved while we check" in str(each.blocks) for each in town.posts())


def direct(town: Town, user: str) -> list[Message]:
    return town.posts(town.slack.bot_user_id, user)


async def question(town: Town, clock: LeapingClock, *, processed: bool) -> Message:
    """The admin's message about a video whose submit got no answer."""
    town.videos.faults.add(Operation.CREATE, Drop(processed=processed))
    await town.sora("a corgi surfing at sunset --4s")
    await town.until(lambda: in_doubt(town))
    clock.leap(35)
    await town.until(lambda: direct(town, ADMIN))
    return direct(town, ADMIN)[0]


async def test_not_made_is_sent_again_and_delivered_and_paid_once(tmp_path: Path) -> None:
    clock = LeapingClock()
    async with a_town(tmp_path, variant="relay", clock=clock, SORA_ADMINS=ADMIN) as town:
        asked = await question(town, clock, processed=False)
        assert "a corgi surfing at sunset" in str(asked.blocks)
        assert "$0.40 at risk" in str(asked.blocks)
        await town.slack.click(ADMIN, asked, "sora_was_not_made")
        await town.until(lambda: any(each.file_ids for each in town.posts()))
        assert len(town.videos.accepted) == 1
        assert "sora_was_made" not in str(direct(town, ADMIN)[0].blocks)
        assert "$4.60 left of $5.00" in (await town.sora("quota")).said.text


async def test_made_is_booked_and_told_and_a_late_click_of_another_admin_changes_nothing(tmp_path: Path) -> None:
    clock = LeapingClock()
    async with a_town(tmp_path, variant="relay", clock=clock, SORA_ADMINS=f"{ADMIN},{OTHER_ADMIN}") as town:
        asked = await question(town, clock, processed=True)
        await town.until(lambda: direct(town, OTHER_ADMIN))
        await town.slack.click(ADMIN, asked, "sora_was_made")
        await town.until(lambda: any(each.pings for each in town.posts()))
        assert "booked as possibly paid" in next(each.text for each in town.posts() if each.pings)
        other = direct(town, OTHER_ADMIN)[0]
        await town.slack.click(OTHER_ADMIN, other, "sora_was_not_made")
        await town.until(lambda: "already" in direct(town, OTHER_ADMIN)[0].text)
        assert len(town.videos.accepted) == 1
        assert "$4.60 left of $5.00" in (await town.sora("quota")).said.text


async def test_without_admins_nobody_is_asked(tmp_path: Path) -> None:
    clock = LeapingClock()
    async with a_town(tmp_path, variant="relay", clock=clock) as town:
        town.videos.faults.add(Operation.CREATE, Drop(processed=True))
        await town.sora("a corgi surfing at sunset --4s")
        await town.until(lambda: in_doubt(town))
        clock.leap(7 * 24 * 3600 + 60)
        await town.until(lambda: any("booked as possibly paid" in each.text for each in town.posts()))
        assert direct(town, ADMIN) + direct(town, OTHER_ADMIN) == []
