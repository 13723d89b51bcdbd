"""One message per incident and Slack channel, edited as it develops; what is told in its thread; two processes."""

import asyncio
from pathlib import Path

import pytest
from notice_desk import SECRET, STUDIO, VIDEOS, NoticeDesk, notice_desk, words

from bot.demo.slack import Drop, RateLimited, Silence
from bot.upstreams.health import HealthState
from bot.upstreams.registry import Registry


@pytest.fixture
async def desk(tmp_path: Path, database_url: str):
    async with notice_desk(tmp_path, database_url) as opened:
        yield opened


async def test_an_incident_is_one_message_that_is_edited_until_its_end(desk: NoticeDesk) -> None:
    await desk.choose(status=[VIDEOS, STUDIO])
    writer = desk.writer()
    await desk.trouble(cause="unreachable")
    await writer.sweep()
    [said] = desk.posts()
    assert "fal is not used at the moment." in said.text
    assert "It cannot be reached." in words(said)
    assert "New videos go to Runway and Kling" in words(said)
    await desk.clock.advance(600)
    await desk.moved(extra_usd_micros=400_000)
    await desk.moved()
    await writer.sweep()
    assert "2 videos moved to another service, for $0.40 more in all." in words(desk.posts()[0])
    await desk.clock.advance(1680)
    await desk.over()
    await writer.sweep()
    for place in (VIDEOS, STUDIO):
        [said] = desk.posts(place)
        assert "fal works again." in said.text
        assert "It was out for 38 min." in words(said)
        assert "2 videos moved to another service, for $0.40 more in all." in words(said)
        assert [each.text for each in desk.thread(said)] == ["fal is not used at the moment.", "fal works again."]


async def test_nothing_new_is_no_edit(desk: NoticeDesk) -> None:
    await desk.choose(status=[VIDEOS])
    writer = desk.writer()
    await desk.trouble()
    for _ in range(20):
        await writer.sweep()
        await desk.clock.advance(60)
    assert len(desk.slack.calls.of("chat.update")) == 0
    assert len(desk.slack.calls.of("chat.postMessage")) == 2


async def test_several_models_and_then_the_whole_service_are_one_message(desk: NoticeDesk) -> None:
    await desk.choose(status=[VIDEOS])
    writer = desk.writer()
    first, second = [each.name for each in desk.registry.upstream("fal").models[:2]]
    labels = [each.label for each in desk.registry.upstream("fal").models[:2]]
    await desk.trouble(model=first)
    await writer.sweep()
    assert f"{labels[0]} at fal is not used" in desk.posts()[0].text
    await desk.clock.advance(60)
    await desk.trouble(model=second)
    await writer.sweep()
    [said] = desk.posts()
    assert all(label in said.text for label in labels)
    await desk.clock.advance(60)
    await desk.trouble()
    await writer.sweep()
    [said] = desk.posts()
    assert said.text == "fal is not used at the moment."


async def test_an_outage_of_a_service_is_told_anew_beside_its_model_that_is_gone_for_good(desk: NoticeDesk) -> None:
    await desk.choose(status=[VIDEOS])
    writer = desk.writer()
    model = desk.registry.upstream("fal").models[0]
    await desk.trouble(model=model.name, state=HealthState.RETIRED, cause="retired")
    await writer.sweep()
    await desk.clock.advance(3600)
    for _ in range(2):
        await desk.trouble()
        await writer.sweep()
        await desk.clock.advance(3600)
        await desk.over()
        await writer.sweep()
        await desk.clock.advance(3600)
    gone, *outages = desk.posts()
    assert gone.text == f"{model.label} at fal has been shut down."
    assert [each.text for each in outages] == ["fal works again."] * 2
    assert [each.text for each in desk.thread(gone)] == [gone.text]


async def test_what_comes_back_within_a_quarter_of_an_hour_opens_the_same_message_again(desk: NoticeDesk) -> None:
    await desk.choose(status=[VIDEOS])
    writer = desk.writer()
    for _ in range(6):
        await desk.trouble()
        await writer.sweep()
        assert "not used at the moment" in desk.posts()[0].text
        await desk.clock.advance(120)
        await desk.over()
        await writer.sweep()
        assert "works again" in desk.posts()[0].text
        await desk.clock.advance(300)
    [said] = desk.posts()
    assert "It was out for 37 min." in words(said)
    assert len(desk.thread(said)) == 2
    await desk.clock.advance(900)
    await writer.sweep()
    assert [each.text for each in desk.thread(said)][1:] == ["fal works again.", "fal works again."]
    await desk.clock.advance(3600)
    await desk.trouble()
    await writer.sweep()
    assert len(desk.posts()) == 2


async def test_reminders_come_after_one_hour_four_hours_and_each_day(desk: NoticeDesk) -> None:
    await desk.choose(status=[VIDEOS])
    writer = desk.writer()
    await desk.trouble()
    at = {}
    for hour in range(50):
        await writer.sweep()
        for each in desk.thread(desk.posts()[0])[1:]:
            at.setdefault(each.ts, hour)
        await desk.clock.advance(3600)
    assert sorted(at.values()) == [1, 4, 24, 48]
    assert len(desk.posts()) == 1


async def test_a_bot_that_was_away_reminds_once_and_not_for_every_hour_it_missed(desk: NoticeDesk) -> None:
    await desk.choose(status=[VIDEOS])
    await desk.trouble()
    await desk.writer().sweep()
    await desk.clock.advance(5 * 3600)
    await desk.writer().sweep()
    assert [each.text for each in desk.thread(desk.posts()[0])][1:] == ["fal is still out."]


async def test_maintenance_is_said_and_not_reminded_of(desk: NoticeDesk) -> None:
    await desk.choose(status=[VIDEOS])
    writer = desk.writer()
    await desk.trouble(state=HealthState.MAINTENANCE, cause="")
    await writer.sweep()
    await desk.clock.advance(5 * 3600)
    await writer.sweep()
    [said] = desk.posts()
    assert "under maintenance" in said.text
    assert len(desk.thread(said)) == 1


async def test_worse_and_better_are_told_in_the_thread_once_each(desk: NoticeDesk) -> None:
    await desk.choose(status=[VIDEOS])
    writer = desk.writer()
    for state in (HealthState.DEGRADED, HealthState.SUSPENDED, HealthState.DEGRADED, HealthState.SUSPENDED):
        await desk.trouble(state=state)
        await writer.sweep()
        await desk.clock.advance(60)
    [said] = desk.posts()
    assert [each.text for each in desk.thread(said)] == ["fal has trouble.", "fal is not used at the moment."]


async def test_two_processes_post_one_notice(desk: NoticeDesk) -> None:
    await desk.choose(status=[VIDEOS])
    await desk.trouble()
    first, second = desk.writer(alone=False), desk.writer(alone=False)
    await first.sweep()
    await second.sweep()
    await desk.over()
    await second.sweep()
    assert "not used" in desk.posts()[0].text
    await first.sweep()
    assert [each.text for each in desk.posts()] == ["fal works again."]


async def test_two_processes_that_look_at_the_same_moment_post_one_notice(desk: NoticeDesk) -> None:
    await desk.choose(status=[VIDEOS, STUDIO], failover=[STUDIO])
    writers = [desk.writer(alone=False) for _ in range(4)]
    for _ in range(3):
        await desk.trouble()
        await asyncio.gather(*(each.sweep() for each in writers))
        await desk.clock.advance(60)
        await desk.moved()
        await asyncio.gather(*(each.sweep() for each in writers))
        await desk.over()
        await asyncio.gather(*(each.sweep() for each in writers))
    assert [len(desk.posts(place)) for place in (VIDEOS, STUDIO)] == [1, 1]


async def test_a_process_that_dies_while_it_posts_leaves_one_notice_at_most(desk: NoticeDesk) -> None:
    await desk.choose(status=[VIDEOS])
    await desk.trouble()
    desk.slack.faults.add("chat.postMessage", Silence(processed=True))
    dying = asyncio.ensure_future(desk.writer().sweep())
    async with asyncio.timeout(10):
        while not desk.slack.calls.processed("chat.postMessage"):
            await asyncio.sleep(0.01)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    for _ in range(3):
        await desk.writer().sweep()
        await desk.clock.advance(30)
    assert len(desk.posts()) == 1


async def test_a_service_that_is_taken_out_of_the_settings_ends_its_notice(desk: NoticeDesk) -> None:
    await desk.choose(status=[VIDEOS])
    await desk.trouble()
    await desk.writer().sweep()
    await desk.clock.advance(60)
    desk.registry = Registry(each for each in desk.registry.upstreams if each.name != "fal")
    await desk.writer().sweep()
    assert [each.text for each in desk.posts()] == ["fal is not set up any more."]


async def test_a_post_whose_answer_is_lost_is_not_repeated_and_its_end_is_said_once(desk: NoticeDesk) -> None:
    await desk.choose(status=[VIDEOS])
    writer = desk.writer()
    desk.slack.faults.add("chat.postMessage", Drop(processed=True))
    await desk.trouble()
    for _ in range(5):
        await writer.sweep()
        await desk.clock.advance(30)
    assert len(desk.posts()) == 1
    assert [name for name, _ in desk.alarms] == ["notice_perhaps_posted"]
    await desk.over()
    for _ in range(3):
        await writer.sweep()
        await desk.clock.advance(30)
    assert [each.text for each in desk.posts()] == ["fal is not used at the moment.", "fal works again."]


async def test_too_fast_pauses_and_nothing_is_lost(desk: NoticeDesk) -> None:
    await desk.choose(status=[VIDEOS])
    desk.slack.faults.add("chat.postMessage", RateLimited(retry_after_s=90))
    await desk.trouble()
    writer = desk.writer()
    await writer.sweep()
    await desk.clock.advance(60)
    await writer.sweep()
    assert len(desk.slack.calls.of("chat.postMessage")) == 1
    await desk.clock.advance(40)
    await desk.writer().sweep()
    assert len(desk.posts()) == 1


async def test_a_place_that_takes_nothing_keeps_the_others_from_nothing(desk: NoticeDesk) -> None:
    await desk.choose(status=[SECRET, VIDEOS])
    await desk.trouble()
    writer = desk.writer()
    await writer.sweep()
    await writer.sweep()
    assert len(desk.posts()) == 1
    assert [each for each in desk.alarms if each[0] == "notice_refused"] == [
        ("notice_refused", {"channel": SECRET, "code": "channel_not_found"})
    ]


async def test_a_deleted_notice_is_not_posted_again(desk: NoticeDesk) -> None:
    await desk.choose(status=[VIDEOS])
    writer = desk.writer()
    await desk.trouble()
    await writer.sweep()
    await desk.slack.delete_message(desk.posts()[0])
    await desk.clock.advance(60)
    await desk.over()
    await writer.sweep()
    await writer.sweep()
    assert desk.posts() == []


async def test_where_nobody_chose_anything_nothing_is_said(desk: NoticeDesk) -> None:
    await desk.trouble()
    await desk.writer().sweep()
    assert len(desk.slack.calls.of("chat.postMessage")) == 0


async def test_a_place_that_was_given_up_still_sees_the_end(desk: NoticeDesk) -> None:
    await desk.choose(status=[VIDEOS])
    writer = desk.writer()
    await desk.trouble()
    await writer.sweep()
    await desk.choose()
    await desk.clock.advance(60)
    await desk.over()
    await writer.sweep()
    assert "works again" in desk.posts()[0].text


async def test_who_only_wants_moved_videos_hears_when_the_first_one_moves(desk: NoticeDesk) -> None:
    await desk.choose(status=[VIDEOS], failover=[VIDEOS, STUDIO])
    writer = desk.writer()
    await desk.trouble()
    await writer.sweep()
    assert desk.posts(STUDIO) == []
    await desk.moved(extra_usd_micros=100_000)
    await desk.clock.advance(30)
    await writer.sweep()
    [said] = desk.posts(STUDIO)
    assert "1 video moved to another service, for $0.10 more in all." in words(said)
    assert len(desk.posts(VIDEOS)) == 1
    await desk.over()
    await desk.clock.advance(30)
    await writer.sweep()
    assert "Videos go to fal again." in desk.posts(STUDIO)[0].text


async def test_an_incident_that_was_over_before_anybody_looked_is_not_told(desk: NoticeDesk) -> None:
    await desk.choose(status=[VIDEOS])
    await desk.trouble()
    await desk.clock.advance(60)
    await desk.over()
    await desk.writer().sweep()
    assert desk.posts() == []
