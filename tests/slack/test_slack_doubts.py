"""The question to admins, asked once each, and its two buttons."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from breaking_slack import DropAfter, Refuse
from slack_desk import Desk, opened_desk
from slack_values import NOW, attempt, job, order, record

from bot.jobs.answers import Unseen
from bot.jobs.attempt import AttemptState
from bot.jobs.doubt_desk import DoubtAnswer, DoubtOutcome
from bot.jobs.model import JobRecord, JobState
from bot.slack.ids import DOUBT_BUTTONS, ActionId

UNTIL = NOW + timedelta(days=7)


async def in_doubt(desk: Desk) -> JobRecord:
    made = await desk.job(state=JobState.CHECKING.value)
    tried = attempt(job_id=made.job.id, state=AttemptState.INTENT)
    return JobRecord(job=replace(made.job, attempt_id=tried.id), attempts=(tried,))


async def test_each_admin_is_asked_directly_and_once(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        desk.admins = ("UADA", "UBEN")
        asked = await in_doubt(desk)
        for _ in range(2):
            await desk.life().surface.ask_admins(asked, given_up_at=UNTIL)
        assert [each["channel"] for each in desk.slack.named("chat.postMessage")] == ["UADA", "UBEN"]
        assert all(each.thread_ts is None for each in desk.slack.posts)


async def test_the_attempt_that_follows_is_a_question_of_its_own(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        desk.admins = ("UADA",)
        first = await in_doubt(desk)
        second = replace(first.attempts[0], id="try2")
        surface = desk.life().surface
        await surface.ask_admins(first, given_up_at=UNTIL)
        again = JobRecord(job=replace(first.job, attempt_id="try2"), attempts=(first.attempts[0], second))
        await surface.ask_admins(again, given_up_at=UNTIL)
        assert len(desk.slack.posts) == 2


async def test_a_question_that_may_have_been_sent_is_not_sent_again(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        desk.admins = ("UADA",)
        asked = await in_doubt(desk)
        desk.slack.faults["chat.postMessage"] = [DropAfter()]
        for _ in range(2):
            await desk.life().surface.ask_admins(asked, given_up_at=UNTIL)
        assert len(desk.slack.named("chat.postMessage")) == 1


async def test_an_admin_who_cannot_be_reached_is_an_alarm_and_the_others_are_asked(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        desk.admins = ("UGONE", "UBEN")
        desk.slack.faults["chat.postMessage"] = [Refuse("user_not_found")]
        await desk.life().surface.ask_admins(await in_doubt(desk), given_up_at=UNTIL)
        assert (len(desk.slack.posts), desk.alarms) == (1, ["admin_not_asked"])


async def test_without_admins_nobody_is_asked(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        await desk.life().surface.ask_admins(await in_doubt(desk), given_up_at=UNTIL)
        assert desk.slack.calls == []


@pytest.mark.parametrize(("action", "made"), [(ActionId.WAS_MADE, True), (ActionId.WAS_NOT_MADE, False)])
async def test_a_click_that_settles_it_takes_the_questions_place(desk, action, made):
    tried = attempt(state=AttemptState.UNKNOWN)
    desk.doubts.answers = DoubtAnswer(outcome=DoubtOutcome.BOOKED, record=record(job(), tried), attempt=tried)
    await desk.click(action, "try1", user="UADA", ephemeral=False)
    assert desk.doubts.asked == [("T1", "UADA", "try1", made)]
    [said] = desk.slack.responses
    assert said["replace_original"] is True
    assert "sora_was_made" not in str(said["blocks"])
    assert desk.seen == []  # a question is no card


@pytest.mark.parametrize("outcome", [DoubtOutcome.NOT_ADMIN, DoubtOutcome.TOO_EARLY, DoubtOutcome.UNKNOWN])
@pytest.mark.parametrize("action", DOUBT_BUTTONS)
async def test_a_click_that_settles_nothing_is_answered_and_leaves_the_question(desk, action, outcome):
    tried = attempt(state=AttemptState.INTENT)
    desk.doubts.answers = DoubtAnswer(outcome=outcome, record=record(job(), tried), attempt=tried)
    await desk.click(action, "try1", ephemeral=False)
    [said] = desk.slack.responses
    assert (said["replace_original"], said["response_type"]) == (False, "ephemeral")


async def test_quota_lists_for_admins_what_is_possibly_paid_and_nothing_of_it_pings(desk):
    tried = attempt(state=AttemptState.UNKNOWN, usd_micros=800_000)
    desk.doubts.unseen = [Unseen(job=job(order=order(prompt="a fox <!channel>")), attempt=tried)] * 2
    _, said = await desk.command("quota", user="UADA")
    shown = str(said["blocks"])
    assert "Possibly paid, $1.60" in shown
    assert "<!channel>" not in shown
    assert "Starts anew" in shown
