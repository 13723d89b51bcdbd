"""Limits, and the one question asked of them before money moves: does this fit?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.quota.ledger import Balance
from bot.quota.periods import Period, Span, period_of, resets_at


class ScopeKind(StrEnum):
    PERSON = "person"
    SLACK_CHANNEL = "slack_channel"
    WORKSPACE = "workspace"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Scope:
    """Whose money: `key` is the Slack id of the person, channel or workspace."""

    kind: ScopeKind
    key: str


def scopes_of(*, team_id: str, user_id: str, slack_channel_id: str) -> tuple[Scope, ...]:
    """Everybody who pays for one order, in one fixed order."""
    return (
        Scope(kind=ScopeKind.PERSON, key=user_id),
        Scope(kind=ScopeKind.SLACK_CHANNEL, key=slack_channel_id),
        Scope(kind=ScopeKind.WORKSPACE, key=team_id),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The most that each scope of a kind may spend in a span: micro-dollars, clips, or both; 0 allows none.

    Raises:
        ValueError: it limits nothing, or a bound is negative.
    """

    scope: ScopeKind
    span: Span
    usd_micros: int | None = None
    clips: int | None = None

    def __post_init__(self) -> None:
        bounds = [bound for bound in (self.usd_micros, self.clips) if bound is not None]
        if not bounds or min(bounds) < 0:
            raise ValueError(f"a limit needs a bound of at least 0: {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where one scope stands under one limit. `left` never falls below 0; None where that unit has no limit."""

    limit: Limit
    period: Period
    usd_micros_used: int
    usd_micros_reserved: int
    usd_micros_left: int | None
    clips_used: int
    clips_reserved: int
    clips_left: int | None
    resets_at: datetime

    def takes(self, usd_micros: int) -> bool:
        """Whether one more video at this price fits. A free one passes any limit in money, but is a clip."""
        if self.clips_left == 0:
            return False
        return self.usd_micros_left is None or usd_micros <= self.usd_micros_left

    def could_ever_take(self, usd_micros: int) -> bool:
        """Whether it would fit into an untouched period."""
        if self.limit.clips == 0:
            return False
        return self.limit.usd_micros is None or usd_micros <= self.limit.usd_micros


@dataclass(frozen=True, slots=True, kw_only=True)
class OverLimit:
    """Nothing was reserved, and why. `standing` is the limit that stays in the way longest."""

    standing: Standing
    usd_micros: int
    affordable_usd_micros: int | None
    """The dearest video that fits now under every limit; 0: only a free one; None: not even that, no clip is left."""
    fits_at: datetime | None
    """When this order would fit if nothing else came; None: it is larger than the limit itself."""


def standing_under(limit: Limit, balance: Balance, now: datetime, tz: ZoneInfo) -> Standing:
    period = period_of(limit.span, now, tz)
    return Standing(
        limit=limit,
        period=period,
        usd_micros_used=balance.captured_usd_micros,
        usd_micros_reserved=balance.held_usd_micros,
        usd_micros_left=_left(limit.usd_micros, balance.captured_usd_micros + balance.held_usd_micros),
        clips_used=balance.captured_clips,
        clips_reserved=balance.held_clips,
        clips_left=_left(limit.clips, balance.captured_clips + balance.held_clips),
        resets_at=resets_at(period, tz),
    )


def standings(
    limits: Sequence[Limit], balances: Mapping[tuple[ScopeKind, Span], Balance], now: datetime, tz: ZoneInfo
) -> tuple[Standing, ...]:
    """One standing per limit, in the limits' order. A balance that is not there is an untouched one."""
    return tuple(standing_under(limit, balances.get((limit.scope, limit.span), Balance()), now, tz) for limit in limits)


def refusal(found: Sequence[Standing], usd_micros: int) -> OverLimit | None:
    """None: one video of at most `usd_micros` fits under every limit. Else what stands in the way, and how to go on."""
    if usd_micros < 0:
        raise ValueError("a price below zero")
    full = [each for each in found if not each.takes(usd_micros)]
    if not full:
        return None
    longest = max(full, key=lambda each: (not each.could_ever_take(usd_micros), each.resets_at))
    return OverLimit(
        standing=longest,
        usd_micros=usd_micros,
        affordable_usd_micros=_affordable(found),
        fits_at=longest.resets_at if longest.could_ever_take(usd_micros) else None,
    )


def _affordable(found: Sequence[Standing]) -> int | None:
    if any(each.clips_left == 0 for each in found):
        return None
    return min((each.usd_micros_left for each in found if each.usd_micros_left is not None), default=0)


def _left(bound: int | None, taken: int) -> int | None:
    return None if bound is None else max(0, bound - taken)
