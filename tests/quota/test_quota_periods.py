from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.quota.periods import Period, Span, period_of, resets_at

zones = st.sampled_from(sorted(available_timezones() - {"localtime"})).map(ZoneInfo)
instants = st.datetimes(datetime(2024, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))


@given(now=instants, tz=zones, span=st.sampled_from(Span))
@settings(max_examples=300)
def test_a_period_ends_at_the_very_instant_the_next_one_begins(now: datetime, tz: ZoneInfo, span: Span) -> None:
    period = period_of(span, now, tz)
    end = resets_at(period, tz)
    assert end > now
    assert period_of(span, end - timedelta(microseconds=1), tz) == period
    assert period_of(span, end, tz).key > period.key


@given(now=instants, tz=zones)
def test_a_day_lies_in_its_month_and_ends_no_later(now: datetime, tz: ZoneInfo) -> None:
    day, month = period_of(Span.DAY, now, tz), period_of(Span.MONTH, now, tz)
    assert day.key.startswith(month.key)
    assert resets_at(day, tz) <= resets_at(month, tz)


@pytest.mark.parametrize("name", ["Africa/Cairo", "America/Santiago", "America/Havana", "Asia/Beirut", "America/Nuuk"])
def test_every_day_of_two_years_follows_the_last_where_the_clock_jumps_at_midnight(name: str) -> None:
    tz = ZoneInfo(name)
    now = datetime(2026, 1, 1, 12, tzinfo=UTC)
    for _ in range(730):
        period = period_of(Span.DAY, now, tz)
        now = resets_at(period, tz)
        assert period_of(Span.DAY, now, tz).key > period.key
        assert period_of(Span.DAY, now - timedelta(seconds=1), tz) == period


def test_the_persons_evening_is_not_yet_tomorrow() -> None:
    late = datetime(2026, 12, 1, 4, 30, tzinfo=UTC)
    assert period_of(Span.DAY, late, ZoneInfo("America/New_York")) == Period(span=Span.DAY, key="2026-11-30")
    assert period_of(Span.MONTH, late, ZoneInfo("America/New_York")) == Period(span=Span.MONTH, key="2026-11")
    assert period_of(Span.MONTH, late, ZoneInfo("Europe/Berlin")) == Period(span=Span.MONTH, key="2026-12")


def test_a_month_resets_on_the_first_also_from_january_the_31st_and_december() -> None:
    utc = ZoneInfo("UTC")
    assert resets_at(Period(span=Span.MONTH, key="2026-01"), utc) == datetime(2026, 2, 1, tzinfo=UTC)
    assert resets_at(Period(span=Span.MONTH, key="2028-02"), utc) == datetime(2028, 3, 1, tzinfo=UTC)
    assert resets_at(Period(span=Span.MONTH, key="2026-12"), utc) == datetime(2027, 1, 1, tzinfo=UTC)


def test_the_day_of_a_clock_change_has_23_or_25_hours() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    spring = Period(span=Span.DAY, key="2026-03-29")
    autumn = Period(span=Span.DAY, key="2026-10-25")
    assert resets_at(spring, berlin) - datetime(2026, 3, 28, 23, tzinfo=UTC) == timedelta(hours=23)
    assert resets_at(autumn, berlin) - datetime(2026, 10, 24, 22, tzinfo=UTC) == timedelta(hours=25)
