"""The card writer over a real socket and database, on a clock moved by hand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from breaking_slack import Busy, DropAfter, HangAfter, Refuse
from slack_desk import UNDRAWABLE, Desk, Life, opened_desk

from bot.jobs.model import JobState
from bot.slack.cards import LEASE_S
from bot.slack.ports import CardState, PosterState


@asynccontextmanager
async def writing(life: Life) -> AsyncIterator[None]:
    running = asyncio.ensure_future(life.writer.run())
    try:
        yield
        assert not running.done()
    finally:
        running.cancel()
        await asyncio.wait({running})


async def announced(desk: Desk, job_id: str = "j1", *, number: int = 142, **columns: object) -> Life:
    life = desk.life()
    await life.surface.announce(await desk.job(job_id, number=number, **columns))
    return life


async def test_a_change_is_shown_even_when_nobody_tells_the_writer(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        life = await announced(desk)
        async with writing(life):
            await desk.change("j1", state=JobState.RENDERING)
            await desk.clock.until(lambda: "rendering" in desk.slack.posts[0].text, within_s=15)
        assert len(desk.slack.posts) == 1


async def test_edits_of_one_card_keep_their_distance_and_show_only_the_newest(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        life, began = await announced(desk), desk.clock.now()
        async with writing(life):
            for state in (JobState.SUBMITTING, JobState.RENDERING):
                await desk.change("j1", state=state)
                life.writer.changed("j1")
            await desk.clock.until(lambda: desk.slack.posts[0].edits, within_s=10)
        assert (desk.clock.now() - began).total_seconds() >= 4
        assert desk.slack.posts[0].edits == 1
        assert desk.slack.posts[0].text.startswith("#142 rendering")


async def test_ends_go_first_and_soon(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        life = await announced(desk)
        for number in range(2, 9):
            await life.surface.announce(await desk.job(f"j{number}", number=number))
        for number in range(2, 9):
            await desk.change(f"j{number}", state=JobState.RENDERING)
        await desk.change("j1", state=JobState.DELIVERED)
        async with writing(life):
            await desk.clock.until(lambda: desk.slack.named("chat.update"), within_s=3)
        assert desk.slack.named("chat.update")[0]["text"] == "#142 delivered"


async def test_elapsed_time_moves_every_half_minute_and_an_ended_card_rests(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        life = await announced(desk)
        async with writing(life):
            await desk.change("j1", state=JobState.RENDERING)
            await desk.clock.advance(100)
            moving = desk.slack.posts[0].edits
            await desk.change("j1", state=JobState.DELIVERED)
            await desk.clock.advance(10)
            ended = desk.slack.posts[0].edits
            await desk.clock.advance(300)
        assert 3 <= moving <= 5
        assert ended == moving + 1
        assert desk.slack.posts[0].edits == ended


async def test_too_fast_pauses_the_workspace_across_a_restart(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        life = await announced(desk)
        await desk.change("j1", state=JobState.DELIVERED)
        desk.slack.faults["chat.update"] = [Busy(90)]
        async with writing(life):
            await desk.clock.until(lambda: desk.slack.named("chat.update"), within_s=10)
            await desk.clock.advance(20)
        async with writing(desk.life()):
            await desk.clock.advance(50)
            assert len(desk.slack.named("chat.update")) == 1
            await desk.clock.until(lambda: desk.slack.posts[0].text == "#142 delivered", within_s=60)


async def test_a_deleted_card_gets_one_successor_in_its_thread(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        life = await announced(desk)
        first = desk.slack.posts[0]
        first.deleted = True
        async with writing(life):
            await desk.change("j1", state=JobState.RENDERING)
            await desk.clock.until(lambda: len(desk.slack.posts) == 2, within_s=20)
            second = desk.slack.posts[1]
            assert second.thread_ts == first.ts
            await desk.clock.advance(10)
            second.deleted = True
            await desk.change("j1", state=JobState.DELIVERED)
            await desk.clock.advance(60)
        assert len(desk.slack.posts) == 2
        assert (await desk.card()).thread_ts == first.ts


@pytest.mark.parametrize("code", ["cant_update_message", "edit_window_closed"])
async def test_a_card_that_takes_no_edits_is_replaced(tmp_path: Path, code: str) -> None:
    async with opened_desk(tmp_path) as desk:
        life = await announced(desk)
        await desk.change("j1", state=JobState.DELIVERED)
        desk.slack.faults["chat.update"] = [Refuse(code)]
        async with writing(life):
            await desk.clock.until(lambda: len(desk.slack.posts) == 2, within_s=20)
        assert desk.slack.posts[1].text == "#142 delivered"


async def test_a_card_of_unknown_fate_gets_one_message_at_the_end(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        desk.slack.faults["chat.postMessage"] = [DropAfter()]
        life = await announced(desk)
        async with writing(life):
            await desk.change("j1", state=JobState.RENDERING)
            await desk.clock.advance(60)
            assert len(desk.slack.posts) == 1
            await desk.change("j1", state=JobState.DELIVERED)
            await desk.clock.until(lambda: len(desk.slack.posts) == 2, within_s=20)
            await desk.clock.advance(60)
        assert [post.text for post in desk.slack.posts] == ["#142 queued for 0 s", "#142 delivered"]


async def test_an_adopted_card_is_brought_up_to_date_and_nothing_more_is_posted(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        desk.slack.faults["chat.postMessage"] = [DropAfter()]
        life = await announced(desk)
        async with writing(life):
            await life.surface.adopt("j1", slack_channel_id="C1", ts=desk.slack.posts[0].ts)
            await desk.change("j1", state=JobState.DELIVERED)
            await desk.clock.until(lambda: desk.slack.posts[0].text == "#142 delivered", within_s=20)
            await desk.clock.advance(60)
        assert len(desk.slack.posts) == 1


async def test_killed_in_an_edit_the_next_process_shows_the_end_and_repeats_it_once(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        life = await announced(desk)
        await desk.change("j1", state=JobState.RENDERING)
        desk.slack.faults["chat.update"] = [HangAfter()]
        async with writing(life):
            await desk.clock.until(desk.slack.hanging.is_set, within_s=10)
        await desk.change("j1", state=JobState.DELIVERED)
        post = desk.slack.posts[0]
        async with writing(desk.life()):
            await desk.clock.until(lambda: post.text == "#142 delivered", within_s=10)
            shown = post.edits
            post.text = "a stale edit that came late"
            await desk.clock.until(lambda: post.text == "#142 delivered", within_s=LEASE_S + 10)
            await desk.clock.advance(200)
        assert post.edits == shown + 1


async def test_an_edit_without_an_answer_is_made_again_and_its_end_said_twice(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        life = await announced(desk)
        await desk.change("j1", state=JobState.DELIVERED)
        desk.slack.faults["chat.update"] = [DropAfter()]
        async with writing(life):
            await desk.clock.advance(LEASE_S + 30)
        assert [told["text"] for told in desk.slack.named("chat.update")] == ["#142 delivered"] * 3


async def test_one_writer_a_workspace_until_its_lease_runs_out(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        life = await announced(desk)
        cards, now = life.cards, desk.clock.now()
        until = now + timedelta(seconds=30)
        assert await cards.lease("T1", "a", now=now, until=until, at_once=False) is not None
        assert await cards.lease("T1", "b", now=now, until=until, at_once=False) is None
        assert await cards.lease("T1", "a", now=now, until=until, at_once=False) is not None
        taken = await cards.lease("T1", "b", now=until, until=until + timedelta(seconds=30), at_once=False)
        assert taken is not None
        assert taken.taken_over_at == until
        assert await cards.lease("T1", "a", now=until, until=until, at_once=False) is None


async def test_a_second_replica_leaves_the_cards_alone(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        await announced(desk)
        first, second = desk.life(alone=False), desk.life(alone=False)
        async with writing(first), writing(second):
            await desk.change("j1", state=JobState.RENDERING)
            await desk.clock.until(lambda: desk.slack.posts[0].edits, within_s=20)
            await desk.change("j1", state=JobState.DELIVERED)
            await desk.clock.advance(90)
        assert desk.slack.posts[0].edits == 2


async def test_a_picture_that_slack_does_not_take_leaves_a_card_without_one(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        life = await announced(desk)
        await life.cards.poster("j1", PosterState.READY, "F7")
        await desk.change("j1", state=JobState.DELIVERED)
        desk.slack.faults["chat.update"] = [Refuse("invalid_blocks")]
        async with writing(life):
            await desk.clock.until(lambda: desk.slack.posts[0].text == "#142 delivered", within_s=20)
        assert [block["type"] for block in desk.slack.posts[0].blocks] == ["section"]
        assert desk.alarms == []


async def test_a_dead_token_stops_the_workspace(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        life = await announced(desk)
        await desk.change("j1", state=JobState.DELIVERED)
        desk.slack.faults["chat.update"] = [Refuse("token_revoked")]
        async with writing(life):
            await desk.clock.advance(120)
        assert len(desk.slack.named("chat.update")) == 1
        assert desk.alarms == ["slack_token_dead"]


async def test_an_archived_channel_is_given_up_without_failing_the_job(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        life = await announced(desk)
        await desk.change("j1", state=JobState.RENDERING)
        desk.slack.faults["chat.update"] = [Refuse("is_archived")]
        desk.slack.faults["chat.postMessage"] = [Refuse("is_archived")]
        async with writing(life):
            await desk.clock.advance(120)
        assert (await desk.card()).state is CardState.GONE
        assert len(desk.slack.posts) == 1


async def test_what_is_taken_away_stays_away(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        life = await announced(desk)
        record = await desk.change("j1", state=JobState.FAILED)
        async with writing(life):
            await desk.clock.advance(10)
            await life.surface.take_away(record)
            await desk.change("j1", removed_at=desk.clock.now())
            await desk.clock.advance(120)
        assert [post.deleted for post in desk.slack.posts] == [True]


async def test_a_card_that_cannot_be_drawn_does_not_stand_in_the_way(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        life = await announced(desk)
        await life.surface.announce(await desk.job("j2", number=2))
        await desk.change("j1", state=JobState.DELIVERED, prompt=UNDRAWABLE)
        await desk.change("j2", state=JobState.DELIVERED)
        async with writing(life):
            await desk.clock.until(lambda: desk.slack.posts[1].text == "#2 delivered", within_s=30)
