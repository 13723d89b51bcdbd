"""What each of the demo's switches does to a video, to the money and to what people read; the page is tested apart."""

from pathlib import Path

import pytest
from street import a_street

from bot.demo.videos import Switch

pytestmark = pytest.mark.own_database


async def test_a_slow_service_is_waited_for_and_a_stuck_one_may_be_left_by_a_click(tmp_path: Path) -> None:
    async with a_street(tmp_path) as street:
        town = street.town
        await street.switch("northlight", Switch.SLOW)
        await town.sora("a corgi surfing --4s")
        await street.card("a corgi surfing", "longer than the usual")
        await street.card("a corgi surfing", "Done")
        assert (street.taken, len(town.films())) == ([1, 0, 0], 1)
        await street.switch("northlight", Switch.STUCK)
        await town.sora("a paper boat --4s")
        await street.until(lambda: street.taken == [2, 0, 0])
        street.clock.leap(900)
        stuck = await street.card("a paper boat", "Taking longer than usual", "Start elsewhere")
        await town.slack.click("ada", stuck, "sora_elsewhere")
        await street.until(lambda: len(town.films()) == 2)
        assert (street.taken[0], sum(street.taken)) == (2, 3)
        await street.switch("northlight", Switch.NORMAL)
        await street.until(lambda: len(town.films()) == 3)
        assert sum(street.taken) == 3
        assert town.ledger_is_exact()


async def test_an_order_whose_answer_is_lost_or_broken_is_never_sent_or_paid_twice(tmp_path: Path) -> None:
    async with a_street(tmp_path) as street:
        town = street.town
        await street.switch("northlight", Switch.LOSE)
        await town.sora("a corgi surfing --model Aurora --4s")
        await street.until(lambda: len(town.films()) == 1)
        assert street.taken == [1, 0, 0]
        await street.switch("northlight", Switch.ERRORS)
        await town.sora("a paper boat --model Aurora --4s")
        await street.card("a paper boat", "Checking whether Northlight got it", "nothing is sent twice")
        await street.switch("harbour", Switch.LOSE)
        await town.sora("two foxes --model Tide --4s")
        await street.card("two foxes", "Checking whether Harbour got it", "$0.32 stays reserved while we check")
        await street.switch("northlight", Switch.NORMAL)
        street.clock.leap(60)
        await street.card("a paper boat", "Done")
        assert street.taken == [2, 1, 0]
        assert "($0.80 used, $0.32 reserved)" in await town.quota()
        assert town.ledger_is_exact()


async def test_a_service_that_shuts_down_for_good_is_left_and_who_named_its_model_is_asked(tmp_path: Path) -> None:
    async with a_street(tmp_path) as street:
        town = street.town
        await street.switch("northlight", Switch.RETIRED)
        await town.sora("a paper boat --model Aurora --4s")
        asked = await street.card("a paper boat", "Northlight does not make it any more.", "sora_use_offer")
        assert "sora_wait_for_it" not in str(asked.blocks)
        await street.switch("northlight", Switch.NORMAL)
        await town.sora("a corgi surfing --4s")
        await town.slack.click("ada", asked, "sora_use_offer")
        await street.until(lambda: len(town.films()) == 2)
        assert street.taken[0] == 0
        assert "Northlight has trouble" in (await town.sora("status")).said.text
        assert "Aurora at Northlight has been shut down" in (await town.sora("two foxes --model Aurora")).said.text
        assert town.ledger_is_exact()
