"""What admins read when only a person can see whether a service took a video, and what their click did."""

from datetime import datetime
from typing import assert_never

from slack_sdk.models.blocks import ButtonElement

from bot.jobs.attempt import Attempt, AttemptState
from bot.jobs.card_facts import CardFacts
from bot.jobs.doubt_desk import DoubtAnswer, DoubtOutcome
from bot.jobs.model import JobRecord
from bot.slack.ids import ActionId
from bot.slack.message import Message
from bot.slack.views.blocks import actions, button, context, message, prompt_quote, section, sure
from bot.slack.views.words import moment, quoted, usd
from bot.slack.wording import mention


def doubt_question(record: JobRecord, attempt: Attempt, facts: CardFacts, *, given_up_at: datetime) -> Message:
    """Time, model, prompt and amount at risk, and what each answer does."""
    number, service = record.job.number, quoted(facts.service_label) or "the service"
    risk = f"{usd(attempt.usd_micros)} at risk" if attempt.usd_micros else "Free, nothing at risk"
    unanswered = (
        f"{usd(attempt.usd_micros)} stays reserved meanwhile. Without an answer it is booked as possibly paid"
        if attempt.usd_micros
        else "Without an answer it is given up"
    )
    return message(
        f"Did {service} make video #{number}? Its answer was lost, and it cannot be asked.",
        section(
            f"*Did {service} make video #{number}?*\n"
            "Its answer was lost, and it cannot be asked. Please look at its own page, under usage or history."
        ),
        context(
            f"Sent {moment(attempt.intent_at)}",
            quoted(facts.model_label),
            f"{attempt.length_s} s",
            risk,
            f"Asked for by {mention(record.job.order.user_id)}",
        ),
        prompt_quote(record.job.order.prompt),
        section(
            "*It was made:* its price is booked as possibly paid, and the person is told.\n"
            "*It was not made:* it is sent again at once. Nothing is sent before one of you says so."
        ),
        actions(_was_made(attempt, number), _was_not_made(attempt, number)),
        context(f"{unanswered} {moment(given_up_at)}."),
    )


def doubt_said(answer: DoubtAnswer) -> Message:
    """One sentence or two for the admin who clicked."""
    said = _said(answer)
    return message(said, section(said))


def _said(answer: DoubtAnswer) -> str:
    record, attempt = answer.record, answer.attempt
    if answer.outcome is DoubtOutcome.NOT_ADMIN:
        return "Only the admins of this app can answer that. Nothing was changed."
    if answer.outcome is DoubtOutcome.UNKNOWN or record is None or attempt is None:
        return "I do not know this video any more. Nothing was changed."
    video = f"Video #{record.job.number}"
    match answer.outcome:
        case DoubtOutcome.TOO_EARLY:
            return f"{video} may still be on its way. Please look again {moment(attempt.deadline_at)}."
        case DoubtOutcome.BOOKED:
            booked = f"{usd(attempt.usd_micros)} is booked as possibly paid" if attempt.usd_micros else "It was free"
            return f"{video}: you said it was made. {booked}, and {mention(record.job.order.user_id)} is told."
        case DoubtOutcome.SENT_AFRESH if record.job.cancel_requested_at is not None:
            return f"{video}: you said it was not made. Its person has cancelled it, so nothing is sent or charged."
        case DoubtOutcome.SENT_AFRESH:
            return f"{video}: you said it was not made. It is sent again now, at the same price."
        case DoubtOutcome.SETTLED:
            return _settled(video, attempt)
        case _:
            assert_never(answer.outcome)


def _settled(video: str, attempt: Attempt) -> str:
    match attempt.state:
        case AttemptState.UNKNOWN:
            return f"{video} is booked as possibly paid already. Nothing more is needed."
        case AttemptState.NOT_ACCEPTED:
            return f"{video} was found not to have been made already. Nothing more is needed."
        case _:
            return f"{video}: the service has told by itself meanwhile. Nothing more is needed."


def _was_made(attempt: Attempt, number: int) -> ButtonElement:
    return button("It was made", ActionId.WAS_MADE, attempt.id, label=f"Video {number} was made at the service")


def _was_not_made(attempt: Attempt, number: int) -> ButtonElement:
    return button(
        "It was not made",
        ActionId.WAS_NOT_MADE,
        attempt.id,
        label=f"Video {number} was not made at the service; send it again",
        confirm=sure(
            "Send it again?",
            "If the service has made it after all, it is paid twice.",
            yes="Send it again",
            no="Look first",
        ),
    )
