"""A named model that cannot be had, in the whole bot: asked on the card, answered by a button, looked up afterwards."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from town import Town, a_bot, a_place, settings_of

from bot.demo.slack import Message
from bot.demo.videos.calls import Operation
from bot.demo.videos.faults import Status


@asynccontextmanager
async def two_services(folder: Path) -> AsyncIterator[Town]:
    """`videos` sells demo-fast; `harbour`, a relay, something else that is dearer."""
    async with a_place(folder) as (slack, videos):
        harbour = {"url": videos.base_url, "key": videos.key, "models": "gong=0.15/s", "label": "Harbour"}
        settings = settings_of(
            folder, slack, videos, SORA_VIDEOS_MODELS="demo-fast=0.10/s", servers={"harbour": harbour}
        )
        async with a_bot(slack, videos, settings) as town:
            yield town


async def asked(town: Town) -> Message:
    """The card of a video whose model's only service has no money left for it."""
    town.videos.faults.add(Operation.CREATE, Status(code=402), times=1)
    await town.sora("a corgi surfing at sunset --model demo-fast --4s")
    await town.until(lambda: any("sora_use_offer" in str(each.blocks) for each in town.cards()))
    [card] = town.cards()
    return card


@pytest.mark.parametrize(
    ("press", "left", "answer"),
    [("sora_use_offer", "$4.40", "use it"), ("sora_stop_asking", "$5.00", "stop")],
)
async def test_a_button_on_the_card_decides_and_what_happened_tells_of_it(
    tmp_path: Path, press: str, left: str, answer: str
) -> None:
    async with two_services(tmp_path) as town:
        card = await asked(town)
        assert "at Harbour can make it for $0.60, $0.20 more than you agreed to." in str(card.blocks)
        await town.until(lambda: any(each.pings and "has the buttons" in each.text for each in town.posts()))
        await town.slack.click("ada", card, press)
        await town.until(lambda: bool(town.films()) or press == "sora_stop_asking")
        await town.until(lambda: "sora_use_offer" not in str(town.cards()[0].blocks))
        assert len(town.videos.accepted) == (1 if press == "sora_use_offer" else 0)
        assert f"{left} left of $5.00" in await town.quota()
        assert town.ledger_is_exact()
        [card] = town.cards()
        menu = next(each for block in card.blocks for each in block.get("elements", []) if each["type"] == "overflow")
        await town.slack.click("ada", card, "sora_what_happened", menu["options"][0]["value"])
        await town.until(lambda: "Money" in str(getattr(town.slack.top_view("ada"), "blocks", "")))
        view = town.slack.top_view("ada")
        assert view is not None
        told = str(view.blocks)
        assert "our account there had no money or quota left" in told
        assert f": {answer}." in told
