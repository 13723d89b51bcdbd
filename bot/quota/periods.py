"""Days and months as people live them: in the workspace's time zone, through clock changes."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import assert_never
from zoneinfo import ZoneInfo


class Span(StrEnum):
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """One day or month of a time zone. `key` sorts by time within its span: "2026-11-21", "2026-11"."""

    span: Span
    key: str


def period_of(span: Span, now: datetime, tz: ZoneInfo) -> Period:
    """The period that holds the instant `now` (aware)."""
    today = now.astimezone(tz).date()
    match span:
        case Span.DAY:
            return Period(span=span, key=today.isoformat())
        case Span.MONTH:
            return Period(span=span, key=f"{today.year:04}-{today.month:02}")
        case _:
            assert_never(span)


def resets_at(period: Period, tz: ZoneInfo) -> datetime:
    """The first instant, in UTC, that no longer belongs to `period`.

    Where the clock jumps over midnight (Cairo, Santiago) the day begins at the jump: `fold=0` reads the missing wall
    time with the offset from before it, which is that very instant.
    """
    return datetime.combine(_first_day_after(period), time(), tzinfo=tz).astimezone(UTC)


def _first_day_after(period: Period) -> date:
    match period.span:
        case Span.DAY:
            return date.fromisoformat(period.key) + timedelta(days=1)
        case Span.MONTH:
            first = date.fromisoformat(period.key + "-01")
            return (first + timedelta(days=31)).replace(day=1)
        case _:
            assert_never(period.span)
