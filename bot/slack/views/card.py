"""The card: one message per job, edited in place from accepted to the end."""

from dataclasses import dataclass
from datetime import datetime

from slack_sdk.models.blocks import Block, ButtonElement

from bot.jobs.attempt import AttemptState
from bot.jobs.card_facts import CardFacts
from bot.jobs.model import Failure, Job, JobRecord, JobState
from bot.slack.ids import ActionId
from bot.slack.message import Message
from bot.slack.views.blocks import actions, button, context, message, poster, prompt_quote, section, sure
from bot.slack.views.card_words import Words, words_of
from bot.slack.views.moves import moved_words, paid_words
from bot.slack.views.question import question_buttons
from bot.slack.views.what_happened import what_happened_menu
from bot.slack.views.words import CLASSES, SHAPES, price, quoted, span, usd


def job_card(
    record: JobRecord,
    facts: CardFacts,
    *,
    now: datetime,
    poster_file_id: str | None,
    delivery_unconfirmed: bool,
) -> Message:
    """Draw one job. Shows nothing that only its person may read: what a service said stays with them."""
    job = record.job
    said = words_of(record, facts, now=now, delivery_unconfirmed=delivery_unconfirmed)
    picture: Block | None = None
    if poster_file_id and job.state is JobState.DELIVERED:
        picture = poster(poster_file_id, alt_text=f"First frame of video #{job.number}: {job.order.prompt}"[:2000])
    sentences = f"{said.stage}. {_cost(job, facts)} {said.money}".split()
    return message(
        f"Video #{job.number}, {quoted(job.order.prompt, limit_chars=120)}: {' '.join(sentences)}",
        section(f"*{said.stage}* · video #{job.number}"),
        prompt_quote(job.order.prompt),
        picture,
        context(_facts_line(record, facts)),
        *([section(said.detail), context(said.money)] if _asks(job, facts) else [context(said.detail, said.money)]),
        context(_notes(record, facts)),
        actions(
            *_buttons(_Drawn(record=record, facts=facts, said=said, unconfirmed=delivery_unconfirmed)),
            what_happened_menu(job),
        ),
    )


def _asks(job: Job, facts: CardFacts) -> bool:
    """Somebody has to read it and decide: not in small print."""
    return job.state is JobState.QUEUED and facts.asked is not None


def _facts_line(record: JobRecord, facts: CardFacts) -> str:
    """Model, service, length, shape, and the price as it stands."""
    job, attempt = record.job, record.attempt
    order = job.order
    model = quoted(facts.model_label) or f"Auto · {CLASSES[order.model_class]}"
    length_s = attempt.length_s if attempt is not None else order.length_s
    parts = [
        model,
        f"by {quoted(facts.service_label)}" if facts.service_label else "",
        f"{length_s} s",
        SHAPES[order.shape],
        order.resolution,
        _price(job, facts),
        f"took {span(job.finished_at - job.created_at)}" if _is_done(job) and job.finished_at else "",
    ]
    return " · ".join(part for part in parts if part)


def _price(job: Job, facts: CardFacts) -> str:
    match job.state:
        case JobState.DELIVERING | JobState.DELIVERED:
            return price(job.paid_usd_micros, free=facts.free or not job.paid_usd_micros)
        case JobState.FAILED | JobState.CANCELLED | JobState.UNCONFIRMED:
            return ""
        case _:
            ceiling = job.order.model is None
            return price(job.held_usd_micros, free=facts.free or not job.held_usd_micros, is_ceiling=ceiling)


def _cost(job: Job, facts: CardFacts) -> str:
    """For who reads only the notification."""
    if not _is_done(job):
        return ""
    return f"It cost {_price(job, facts)}." if job.paid_usd_micros else "It was free."


def _is_done(job: Job) -> bool:
    return job.state is JobState.DELIVERED


def _notes(record: JobRecord, facts: CardFacts) -> str:
    """What changed on the way, one line each, and what the preview is."""
    notes = [quoted(each.note) for each in record.attempts if each.note]
    if facts.moved is not None:
        notes.append(moved_words(facts.moved, is_over=_is_done(record.job)))
    if len(facts.paid) > 1:
        notes.append(paid_words(facts.paid))
    if facts.is_preview:
        notes.append("Made by the built-in preview: a drawn animatic, because no video service is set up yet.")
    return "\n".join(dict.fromkeys(notes))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    record: JobRecord
    facts: CardFacts
    said: Words
    unconfirmed: bool


def _buttons(drawn: _Drawn) -> list[ButtonElement | None]:
    job = drawn.record.job
    match job.state:
        case JobState.DELIVERED:
            return [_again(job), _edit(job), _send_again(job) if drawn.unconfirmed else None, _delete(job)]
        case JobState.FAILED:
            kept = job.failure in {Failure.UNDELIVERABLE, Failure.NOT_FETCHED}
            return [_send_again(job) if kept else None, _edit(job), _remove(job)]
        case JobState.CANCELLED:
            has_video = any(each.state is AttemptState.SUCCEEDED for each in drawn.record.attempts)
            return [_send_here(job) if has_video else None, _edit(job), _remove(job)]
        case JobState.UNCONFIRMED:
            return [_edit(job), _remove(job)]
        case JobState.DELIVERING:
            return []
        case JobState.QUEUED if drawn.facts.asked is not None:
            return [*question_buttons(drawn.facts.asked, job)]
        case _:
            return [*_overdue(drawn), _cancel(job) if drawn.facts.can_cancel else None]


def _overdue(drawn: _Drawn) -> list[ButtonElement]:
    job, extra = drawn.record.job, drawn.facts.elsewhere_usd_micros
    if job.state is not JobState.RENDERING or job.overdue_since is None or job.cancel_requested_at is not None:
        return []
    keep = button(
        "Keep waiting",
        ActionId.KEEP_WAITING,
        job.id,
        label=f"Keep waiting for video {job.number}",
        only_for=job.order.user_id,
    )
    if extra is None:
        return [keep]
    cost = f"may cost {usd(extra)} more" if extra else "free"
    elsewhere = button(
        f"Start elsewhere · {cost}",
        ActionId.ELSEWHERE,
        job.id,
        label=f"Start video {job.number} at another service, {cost}",
        only_for=job.order.user_id,
    )
    return [keep, elsewhere]


def _cancel(job: Job) -> ButtonElement:
    return button("Cancel", ActionId.CANCEL, job.id, label=f"Cancel video {job.number}", only_for=job.order.user_id)


def _again(job: Job) -> ButtonElement:
    return button("Again", ActionId.AGAIN, job.id, label=f"Make video {job.number} once more")


def _edit(job: Job) -> ButtonElement:
    return button("Edit", ActionId.EDIT, job.id, label=f"Open the form with everything of video {job.number}")


def _send_again(job: Job) -> ButtonElement:
    return button(
        "Send again", ActionId.SEND_AGAIN, job.id, label=f"Send video {job.number} again", only_for=job.order.user_id
    )


def _send_here(job: Job) -> ButtonElement:
    return button(
        "Send it here",
        ActionId.SEND_AGAIN,
        job.id,
        label=f"Send the finished video {job.number} here",
        only_for=job.order.user_id,
    )


def _delete(job: Job) -> ButtonElement:
    return button(
        "Delete",
        ActionId.DELETE,
        job.id,
        label=f"Delete video {job.number} from Slack",
        only_for=job.order.user_id,
        confirm=sure(
            f"Delete video #{job.number}?",
            "The video and this message leave Slack for everybody here. What was paid stays paid.",
            yes="Delete",
        ),
    )


def _remove(job: Job) -> ButtonElement:
    return button(
        "Remove",
        ActionId.REMOVE,
        job.id,
        label=f"Remove this message about video {job.number}",
        only_for=job.order.user_id,
    )
