"""The one reply after a failure."""

import asyncio
from pathlib import Path

import pytest
from breaking_slack import Busy, DropAfter, HangAfter, Refuse
from slack_desk import Desk, opened_desk

from bot.jobs.model import Failure, JobRecord, JobState


async def failed(desk: Desk, failure: Failure = Failure.REFUSED, **columns: object) -> JobRecord:
    await desk.life().surface.announce(await desk.job())
    return await desk.change("j1", state=JobState.FAILED, failure=failure.value, reference="ab12cd34", **columns)


async def test_a_failure_is_one_reply_in_the_thread_that_mentions_the_requester(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        record = await failed(desk, failure_words="blood <!channel>")
        await desk.life().surface.tell_end(record)
        await desk.life().surface.tell_end(record)
        [card, told] = desk.slack.posts
        assert told.thread_ts == card.ts
        assert told.text == (
            "<@U1> video #142 was not made: the service turned it down. Nothing was charged. "
            "Press Edit on its message to change it. Reference ab12cd34."
        )


@pytest.mark.parametrize("failure", list(Failure))
async def test_every_failure_says_what_happened_and_whether_money_was_used(tmp_path: Path, failure: Failure) -> None:
    async with opened_desk(tmp_path) as desk:
        record = await failed(desk, failure, paid_usd_micros=800_000 if failure is Failure.VIDEO_LOST else 0)
        await desk.life().surface.tell_end(record)
        money = "$0.80" if failure is Failure.VIDEO_LOST else "Nothing was charged"
        named = "your prompt is kept" if failure is Failure.CANNOT_POST else "video #142"
        assert named in desk.slack.posts[-1].text
        assert money in desk.slack.posts[-1].text


@pytest.mark.parametrize("fault", [DropAfter(), Refuse("fatal_error")], ids=["lost", "unknown"])
async def test_a_reply_that_may_have_been_sent_is_not_sent_again(tmp_path: Path, fault: object) -> None:
    async with opened_desk(tmp_path) as desk:
        record = await failed(desk)
        desk.slack.faults["chat.postMessage"] = [fault]
        await desk.life().surface.tell_end(record)
        await desk.life().surface.tell_end(record)
        assert len(desk.slack.named("chat.postMessage")) == 2


async def test_killed_after_the_reply_was_posted_the_next_process_stays_silent(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        record = await failed(desk)
        desk.slack.faults["chat.postMessage"] = [HangAfter()]
        first = asyncio.ensure_future(desk.life().surface.tell_end(record))
        await desk.slack.hanging.wait()
        first.cancel()
        await asyncio.wait({first})
        await desk.life().surface.tell_end(record)
        assert len(desk.slack.posts) == 2


async def test_too_fast_means_a_little_later(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        record = await failed(desk)
        desk.slack.faults["chat.postMessage"] = [Busy(30)]
        await desk.clock.finish(desk.life().surface.tell_end(record))
        assert len(desk.slack.posts) == 2


async def test_where_the_place_is_gone_the_requester_hears_it_directly(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        record = await failed(desk)
        desk.slack.faults["chat.postMessage"] = [Refuse("is_archived")]
        await desk.life().surface.tell_end(record)
        await desk.life().surface.tell_end(record)
        assert [post.channel for post in desk.slack.posts] == ["C1", "D9"]


async def test_an_order_that_could_not_be_posted_is_told_to_its_requester_alone(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        desk.slack.faults["chat.postMessage"] = [Refuse("not_in_channel")]
        record = await failed(desk, Failure.CANNOT_POST)
        desk.private_works = True
        await desk.life().surface.tell_end(record)
        await desk.life().surface.tell_end(record)
        assert desk.told_privately == ["not_in_channel"]
        assert desk.slack.posts == []


async def test_and_directly_where_that_is_not_possible(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        desk.slack.faults["chat.postMessage"] = [Refuse("not_in_channel")]
        record = await failed(desk, Failure.CANNOT_POST)
        await desk.life().surface.tell_end(record)
        await desk.life().surface.tell_end(record)
        [told] = desk.slack.posts
        assert told.channel == "D9"
        assert told.text == "I'm not in <#C1> yet. Nothing was charged; your prompt is kept."
