""" "What happened?" as a view: the order, who could make it, each try, each question, and where the money went."""

from collections.abc import Iterator
from typing import Any

from slack_sdk.models.blocks import OverflowMenuElement

from bot.jobs.attempt import Attempt, AttemptState
from bot.jobs.consent import AnswerWord, Planned
from bot.jobs.happened import AskedThen, HappenedAnswer, Happening, LookOutcome, Try
from bot.jobs.model import Job
from bot.jobs.question_book import Booking
from bot.slack.ids import ActionId, CallbackId
from bot.slack.views.blocks import context, menu, prompt_quote, section
from bot.slack.views.card_words import words_of
from bot.slack.views.words import SHAPES, counted, moment, quoted, span, usd
from bot.slack.wording import mention

TITLE = "What happened?"
BLOCKS_MAX = 90
LINES_MAX = 25
"""Of one planning: a service with forty models says the same of most of them."""

_ENDS = {
    AttemptState.INTENT: "it is not known yet whether the service got it",
    AttemptState.SUBMITTED: "the service is at work",
    AttemptState.SUCCEEDED: "it made the video",
    AttemptState.FAILED: "it ended without a video",
    AttemptState.NOT_ACCEPTED: "the service did not take it, so nothing was started",
    AttemptState.CANCELLED: "the service confirmed that it stopped",
    AttemptState.UNKNOWN: "it was never found out whether the service got it",
}
_KINDS = {
    "moderation": "it turned the prompt, the picture or the video down",
    "invalid_request": "it did not accept these settings",
    "auth": "it did not accept our key",
    "quota": "our account there had no money or quota left",
    "rate_limited": "too much was asked of it at once",
    "capacity": "it had no room, or was broken",
    "unreachable": "it could not be reached",
    "not_found": "it does not know the video any more",
    "timeout": "it took too long",
    "retired": "it does not make this model any more",
    "outcome_unknown": "its answer was lost",
    "lost": "the request never arrived",
}
_ANSWERS = {
    AnswerWord.USE: "use it",
    AnswerWord.WAIT: "wait",
    AnswerWord.STOP: "stop",
}
_CLOSED = {
    AnswerWord.BACK: "No answer was needed: what was asked for came back.",
    AnswerWord.CHANGED: "The offer changed before it was taken, so it was asked anew.",
    AnswerWord.EXPIRED: "Nobody answered in time, so it was stopped.",
    AnswerWord.OVER: "The video ended before anybody answered.",
}
_BOOKED = {
    "hold": "reserved",
    "raise": "more reserved",
    "lower": "less reserved",
    "capture": "paid",
    "possibly_paid": "booked as possibly paid",
    "release": "given back",
}


def what_happened_menu(job: Job) -> OverflowMenuElement:
    return menu(ActionId.WHAT_HAPPENED, (TITLE, job.id))


def what_happened(answer: HappenedAnswer) -> dict[str, Any]:
    """A modal. What a service said about a refusal stands here, and only its person and admins open it."""
    if answer.outcome is LookOutcome.NOT_YOURS:
        return _view([section("Only the person who asked for this video, and admins, can read that.").to_dict()])
    if answer.outcome is LookOutcome.UNKNOWN or answer.happening is None:
        return _view([section("I do not know this video any more.").to_dict()])
    return _view(list(_blocks(answer.happening))[:BLOCKS_MAX])


def looking() -> dict[str, Any]:
    return _view([section("Looking it up …").to_dict()])


def _view(blocks: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": CallbackId.NOTICE.value,
        "title": {"type": "plain_text", "text": TITLE},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": blocks,
    }


def _blocks(happening: Happening) -> Iterator[dict[str, Any]]:
    record = happening.record
    job, order = record.job, record.job.order
    now = job.finished_at or job.state_since
    said = words_of(record, happening.facts, now=now, delivery_unconfirmed=False)
    asked = f"{order.length_s} s · {SHAPES[order.shape]} · {order.resolution}"
    named = quoted(order.model) if order.model is not None else "Auto, any model of its class up to the price"
    yield section(f"*Video #{job.number}: {said.stage}*\n{_failure_words(job)}".rstrip()).to_dict()
    yield prompt_quote(order.prompt).to_dict()
    yield section(f"Asked {moment(job.created_at)} by {mention(order.user_id)}: {named} · {asked}").to_dict()
    for each in happening.tries:
        yield section(_try_words(each)).to_dict()
        yield from _planned(each.planned, "Known when it was sent")
    if not happening.tries:
        yield section("It has not been sent to any service.").to_dict()
    if happening.waited is not None:
        yield from _planned(happening.waited, f"Known while it waited, {moment(happening.waited.at)}")
    for asked_then in happening.asked:
        yield section(_asked_words(asked_then)).to_dict()
    yield section("\n".join(["*Money*", *_money(happening)])).to_dict()


def _failure_words(job: Job) -> str:
    return quoted(job.failure_words, limit_chars=600) if job.failure_words else ""


def _try_words(each: Try) -> str:
    attempt = each.attempt
    head = f"*Try {attempt.number}: {quoted(each.model_label)} at {quoted(each.service_label)}*"
    lines = [
        head,
        f"Sent {moment(attempt.intent_at, how='date_short_pretty')} · {attempt.length_s} s · {_cost(attempt)}",
        f"{_end(attempt)}.",
    ]
    if attempt.error_detail:
        lines.append(f"It said: {quoted(attempt.error_detail, limit_chars=400)}")
    ids = [f"its id {quoted(attempt.render_id)}" if attempt.render_id else "", _request_id(attempt)]
    told = " · ".join(each for each in ids if each)
    return "\n".join([*lines, told] if told else lines)


def _request_id(attempt: Attempt) -> str:
    return f"request id {quoted(attempt.request_id)}" if attempt.request_id else ""


def _end(attempt: Attempt) -> str:
    end = _ENDS[attempt.state]
    why = _KINDS.get(attempt.error_kind, "")
    after = f" after {span(attempt.ended_at - attempt.intent_at)}" if attempt.ended_at is not None else ""
    words = f"{end}{after}{f': {why}' if why else ''}"
    return words[0].upper() + words[1:]


def _cost(attempt: Attempt) -> str:
    listed = usd(attempt.usd_micros) if attempt.usd_micros else "free"
    if attempt.cost_usd_micros is None or attempt.cost_usd_micros == attempt.usd_micros:
        return listed
    return f"{listed} by the catalogue, {usd(attempt.cost_usd_micros)} by its own word"


def _planned(planned: Planned | None, title: str) -> Iterator[dict[str, Any]]:
    if planned is None:
        return
    could = [f"{place}. {quoted(each)}" for place, each in enumerate(planned.candidates, start=1)]
    not_now = [f"– {quoted(each)}" for each in planned.skipped[:LINES_MAX]]
    more = len(planned.skipped) - len(not_now)
    if more > 0:
        not_now.append(f"– and {more} more")
    if planned.others:
        others = counted(planned.others, "model is", "models are")
        not_now.append(f"– {others} about something else than what was asked for")
    block = context(
        f"{title}, who could make it:\n" + "\n".join(could or ["nobody"]),
        "Who could not, and why:\n" + "\n".join(not_now) if not_now else "",
    )
    if block is not None:
        yield block.to_dict()


def _asked_words(asked: AskedThen) -> str:
    question = asked.question
    offer = f"{quoted(asked.model_label)} at {quoted(asked.service_label)} for {usd(question.usd_micros)}"
    lines = [f"*Asked {moment(question.asked_at)}: {offer}?*", quoted(question.why, limit_chars=400)]
    match question.answer:
        case None:
            lines.append(f"Open until {moment(question.deadline_at)}.")
        case AnswerWord.USE | AnswerWord.WAIT | AnswerWord.STOP if question.answered_at is not None:
            who = mention(question.answered_by)
            lines.append(f"{who} answered {moment(question.answered_at)}: {_ANSWERS[question.answer]}.")
        case _:
            lines.append(_CLOSED.get(question.answer, ""))
    return "\n".join(lines)


def _money(happening: Happening) -> Iterator[str]:
    if not happening.bookings or all(not each.usd_micros for each in happening.bookings):
        yield "It was free." if happening.bookings else "Nothing was reserved."
        return
    services = {each.attempt.id: each.service_label for each in happening.tries}
    for each in happening.bookings:
        yield _booking(each, services.get(each.attempt_id or "", ""))


def _booking(booking: Booking, service_label: str) -> str:
    what = _BOOKED.get(booking.kind, booking.kind)
    where = f" for {quoted(service_label)}" if service_label else ""
    rest = f", {usd(booking.given_back_usd_micros)} given back" if _frees(booking) else ""
    return f"{moment(booking.at)}: {usd(booking.usd_micros)} {what}{where}{rest}"


def _frees(booking: Booking) -> bool:
    return booking.kind != "release" and booking.given_back_usd_micros > 0
