"""What is left at each service: asked once an hour by one process, low in videos, and never a gate."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from virtual_clock import VirtualClock

from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import Tier
from bot.jobs.balances import Balance, Balances, LowBalance, first_price, low_balances
from bot.providers.errors import AuthFailed
from bot.store.accounts import StoredBalances
from bot.store.engine import Store, opened_store
from bot.upstreams.registry import Registry, Upstream

AT = datetime(2026, 11, 21, 9, tzinfo=UTC)
CATALOGUE = load_catalogue()


class Purse:
    """A service that says what is left, as far as a balance goes."""

    def __init__(self, *answers: int | Exception | None) -> None:
        self.answers, self.asked = list(answers), 0

    async def balance(self) -> int | None:
        self.asked += 1
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def upstream(purse: object, name: str = "fal") -> Upstream:
    protocol = CATALOGUE.protocols["fal"]
    return Upstream(
        name=name,
        label=name,
        tier=Tier.RELAY,
        protocol=protocol,
        provider=purse,  # type: ignore[arg-type]
        models=tuple(each for each in CATALOGUE.models if each.protocol == "fal"),
        in_flight_max=1,
        submits_per_minute=1,
    )


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with opened_store(database_url) as opened:
        yield opened


async def test_two_processes_ask_a_service_once_an_hour_between_them(store: Store) -> None:
    clock, purse = VirtualClock(), Purse(7_000_000, 6_000_000)
    both = [Balances(Registry([upstream(purse)]), StoredBalances(store), clock, low_below_videos=5) for _ in range(2)]
    await asyncio.gather(*(each.once() for each in both))
    assert purse.asked == 1
    await clock.advance(3599)
    await asyncio.gather(*(each.once() for each in both))
    assert purse.asked == 1
    await clock.advance(2)
    await asyncio.gather(*(each.once() for each in both))
    assert purse.asked == 2
    (kept,) = await StoredBalances(store).balances()
    assert (kept.usd_micros, kept.read_at, kept.problem) == (6_000_000, clock.now(), "")


async def test_a_question_without_an_answer_leaves_what_was_known(store: Store) -> None:
    clock, purse = VirtualClock(), Purse(7_000_000, AuthFailed("HTTP 401: wrong key"))
    balances = Balances(Registry([upstream(purse)]), StoredBalances(store), clock, low_below_videos=5)
    await balances.once()
    at = clock.now()
    await clock.advance(3601)
    await balances.once()
    (kept,) = await StoredBalances(store).balances()
    assert (kept.usd_micros, kept.read_at, kept.problem) == (7_000_000, at, "HTTP 401: wrong key")


async def test_a_service_without_a_balance_is_not_asked(store: Store) -> None:
    balances = Balances(Registry([upstream(object())]), StoredBalances(store), VirtualClock(), low_below_videos=5)
    await balances.once()
    assert list(await StoredBalances(store).balances()) == []


async def test_low_is_counted_in_videos_at_the_first_price_where_none_was_made(store: Store) -> None:
    clock = VirtualClock()
    price = first_price(upstream(object()))
    assert price is not None
    purse = Purse(price * 4 + price // 2)
    balances = Balances(Registry([upstream(purse)]), StoredBalances(store), clock, low_below_videos=5)
    assert await balances.low() == ()
    await balances.once()
    (low,) = await balances.low()
    assert (low.label, low.videos, low.left_usd_micros) == ("fal", 4, price * 4 + price // 2)


async def test_admins_read_how_each_account_stands_and_when_a_notice_comes(store: Store) -> None:
    clock = VirtualClock()
    price = first_price(upstream(object()))
    assert price is not None
    purse, silent = Purse(price * 4 + 1), Purse(AuthFailed("HTTP 401: wrong key"))
    services = [upstream(purse, "full"), upstream(object(), "mute"), upstream(silent, "silent")]
    balances = Balances(Registry(services), StoredBalances(store), clock, low_below_videos=5)
    assert [(each.upstream, each.left) for each in await balances.accounts()] == [("full", None), ("silent", None)]
    await balances.once()
    full, unread = await balances.accounts()
    assert full.left is not None
    assert (full.left.usd_micros, full.left.read_at) == (price * 4 + 1, clock.now())
    assert (full.videos, full.warns_below_videos, full.warns_below_usd_micros) == (4, 5, price * 5)
    assert unread.left is not None
    assert (unread.left.read_at, unread.left.problem) == (None, "HTTP 401: wrong key")


def test_low_balances_are_the_emptiest_first_and_only_those_that_are_known() -> None:
    def left(name: str, usd_micros: int | None) -> Balance:
        return Balance(upstream=name, usd_micros=usd_micros, read_at=AT)

    told = [left("a", 4_000_000), left("b", 0), left("c", 5_000_000), left("d", None), left("gone", 0), left("free", 0)]
    found = low_balances(
        [*told, replace(told[1], upstream="never", read_at=None)],
        prices={"a": 1_000_000, "b": 1_000_000, "c": 1_000_000, "d": 1_000_000, "free": None, "never": 1},
        labels={name: name.upper() for name in "abcd"} | {"free": "F", "never": "N"},
        below_videos=5,
    )
    assert [(each.upstream, each.videos) for each in found] == [("b", 0), ("a", 4)]
    assert found[1] == LowBalance(upstream="a", label="A", left_usd_micros=4_000_000, videos=4, read_at=AT)
    assert low_balances(told, prices={"b": 1}, labels={"b": "B"}, below_videos=0) == ()


async def test_the_claim_is_somebody_elses_until_it_is_over(store: Store) -> None:
    book = StoredBalances(store)
    later = AT + timedelta(hours=1)
    claims = await asyncio.gather(*(book.claim("fal", now=AT, until=later) for _ in range(5)))
    assert sorted(claims) == [False, False, False, False, True]
    assert not await book.claim("fal", now=later - timedelta(seconds=1), until=later)
    assert await book.claim("fal", now=later, until=later + timedelta(hours=1))
