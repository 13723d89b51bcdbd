"""Models that end at a service, and money that runs low there, as topics."""

import hashlib
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Protocol

from bot.catalogue.sunset import Ending, Sold, endings
from bot.clock import Clock
from bot.jobs.balances import LowBalance
from bot.slack.admin_ports import NoticeKind
from bot.slack.notice_ports import Topic
from bot.slack.views.purse import Endings, Heir, Purse, endings_told, purse_told
from bot.slack.views.told import SLACK
from bot.upstreams.registry import Registry

LOOK_EVERY = timedelta(minutes=1)
TOLD_FOR = timedelta(days=1)


class EndingTopics:
    """30, 7 and 1 days before, each said once: of one service and moment in one message."""

    def __init__(self, *, registry: Registry, clock: Clock) -> None:
        self._registry = registry
        self._clock = clock

    async def topics(self, _team_id: str) -> Sequence[Topic]:
        sold = [
            Sold(service=each.name, service_label=each.label, model=model, tier=each.tier)
            for each in self._registry.upstreams
            for model in each.models
        ]
        due = [each for each in endings(sold, self._clock.now()) if not each.is_over]
        together = groupby(due, key=lambda each: (each.retires_at, each.sold.service, each.notice_days))
        return [_ending(tuple(group)) for _, group in together]


def _ending(group: Sequence[Ending]) -> Topic:
    """One message; its name holds the models, so that one that joins them is told too."""
    first = group[0]
    names = hashlib.sha256("\n".join(each.sold.model.name for each in group).encode()).hexdigest()[:12]
    told = Endings(
        service=first.sold.service_label,
        models=tuple(each.sold.model.label for each in group),
        heirs=tuple(_heir(each) for each in group if each.heirs),
        ends_at=first.retires_at,
        days=math.ceil(first.left / timedelta(days=1)),
    )
    return Topic(
        key=f"sunset.{first.sold.service}.{first.retires_at:%Y%m%dT%H%M}.{names}.{first.notice_days}",
        kinds=(NoticeKind.SUNSET,),
        message=endings_told(told, SLACK).message(),
        ends=True,
    )


def _heir(ending: Ending) -> Heir:
    heir = ending.heirs[0]
    same = heir.model.name == ending.sold.model.name
    return Heir(of=ending.sold.model.label, model=heir.model.label, service=heir.service_label, is_same=same)


@dataclass(frozen=True, slots=True, kw_only=True)
class LowStretch:
    """A time in which one account was low. `over_at` None: it still is."""

    upstream: str
    since: datetime
    usd_micros_left: int
    videos_left: int
    read_at: datetime
    over_at: datetime | None = None


class LowBook(Protocol):
    """Implemented by `store`."""

    async def noted(self, low: Sequence[LowBalance], *, now: datetime) -> None:
        """Open a stretch for whoever is low now, bring the open ones up to date, end those that are not low."""

    async def stretches(self, *, since: datetime) -> Sequence[LowStretch]:
        """Open ones, and those over since then."""


class BalanceTopics:
    """One message per account and stretch, edited as the money shrinks, and when it is there again."""

    def __init__(
        self,
        *,
        low: Callable[[], Awaitable[Sequence[LowBalance]]],
        book: LowBook,
        registry: Registry,
        clock: Clock,
    ) -> None:
        """`low` says who runs dry: `jobs.balances.Balances.low`."""
        self._low = low
        self._book = book
        self._registry = registry
        self._clock = clock
        self._next_look_at: datetime | None = None

    async def topics(self, _team_id: str) -> Sequence[Topic]:
        now = self._clock.now()
        if self._next_look_at is None or now >= self._next_look_at:
            await self._book.noted(await self._low(), now=now)
            self._next_look_at = now + LOOK_EVERY
        return [self._of(each) for each in await self._book.stretches(since=now - TOLD_FOR)]

    def _of(self, stretch: LowStretch) -> Topic:
        purse = Purse(
            service=self._registry.label(stretch.upstream),
            left_usd_micros=stretch.usd_micros_left,
            videos=stretch.videos_left,
            read_at=stretch.read_at,
            topped_up=stretch.over_at is not None,
        )
        return Topic(
            key=f"balance.{stretch.upstream}.{stretch.since:%Y%m%dT%H%M%S}",
            kinds=(NoticeKind.BALANCE,),
            message=purse_told(purse, SLACK).message(),
            begins=stretch.over_at is None,
            ends=stretch.over_at is not None,
        )
