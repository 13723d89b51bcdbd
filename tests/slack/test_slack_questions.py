"""A question's line in the thread, its three buttons, the line after a failover, and "What happened?"."""

from dataclasses import replace
from pathlib import Path

import pytest
from breaking_slack import DropAfter, Refuse
from drawn_questions import MOVED, QUESTION
from slack_desk import opened_desk
from slack_values import NOW, facts, job, order, record

from bot.jobs.consent import AnswerWord
from bot.jobs.happened import HappenedAnswer, Happening, LookOutcome
from bot.jobs.model import JobState, Waiting
from bot.jobs.questions import AnswerOutcome, QuestionAnswer
from bot.slack.ids import QUESTION_BUTTONS, ActionId


async def test_a_question_is_one_reply_that_mentions_its_person_however_many_processes_ask(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        made = await desk.job(waiting=Waiting.ANSWER.value)
        await desk.life().surface.announce(made)
        for life in (desk.life(), desk.life(), desk.life()):
            await life.surface.ask_person(made, QUESTION)
        await desk.life().surface.ask_person(made, replace(QUESTION, id="q2"))
        card, *asked = desk.slack.posts
        assert [each.thread_ts for each in asked] == [card.ts, card.ts]
        said = desk.slack.named("chat.postMessage")[1]["text"]
        assert said.startswith("<@U1> video #142 cannot be made as you asked just now.")
        assert "for $0.96" in said


async def test_where_the_thread_takes_no_posts_its_person_is_asked_directly(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        made = await desk.job(waiting=Waiting.ANSWER.value)
        desk.slack.faults["chat.postMessage"] = [Refuse("is_archived")]
        await desk.life().surface.ask_person(made, QUESTION)
        assert [each["channel"] for each in desk.slack.named("chat.postMessage")] == ["C1", "U1"]


async def test_a_failover_is_one_line_in_the_thread_and_a_lost_answer_does_not_repeat_it(tmp_path: Path) -> None:
    async with opened_desk(tmp_path) as desk:
        made = await desk.job(state=JobState.RENDERING.value)
        await desk.life().surface.announce(made)
        desk.slack.faults["chat.postMessage"] = [DropAfter()]
        for _ in range(2):
            await desk.life().surface.tell_moved(made, MOVED)
        await desk.life().surface.tell_moved(made, replace(MOVED, attempt_id="try3", to_label="Kling"))
        said = [each["text"] for each in desk.slack.named("chat.postMessage")[1:]]
        assert said == [
            "fal could not be reached; Runway makes it now, same price.",
            "fal could not be reached; Kling makes it now, same price.",
        ]


@pytest.mark.parametrize(
    ("action", "word"),
    [
        (ActionId.USE_OFFER, AnswerWord.USE),
        (ActionId.WAIT_FOR_IT, AnswerWord.WAIT),
        (ActionId.STOP_ASKING, AnswerWord.STOP),
    ],
)
async def test_a_click_carries_the_question_and_is_answered_to_its_person_alone(desk, action, word):
    made = record(job(waiting=Waiting.ANSWER))
    desk.questions.answers = QuestionAnswer(outcome=AnswerOutcome.USED, question=QUESTION, record=made)
    await desk.click(action, "q1", ephemeral=False)
    assert desk.questions.asked == [("T1", "U1", "q1", word)]
    [said] = desk.slack.responses
    assert (said["replace_original"], said["response_type"]) == (False, "ephemeral")
    assert said["text"] == "Video #142 is made with it now, for $0.96. Its message keeps you posted."
    assert desk.seen == []  # the value is no job's


@pytest.mark.parametrize("action", QUESTION_BUTTONS)
async def test_a_click_on_a_question_of_long_ago_is_answered_in_words(desk, action):
    await desk.click(action, "gone", ephemeral=False)
    [said] = desk.slack.responses
    assert said["text"] == "I do not know this question any more. Nothing was changed."


async def menu(desk, job_id="job1"):
    """As Slack sends a choice of the three dots."""
    chosen = {
        "type": "overflow",
        "action_id": ActionId.WHAT_HAPPENED,
        "block_id": "b",
        "selected_option": {"text": {"type": "plain_text", "text": "What happened?"}, "value": job_id},
    }
    await desk.click(ActionId.WHAT_HAPPENED, "", ephemeral=False, actions=[chosen])
    await desk.quiet()


async def test_what_happened_opens_at_once_and_is_filled_for_who_may_read_it(desk):
    refused = record(job(order=order(prompt="a fox <!channel>"), failure_words="names a film", state_since=NOW))
    happening = Happening(record=refused, facts=facts(), tries=(), asked=(), waited=None, bookings=())
    desk.happened.answers = HappenedAnswer(outcome=LookOutcome.SHOWN, happening=happening)
    await menu(desk)
    assert desk.happened.asked == [("T1", "U1", "job1")]
    [opened], [filled] = desk.slack.told("views.open"), desk.slack.told("views.update")
    assert "Looking it up" in str(opened["view"])
    shown = str(filled["view"]["blocks"])
    assert "names a film" in shown
    assert "It has not been sent to any service." in shown


async def test_what_happened_tells_others_nothing_but_that(desk):
    desk.happened.answers = HappenedAnswer(outcome=LookOutcome.NOT_YOURS)
    await menu(desk)
    [filled] = desk.slack.told("views.update")
    assert "Only the person who asked for this video, and admins" in str(filled["view"]["blocks"])
