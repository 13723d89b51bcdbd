"""A video into its thread exactly once, whatever breaks, on a clock moved by hand."""

import asyncio
from pathlib import Path

import pytest
from breaking_slack import Busy, Drop, DropAfter, HangAfter, Page, Refuse
from slack_desk import Desk, Life, opened_desk

from bot.jobs.model import JobRecord, JobState
from bot.jobs.surface import Delivered
from bot.slack.ports import Delivery, DeliveryState, PosterState


async def made(desk: Desk, **columns: object) -> tuple[Life, JobRecord]:
    """A job whose card is posted and whose video has just been made."""
    life = desk.life()
    await life.surface.announce(await desk.job(**columns))
    return life, await desk.change("j1", state=JobState.DELIVERING)


async def delivered(desk: Desk, life: Life, record: JobRecord) -> Delivered:
    return await desk.clock.finish(life.surface.deliver(record, desk.video()))


async def eventually(life: Life, state: DeliveryState, desk: Desk) -> list[Delivery]:
    while True:
        rows = await life.deliveries.of_job("j1")
        if rows and rows[-1].state is state and desk.slack.named("files.completeUploadExternal"):
            return rows
        await asyncio.sleep(0.005)


def videos(desk: Desk) -> list[str]:
    return [each.name for each in desk.slack.shared]


async def test_the_video_goes_into_the_cards_thread_with_one_mention(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        life, record = await made(desk)
        assert await delivered(desk, life, record) is Delivered.SHARED
        [video] = desk.slack.shared
        assert video.name == "corgi-surfing-at-sunset-8s-142.mp4"
        assert video.title == "a corgi surfing at sunset (#142)"
        assert video.received == 300_000
        assert video.thread_ts == desk.slack.posts[0].ts
        assert video.comment == ("<@U1> your video #142 is ready. Made with AI: Animatic &lt;b&gt; · Preview.")
        assert "corgi" in video.alt_txt


async def test_a_repeated_step_sends_nothing(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        life, record = await made(desk)
        await delivered(desk, life, record)
        calls = len(desk.slack.calls)
        assert await delivered(desk, desk.life(), record) is Delivered.SHARED
        assert len(desk.slack.calls) == calls


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "upload", "files.completeUploadExternal"])
@pytest.mark.parametrize("fault", [Drop(), DropAfter(), Page(502), Busy(3)], ids=lambda fault: type(fault).__name__)
async def test_one_file_whatever_breaks_once(tmp_path: Path, method: str, fault: object) -> None:
    async with opened_desk(tmp_path) as desk:
        life, record = await made(desk)
        desk.slack.faults[method] = [fault]
        assert await delivered(desk, life, record) is Delivered.SHARED
        assert videos(desk) == ["corgi-surfing-at-sunset-8s-142.mp4"]


@pytest.mark.parametrize(
    "method", ["files.getUploadURLExternal", "upload", "files.completeUploadExternal", "files.info"]
)
async def test_killed_after_slack_did_it_the_next_process_makes_no_second_file(tmp_path: Path, method: str) -> None:
    async with opened_desk(tmp_path) as desk:
        life, record = await made(desk)
        desk.slack.faults[method] = [HangAfter()]
        first = asyncio.ensure_future(life.surface.deliver(record, desk.video()))
        await desk.clock.until(desk.slack.hanging.is_set)
        first.cancel()
        await asyncio.wait({first})
        assert await delivered(desk, desk.life(), record) is Delivered.SHARED
        assert videos(desk) == ["corgi-surfing-at-sunset-8s-142.mp4"]
        assert len(desk.slack.posts) == 1


async def test_killed_between_the_intent_and_completing_the_same_file_id_is_completed(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        life, record = await made(desk)
        desk.slack.faults["files.completeUploadExternal"] = [Drop()]
        first = asyncio.ensure_future(life.surface.deliver(record, desk.video()))
        await desk.clock.until(lambda: desk.slack.named("files.completeUploadExternal"))
        await asyncio.sleep(0.05)
        first.cancel()
        await asyncio.wait({first})
        [row] = await life.deliveries.of_job("j1")
        assert row.state is DeliveryState.COMPLETING
        assert await delivered(desk, desk.life(), record) is Delivered.SHARED
        assert [video.id for video in desk.slack.shared] == [row.file_id]


async def test_a_file_that_slack_forgot_gets_one_new_grant_a_minute_later(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        life, record = await made(desk)
        began = desk.clock.now()
        desk.slack.faults["files.completeUploadExternal"] = [Drop(), *[Refuse("file_not_found")] * 2]
        assert await delivered(desk, life, record) is Delivered.SHARED
        assert (desk.clock.now() - began).total_seconds() >= 60
        assert len(videos(desk)) == 1


async def test_a_share_that_shows_late_is_waited_for(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        life, record = await made(desk)
        desk.slack.seen_after_looks = 5
        assert await delivered(desk, life, record) is Delivered.SHARED


async def test_without_files_read_the_delivery_says_at_once_that_it_is_unconfirmed(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        life, record = await made(desk)
        desk.slack.missing_scopes.add("files:read")
        began = desk.clock.now()
        assert await delivered(desk, life, record) is Delivered.UNCONFIRMED
        assert (desk.clock.now() - began).total_seconds() < 10
        assert len(videos(desk)) == 1


async def test_a_share_that_never_shows_is_unconfirmed_and_send_again_finds_it_later(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        life, record = await made(desk)
        desk.slack.seen_after_looks = 100
        assert await delivered(desk, life, record) is Delivered.UNCONFIRMED
        desk.slack.seen_after_looks = 0
        await desk.change("j1", state=JobState.DELIVERED)
        await desk.clock.advance(5)
        again = await desk.change("j1", state=JobState.DELIVERING)
        assert await delivered(desk, desk.life(), again) is Delivered.SHARED
        assert len(videos(desk)) == 1
        assert len(desk.slack.named("upload")) == 2  # the video and its poster


async def test_send_again_of_one_that_never_showed_leaves_one_file(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        life, record = await made(desk)
        desk.slack.missing_scopes.add("files:read")
        assert await delivered(desk, life, record) is Delivered.UNCONFIRMED
        await desk.change("j1", state=JobState.DELIVERED)
        await desk.clock.advance(5)
        again = await desk.change("j1", state=JobState.DELIVERING)
        assert await delivered(desk, life, again) is Delivered.UNCONFIRMED
        assert len(videos(desk)) == 1
        rows = await life.deliveries.of_job("j1")
        assert len({row.file_id for row in rows}) == 2


@pytest.mark.parametrize("code", ["storage_limit_reached", "file_uploads_disabled", "file_type_not_allowed"])
async def test_a_workspace_that_takes_no_file_is_told_why_and_the_video_is_kept(tmp_path: Path, code: str) -> None:
    async with opened_desk(tmp_path) as desk:
        life, record = await made(desk)
        desk.slack.faults["files.completeUploadExternal"] = [Refuse(code)]
        assert await delivered(desk, life, record) is Delivered.REFUSED
        assert await delivered(desk, desk.life(), record) is Delivered.REFUSED
        assert len(desk.slack.named("files.completeUploadExternal")) == 1
        [_, told] = desk.slack.posts
        assert told.thread_ts == desk.slack.posts[0].ts
        assert told.text.startswith("<@U1> video #142 is ready, but ")
        assert "Send again" in told.text


async def test_after_a_refusal_send_again_delivers(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        life, record = await made(desk)
        desk.slack.faults["files.completeUploadExternal"] = [Refuse("storage_limit_reached")]
        await delivered(desk, life, record)
        await desk.change("j1", state=JobState.FAILED)
        await desk.clock.advance(5)
        again = await desk.change("j1", state=JobState.DELIVERING)
        assert await delivered(desk, life, again) is Delivered.SHARED
        assert len(videos(desk)) == 1


@pytest.mark.parametrize(
    "code", ["is_archived", "not_in_channel", "channel_not_found", "slack_connect_blocked_file_type"]
)
async def test_a_place_that_died_sends_the_video_directly_with_the_reason(tmp_path: Path, code: str) -> None:
    async with opened_desk(tmp_path) as desk:
        life, record = await made(desk)
        desk.slack.faults["files.completeUploadExternal"] = [Refuse(code)]
        assert await delivered(desk, life, record) is Delivered.SHARED
        [video] = desk.slack.shared
        assert (video.channel, video.thread_ts) == ("D9", None)
        assert desk.slack.posts[1].channel == "D9"
        assert "can't post video #142" in desk.slack.posts[1].text
        assert await delivered(desk, desk.life(), record) is Delivered.SHARED
        assert len(desk.slack.posts) == 2


async def test_a_dead_thread_gives_way_to_the_channel(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        life, record = await made(desk)
        desk.slack.faults["files.completeUploadExternal"] = [Refuse("thread_not_found")]
        assert await delivered(desk, life, record) is Delivered.SHARED
        [video] = desk.slack.shared
        assert (video.channel, video.thread_ts) == ("C1", None)


async def test_a_dead_token_stops_the_delivery_with_an_alarm(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        life, record = await made(desk)
        desk.slack.faults["files.getUploadURLExternal"] = [Refuse("token_revoked")]
        desk.slack.faults["chat.postMessage"] = [Refuse("token_revoked")]
        assert await delivered(desk, life, record) is Delivered.REFUSED
        assert desk.alarms == ["file_refused"]
        assert len(desk.slack.posts) == 1
        assert len(desk.slack.named("chat.postMessage")) == 2


async def test_slack_away_for_long_keeps_the_video(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        life, record = await made(desk)
        desk.slack.faults["files.getUploadURLExternal"] = [Page(503)] * 100
        assert await delivered(desk, life, record) is Delivered.REFUSED
        assert "could not be reached" in desk.slack.posts[1].text


async def test_the_poster_is_private_and_tried_once(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        life, record = await made(desk)
        await delivered(desk, life, record)
        card = await desk.card()
        assert card.poster is PosterState.READY
        poster = desk.slack.uploads[card.poster_file_id]
        assert (poster.completed, poster.channel) == (True, None)


@pytest.mark.parametrize("fault", [Refuse("file_type_not_allowed"), DropAfter()], ids=["refused", "lost"])
async def test_trouble_with_the_poster_is_nobodys_trouble(tmp_path: Path, fault: object) -> None:
    async with opened_desk(tmp_path) as desk:
        life, record = await made(desk)
        desk.slack.faults["files.completeUploadExternal"] = [None, fault]
        assert await delivered(desk, life, record) is Delivered.SHARED
        assert (await desk.card()).poster is PosterState.REFUSED
        assert len(videos(desk)) == 1


async def test_take_away_deletes_card_file_message_and_poster(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        life, record = await made(desk)
        await delivered(desk, life, record)
        await desk.clock.finish(life.surface.take_away(record))
        await desk.clock.finish(life.surface.take_away(record))
        assert videos(desk) == []
        assert [each.unposted for each in desk.slack.uploads.values() if each.channel] == [True]
        assert all(each.deleted for each in desk.slack.uploads.values())
        assert desk.slack.posts[0].deleted


async def test_two_processes_at_once_make_one_file(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        life, record = await made(desk)
        video, other = desk.video(), desk.life()
        both = asyncio.gather(life.surface.deliver(record, video), other.surface.deliver(record, video))
        assert await desk.clock.finish(both) == [Delivered.SHARED, Delivered.SHARED]
        [shared] = desk.slack.shared
        completed = [told["files"][0]["id"] for told in desk.slack.named("files.completeUploadExternal")]
        assert completed.count(shared.id) == 1
        assert len([each for each in desk.slack.uploads.values() if each.name.endswith("mp4")]) <= 2


async def test_the_right_to_complete_is_given_once(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        life, record = await made(desk)
        desk.slack.faults["files.completeUploadExternal"] = [Busy(1)]
        delivering = asyncio.ensure_future(life.surface.deliver(record, desk.video()))
        [row] = await eventually(life, DeliveryState.UPLOADED, desk)
        assert await life.deliveries.moved(row, DeliveryState.COMPLETING, at=desk.clock.now())  # somebody else
        await desk.clock.advance(5)
        completed = [told["files"][0]["id"] for told in desk.slack.named("files.completeUploadExternal")]
        assert completed.count(row.file_id) == 1
        delivering.cancel()
        await asyncio.wait({delivering})
