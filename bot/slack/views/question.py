"""The question to a video's person: may something else be used? On the card, in the thread, and after the click."""

from typing import assert_never

from slack_sdk.models.blocks import ButtonElement

from bot.jobs.card_facts import Asked
from bot.jobs.consent import AnswerWord, Question
from bot.jobs.model import Job
from bot.jobs.questions import AnswerOutcome, QuestionAnswer
from bot.slack.ids import ActionId
from bot.slack.message import Message
from bot.slack.views.blocks import button, message, section
from bot.slack.views.words import moment, quoted, sentence, usd

NOTHING_CHARGED = "Nothing was charged."


def question_words(asked: Asked, job: Job) -> str:
    """What happened, what is offered instead, and what comes of waiting and of no answer; a line each."""
    question = asked.question
    deadline, end = moment(question.deadline_at), _end(job)
    without = (
        "If you wait, it starts as you asked as soon as that works again."
        f" If nobody answers, it waits until {deadline}, then stops, and {end}"
        if question.can_wait
        else f"If nobody answers, it stops {deadline}, and {end}"
    )
    return "\n".join((sentence(quoted(question.why, limit_chars=400)), _offer(asked, job), without))


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


def _offer(asked: Asked, job: Job) -> str:
    """As in "Gen-4.5 at Runway can make it for $0.96, $0.16 more than you agreed to."."""
    question, order = asked.question, job.order
    who = f"{quoted(asked.model_label)} at {quoted(asked.service_label)}"
    other = question.length_s != order.length_s
    length = f"; {question.length_s} s long instead of {order.length_s} s" if other else ""
    cost = f"for {usd(question.usd_micros)}" if question.usd_micros else "free of charge"
    return f"{who} can make it {cost}, {_compared(question.usd_micros - job.held_usd_micros)}{length}."


def _compared(more_usd_micros: int) -> str:
    """With what its person agreed to, which is what is reserved."""
    if not more_usd_micros:
        return "the price you agreed to"
    return f"{usd(abs(more_usd_micros))} {'more' if more_usd_micros > 0 else 'less'} than you agreed to"


def _end(job: Job) -> str:
    return "the rest of the money is given back." if job.paid_usd_micros else "nothing is charged."


def _short(asked: Asked) -> str:
    """On a button: plain text, and little room."""
    name = asked.service_label if asked.same_model else asked.model_label
    return name if len(name) <= 40 else f"{name[:39]}…"


def _price(question: Question) -> str:
    return usd(question.usd_micros) if question.usd_micros else "free"
