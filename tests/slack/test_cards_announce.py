"""The first message of a job: at most once, whatever happens to the answer."""

import asyncio
from pathlib import Path

import pytest
from breaking_slack import Busy, Drop, DropAfter, HangAfter, Page, Refuse
from slack_desk import opened_desk

from bot.jobs.surface import Announced
from bot.slack.ports import CardState


async def test_a_card_is_posted_once_and_a_repeated_step_only_looks(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        record = await desk.job()
        assert await desk.life().surface.announce(record) is Announced.POSTED
        assert await desk.life().surface.announce(record) is Announced.POSTED
        [post] = desk.slack.posts
        assert (post.channel, post.thread_ts, post.text) == ("C1", None, "#142 queued for 0 s")
        card = await desk.card()
        assert (card.state, card.ts, card.thread_ts) == (CardState.POSTED, post.ts, post.ts)


@pytest.mark.parametrize("fault", [DropAfter(), Drop(), Page(502), Refuse("internal_error")])
async def test_a_post_whose_answer_is_lost_is_not_repeated(tmp_path: Path, fault: object) -> None:
    async with opened_desk(tmp_path) as desk:
        record = await desk.job()
        desk.slack.faults["chat.postMessage"] = [fault]
        assert await desk.life().surface.announce(record) is Announced.UNKNOWN
        assert await desk.life().surface.announce(record) is Announced.UNKNOWN
        assert len(desk.slack.named("chat.postMessage")) == 1
        assert (await desk.card()).state is CardState.UNKNOWN


async def test_killed_between_posting_and_the_answer_the_next_process_posts_nothing(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        record = await desk.job()
        desk.slack.faults["chat.postMessage"] = [HangAfter()]
        first = asyncio.ensure_future(desk.life().surface.announce(record))
        await desk.slack.hanging.wait()
        first.cancel()
        assert (await desk.card()).state is CardState.INTENT
        assert await desk.life().surface.announce(record) is Announced.UNKNOWN
        assert len(desk.slack.posts) == 1


async def test_too_fast_means_wait_and_post_then(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        record, began = await desk.job(), desk.clock.now()
        desk.slack.faults["chat.postMessage"] = [Busy(7)]
        assert await desk.clock.finish(desk.life().surface.announce(record)) is Announced.POSTED
        assert (desk.clock.now() - began).total_seconds() >= 7
        assert len(desk.slack.posts) == 1


@pytest.mark.parametrize("code", ["not_in_channel", "channel_not_found", "is_archived", "restricted_action"])
async def test_a_place_that_takes_nothing_refuses_the_job(tmp_path: Path, code: str) -> None:
    async with opened_desk(tmp_path) as desk:
        record = await desk.job()
        desk.slack.faults["chat.postMessage"] = [Refuse(code)]
        assert await desk.life().surface.announce(record) is Announced.REFUSED
        assert await desk.life().surface.announce(record) is Announced.REFUSED
        assert (await desk.card()).refusal == code
        assert len(desk.slack.named("chat.postMessage")) == 1


async def test_a_dead_thread_gives_way_to_the_channel(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        record = await desk.job(thread_ts="1699.1")
        desk.slack.faults["chat.postMessage"] = [Refuse("thread_not_found")]
        assert await desk.life().surface.announce(record) is Announced.POSTED
        [post] = desk.slack.posts
        assert post.thread_ts is None
        assert (await desk.card()).thread_ts == post.ts


async def test_blocks_that_slack_does_not_take_leave_the_sentence_and_an_alarm(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        record = await desk.job()
        desk.slack.faults["chat.postMessage"] = [Refuse("invalid_blocks")]
        assert await desk.life().surface.announce(record) is Announced.POSTED
        assert desk.slack.posts[0].blocks == []
        assert desk.alarms == ["card_not_understood"]


async def test_a_click_tells_where_an_unanswered_card_is(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        record, life = await desk.job(), desk.life()
        desk.slack.faults["chat.postMessage"] = [DropAfter()]
        await life.surface.announce(record)
        ts = desk.slack.posts[0].ts
        await life.surface.adopt("j1", slack_channel_id="C1", ts=ts)
        card = await desk.card()
        assert (card.state, card.ts, card.shown_version) == (CardState.POSTED, ts, 0)
        await life.surface.adopt("j1", slack_channel_id="C1", ts="1.1")
        assert (await desk.card()).ts == ts


async def test_a_direct_message_is_kept_under_the_id_that_slack_gave_it(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        record = await desk.job(slack_channel_id="U1")
        await desk.life().surface.announce(record)
        assert (await desk.card()).slack_channel_id == "D9"
