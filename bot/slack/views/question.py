"""The question to a video's person: may something else be used? On the card, in the thread, and after the click."""

from typing import assert_never

from slack_sdk.models.blocks import ButtonElement

from bot.jobs.answers import Asked
from bot.jobs.consent import AnswerWord, Question
from bot.jobs.model import Job
from bot.jobs.questions import AnswerOutcome, QuestionAnswer
from bot.slack.ids import ActionId
from bot.slack.message import Message
from bot.slack.views.blocks import button, message, section
from bot.slack.views.words import moment, quoted, usd

NOTHING_CHARGED = "Nothing was charged."


def question_words(asked: Asked) -> str:
    """Why it is asked, what is offered, and what happens without an answer."""
    question = asked.question
    why = quoted(question.why, limit_chars=400)
    offer = f"{_offered(asked)} can make it for {_price(question)}, {question.length_s} s."
    waits = " It starts by itself if what you asked for comes back." if question.can_wait else ""
    ends = f"Without an answer it stops {moment(question.deadline_at)}, and what is reserved is given back."
    return f"{why}. {offer}{waits} {ends}"


def question_buttons(asked: Asked, job: Job) -> list[ButtonElement | None]:
    """For its person; the values are opaque, and a click is checked against what is true then."""
    question, mine = asked.question, job.order.user_id
    number = job.number
    return [
        button(
            f"Use {_short(asked)} · {_price(question)}",
            ActionId.USE_OFFER,
            question.id,
            label=f"Make video {number} with {_short(asked)} for {_price(question)}"[:75],
            style="primary",
            only_for=mine,
        ),
        _wait(question, job) if question.can_wait else None,
        button("Stop", ActionId.STOP_ASKING, question.id, label=f"Stop video {number}", only_for=mine),
    ]


def _wait(question: Question, job: Job) -> ButtonElement:
    return button(
        "Wait",
        ActionId.WAIT_FOR_IT,
        question.id,
        label=f"Wait for what video {job.number} asked for",
        only_for=job.order.user_id,
    )


def answer_said(answer: QuestionAnswer) -> Message:
    """To who clicked."""
    said = _said(answer)
    return message(said, section(said))


def _said(answer: QuestionAnswer) -> str:
    question, record = answer.question, answer.record
    if answer.outcome is AnswerOutcome.NOT_YOURS:
        return "Only the person who asked for this video can decide that. Nothing was changed."
    if answer.outcome is AnswerOutcome.UNKNOWN or question is None or record is None:
        return "I do not know this question any more. Nothing was changed."
    video = f"Video #{record.job.number}"
    match answer.outcome:
        case AnswerOutcome.USED:
            return f"{video} is made with it now, for {_price(question)}. Its message keeps you posted."
        case AnswerOutcome.WAITS:
            return f"{video} waits and starts by itself. You can cancel it on its message at any time."
        case AnswerOutcome.STOPPED:
            return f"{video} is stopped. {_charged(record.job)}"
        case AnswerOutcome.CHANGED:
            return f"{video}: that offer has changed meanwhile. Nothing was started; its message has the new one."
        case AnswerOutcome.GONE:
            return f"{video}: that offer cannot be had any more. Nothing was started; it goes on waiting."
        case AnswerOutcome.OVER_LIMIT:
            return f"{video}: {_price(question)} would pass a limit. Nothing was changed; you can wait or stop."
        case AnswerOutcome.SETTLED:
            return f"{video}: {_settled(question)}"
        case _:
            assert_never(answer.outcome)


def _settled(question: Question) -> str:
    match question.answer:
        case AnswerWord.USE:
            return "this was decided already: it is made with what was offered. Nothing was changed."
        case AnswerWord.WAIT:
            return "this was decided already: it waits. You can cancel it on its message."
        case AnswerWord.STOP:
            return f"it was stopped already. {NOTHING_CHARGED}"
        case AnswerWord.BACK:
            return "what you asked for can be had again, so it goes on with that. Nothing more is needed."
        case AnswerWord.CHANGED:
            return "this offer has been replaced by another one. Please look at its message."
        case AnswerWord.EXPIRED:
            return "nobody answered within a day, so it was stopped. Again or Edit on its message starts it anew."
        case AnswerWord.OVER:
            return "it has ended meanwhile, so nothing was changed."
        case None:
            return "that is not possible at the moment. Nothing was changed."
        case _:
            assert_never(question.answer)


def _charged(job: Job) -> str:
    return f"{usd(job.paid_usd_micros)} was paid for an earlier try." if job.paid_usd_micros else NOTHING_CHARGED


def _offered(asked: Asked) -> str:
    if asked.same_model:
        return f"The same model at {quoted(asked.service_label)}"
    return f"{quoted(asked.model_label)} at {quoted(asked.service_label)}"


def _short(asked: Asked) -> str:
    """On a button: plain text, and little room."""
    name = asked.service_label if asked.same_model else asked.model_label
    return name if len(name) <= 40 else f"{name[:39]}…"


def _price(question: Question) -> str:
    return usd(question.usd_micros) if question.usd_micros else "free"
