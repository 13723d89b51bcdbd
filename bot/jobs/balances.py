"""What is left of the money paid beforehand at each service, asked once an hour by one process of all.

A balance is a warning and never a gate: what a service takes is its own word, and it says no by itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Protocol

from bot.catalogue.model import Billing
from bot.clock import Clock
from bot.jobs.book import BookAway
from bot.providers.base import TellsBalance
from bot.providers.errors import ProviderError
from bot.upstreams.registry import Registry, Upstream

EVERY = timedelta(hours=1)
LOOK_S = 300.0
"""How often a process sees whether one is due: after a death somebody else asks within minutes."""
FIRST_PRICE_LENGTH_S = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """One account as it was last heard of."""

    upstream: str
    usd_micros: int | None
    """None: the service does not say it to our key."""
    read_at: datetime | None
    """When it was last told; None: never."""
    problem: str = ""
    """Why the last question brought no answer. What was known before stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LowBalance:
    """Little is left: "fal: $3.10 left, about 4 videos"."""

    upstream: str
    label: str
    left_usd_micros: int
    videos: int
    """At what a video usually costs there, rounded down."""
    read_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One configured service that tells what is left, as admins read of it."""

    upstream: str
    left: Balance | None
    """None: it was not asked yet."""
    videos: int | None
    """What is left is enough for so many at what one usually costs there, rounded down; None: not known."""
    warns_below_videos: int
    """Fewer than so many are a notice; 0: never."""
    warns_below_usd_micros: int | None
    """The same in money; None: nothing there costs."""


class BalanceBook(Protocol):
    """The rows of balances; implemented by `store`."""

    async def claim(self, upstream: str, *, now: datetime, until: datetime) -> bool:
        """Be the one that asks this service until then; compared, set and committed. False: it was asked."""

    async def told(self, upstream: str, *, usd_micros: int | None, at: datetime) -> None: ...

    async def silent(self, upstream: str, *, problem: str) -> None: ...

    async def balances(self) -> Sequence[Balance]: ...

    async def recent_prices(self, upstream: str) -> Sequence[int]:
        """What the latest videos that cost something were priced at, in micro-dollars."""


class Balances:
    """`once` asks whoever is due; `low` says who runs dry; `accounts` how all of them stand."""

    def __init__(self, registry: Registry, book: BalanceBook, clock: Clock, *, low_below_videos: int) -> None:
        self._registry, self._book, self._clock = registry, book, clock
        self._low_below_videos = low_below_videos

    async def run(self) -> None:
        while True:
            with suppress(BookAway):  # Next time; what was claimed meanwhile is asked within the hour.
                await self.once()
            await self._clock.sleep(LOOK_S)

    async def once(self) -> None:
        for upstream in self._registry.upstreams:
            if isinstance(upstream.provider, TellsBalance):
                now = self._clock.now()
                if await self._book.claim(upstream.name, now=now, until=now + EVERY):
                    await self._ask(upstream.name, upstream.provider)

    async def low(self) -> tuple[LowBalance, ...]:
        """Of the services configured now, those that can pay for fewer videos than the setting says."""
        prices = {each.name: await self._usual_price(each) for each in self._registry.upstreams}
        labels = {each.name: each.label for each in self._registry.upstreams}
        return low_balances(
            await self._book.balances(), prices=prices, labels=labels, below_videos=self._low_below_videos
        )

    async def accounts(self) -> tuple[Account, ...]:
        """Of the services configured now, those that tell; in the settings' order."""
        known = {each.upstream: each for each in await self._book.balances()}
        telling = [each for each in self._registry.upstreams if isinstance(each.provider, TellsBalance)]
        return tuple(
            [self._account(known.get(each.name), each.name, await self._usual_price(each)) for each in telling]
        )

    def _account(self, left: Balance | None, upstream: str, price: int | None) -> Account:
        usd_micros = left.usd_micros if left is not None else None
        return Account(
            upstream=upstream,
            left=left,
            videos=usd_micros // price if usd_micros is not None and price else None,
            warns_below_videos=self._low_below_videos,
            warns_below_usd_micros=price * self._low_below_videos if price else None,
        )

    async def _ask(self, name: str, purse: TellsBalance) -> None:
        try:
            left = await purse.balance()
        except ProviderError as error:
            await self._book.silent(name, problem=error.detail)
            return
        await self._book.told(name, usd_micros=left, at=self._clock.now())

    async def _usual_price(self, upstream: Upstream) -> int | None:
        paid = await self._book.recent_prices(upstream.name)
        return round(median(paid)) if paid else first_price(upstream)


def low_balances(
    balances: Iterable[Balance], *, prices: Mapping[str, int | None], labels: Mapping[str, str], below_videos: int
) -> tuple[LowBalance, ...]:
    """Who can pay for fewer than so many videos at the usual price; the emptiest first. 0 videos turns it off."""
    low = []
    for each in balances:
        price = prices.get(each.upstream)
        if each.usd_micros is None or each.read_at is None or not price:
            continue
        if (videos := each.usd_micros // price) < below_videos:
            low.append(
                LowBalance(
                    upstream=each.upstream,
                    label=labels[each.upstream],
                    left_usd_micros=each.usd_micros,
                    videos=videos,
                    read_at=each.read_at,
                )
            )
    return tuple(sorted(low, key=lambda each: (each.videos, each.upstream)))


def first_price(upstream: Upstream) -> int | None:
    """What an ordinary video of its cheapest model costs, where none was made yet; None: nothing there costs."""
    found = []
    for model in upstream.models:
        if model.price.billing is not Billing.FREE:
            length_s = min(model.lengths_s, key=lambda each: abs(each - FIRST_PRICE_LENGTH_S))
            found.append(min(model.price.of(length_s=length_s, resolution=each) for each in model.resolutions))
    return min(found, default=None)
