"""Budgets at their marks, models that end, accounts that run low: each is told once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from notice_desk import STUDIO, VIDEOS, NoticeDesk, notice_desk, words

from bot.catalogue.model import Tier
from bot.jobs.balances import LowBalance
from bot.store.tables.quota import BalanceRow
from bot.upstreams.registry import Registry

DM = "D0ADABOT01"


@pytest.fixture
async def desk(tmp_path: Path, database_url: str):
    async with notice_desk(tmp_path, database_url) as opened:
        yield opened


async def spent(
    desk: NoticeDesk, usd: float, *, reserved: float = 0, scope: str = "workspace", key: str = "", clips: int = 0
) -> None:
    """The month's balance as the ledger would have left it."""
    row = BalanceRow(
        team_id=desk.team_id,
        scope=scope,
        scope_key=key or desk.team_id,
        period=f"{desk.clock.now():%Y-%m}",
        captured_usd_micros=round(usd * 1_000_000),
        held_usd_micros=round(reserved * 1_000_000),
        captured_clips=clips,
    )
    await desk.store.write(lambda session: _put(session, row))


def _put(session, row):
    session.merge(row)


async def test_a_budget_speaks_at_half_three_quarters_and_nine_tenths_once_each(desk: NoticeDesk) -> None:
    await desk.choose(budget=[VIDEOS])
    writer = desk.writer()
    for usd in (10, 24.9, 25, 30, 37.5, 40, 44.9, 45, 49, 50):
        await spent(desk, usd)
        await writer.sweep()
        await writer.sweep()
        await desk.clock.advance(60)
    assert [each.text for each in desk.posts()] == [
        "$25.00 of $50.00 left for this workspace this month.",
        "$12.50 of $50.00 left for this workspace this month.",
        "$5.00 of $50.00 left for this workspace this month.",
    ]


async def test_it_says_how_long_the_rest_lasts_at_this_pace(desk: NoticeDesk) -> None:
    await desk.choose(budget=[VIDEOS])
    await spent(desk, 35.6, reserved=2)
    await desk.writer().sweep()
    [said] = desk.posts()
    assert "$12.40 of $50.00 left" in said.text
    assert "At this pace it lasts until the 28th." in words(said)
    assert "$2.00 more is reserved" in words(said)


async def test_only_the_highest_mark_is_said_and_money_that_comes_back_says_nothing_twice(desk: NoticeDesk) -> None:
    await desk.choose(budget=[VIDEOS])
    writer = desk.writer()
    for usd, reserved in ((40, 6), (40, 0), (20, 0), (40, 0), (46, 0)):
        await spent(desk, usd, reserved=reserved)
        await writer.sweep()
    assert [each.text[:6] for each in desk.posts()] == ["$4.00 ", "$10.00"]


async def test_a_new_month_begins_anew(desk: NoticeDesk) -> None:
    await desk.choose(budget=[VIDEOS])
    writer = desk.writer()
    await spent(desk, 26)
    await writer.sweep()
    await desk.clock.advance(15 * 86400)
    await writer.sweep()
    assert len(desk.posts()) == 1
    await spent(desk, 27)
    await writer.sweep()
    assert len(desk.posts()) == 2


async def test_a_channels_budget_speaks_in_that_channel_whatever_was_chosen(desk: NoticeDesk) -> None:
    await desk.choose(budget=[VIDEOS])
    await spent(desk, 10, scope="slack_channel", key=STUDIO, clips=80)
    await spent(desk, 19, scope="slack_channel", key=DM)
    await desk.writer().sweep()
    for place in (STUDIO, VIDEOS):
        assert sorted(each.text for each in desk.posts(place)) == [
            f"$10.00 of $20.00 left for <#{STUDIO}> this month.",
            f"20 of 100 videos left for <#{STUDIO}> this month.",
        ]


def ending(desk: NoticeDesk, at: datetime) -> Registry:
    """fal's first two models end then; Runway has the first of them too."""
    fal, runway, kling = desk.registry.upstreams
    first, second, *rest = fal.models
    changed = SimpleNamespace(**{name: getattr(fal, name) for name in ("name", "label", "protocol")}, tier=Tier.RELAY)
    changed.models = (with_end(first, at), with_end(second, at), *rest)
    return Registry([changed, runway, kling])


def with_end(model, at):
    return replace(model, retires_at=at)


async def test_an_ending_is_told_thirty_seven_and_one_day_before(desk: NoticeDesk) -> None:
    await desk.choose(sunset=[VIDEOS])
    desk.registry = ending(desk, datetime(2026, 12, 31, 12, tzinfo=UTC))
    writer = desk.writer()
    said = []
    for days_left in (31, 29.9, 15, 6.9, 6.5, 2, 0.9, 0.1, -1):
        desk.clock.leap((datetime(2026, 12, 31, 12, tzinfo=UTC) - desk.clock.now()).total_seconds() - days_left * 86400)
        await writer.sweep()
        said.append([each.text.rpartition(" in ")[2] for each in desk.posts()])
    assert said == [
        [],
        *[["30 days."]] * 2,
        *[["30 days.", "7 days."]] * 3,
        *[["30 days.", "7 days.", "1 day."]] * 3,
    ]
    labels = [each.label for each in desk.registry.upstream("fal").models[:2]]
    assert all(label in desk.posts()[0].text for label in labels)


async def test_an_account_that_runs_low_is_one_message_until_somebody_pays(desk: NoticeDesk) -> None:
    await desk.choose(balance=[VIDEOS])
    writer, again = desk.writer(alone=False), desk.writer(alone=False)
    low = LowBalance(upstream="fal", label="fal", left_usd_micros=3_100_000, videos=4, read_at=desk.clock.now())
    desk.low = [low]
    await writer.sweep()
    await again.sweep()
    assert [each.text for each in desk.posts()] == ["fal: $3.10 left, about 4 videos."]
    await desk.clock.advance(3600)
    desk.low = [LowBalance(upstream="fal", label="fal", left_usd_micros=500_000, videos=0, read_at=desk.clock.now())]
    await writer.sweep()
    assert [each.text for each in desk.posts()] == ["fal: $0.50 left, not enough for a video."]
    await desk.clock.advance(3600)
    desk.low = []
    await writer.sweep()
    assert [each.text for each in desk.posts()] == ["fal has money again."]
    await desk.clock.advance(timedelta(days=3).total_seconds())
    desk.low = [low]
    await writer.sweep()
    assert len(desk.posts()) == 2
