"""Help, quota and lists: answers that only say how things are."""

from collections.abc import Sequence
from datetime import datetime

from slack_sdk.models.blocks import SectionBlock

from bot.jobs.answers import QuotaAnswer, Unseen
from bot.jobs.card_facts import CardFacts
from bot.jobs.model import Job, JobRecord, JobState
from bot.jobs.wish import Standing
from bot.slack.message import Message
from bot.slack.views.blocks import context, message, section
from bot.slack.views.card_words import failure_stage, words_of
from bot.slack.views.words import counted, moment, quoted, sentence, usd

STAGES = {
    JobState.QUEUED: "waiting",
    JobState.SUBMITTING: "starting",
    JobState.CHECKING: "checking",
    JobState.RENDERING: "being made",
    JobState.DELIVERING: "on its way",
    JobState.DELIVERED: "done",
    JobState.UNCONFIRMED: "never confirmed",
    JobState.FAILED: "not made",
    JobState.CANCELLED: "cancelled",
}


def help_text(command: str) -> Message:
    """Five lines."""
    lines = [
        f"`{command} a corgi surfing at sunset` makes a video, `{command}` alone opens the form. "
        "Dear videos show their price first.",
        "Options go at the end: `--model` `--length 8` `--shape wide|vertical|square` `--resolution 720p` "
        "`--audio on|off` `--seed 7`, or short `--8s` `--wide` `--vertical` `--square`.",
        f"`{command} jobs` · `{command} show 142` · `{command} cancel 142` · `{command} quota` · `{command} status`"
        f" · `{command} settings` (admins)",
        "In a thread Slack takes no commands: use *Make a video from this* in a message's ⋯ menu, "
        "which also brings pictures to life.",
        "You can also write to me directly. Only you see answers like this one; videos are for everybody there.",
    ]
    return message(
        f"Type {command} and what the video should show, or {command} alone for the form.", section("\n".join(lines))
    )


def quota(answer: QuotaAnswer, *, command: str, review: Sequence[Unseen] = ()) -> Message:
    """Used, reserved, left, and when it starts anew; for admins what they should compare with an invoice."""
    if not answer.standings:
        said = "There is no limit for you here."
        return message(said, section(said), _review(review))
    lines = [_standing_line(each) for each in answer.standings]
    return message(
        lines[0].replace("*", ""),
        section("\n".join(lines)),
        context(f"Days and months are those of {quoted(answer.time_zone)}. `{command} jobs` shows what it went to."),
        _review(review),
    )


def _review(unseen: Sequence[Unseen]) -> SectionBlock | None:
    if not unseen:
        return None
    lines = [
        f"#{each.job.number} · {usd(each.attempt.usd_micros)} · {quoted(each.attempt.upstream)}"
        f" · sent {moment(each.attempt.intent_at)} · {quoted(each.job.order.prompt, limit_chars=60)}"
        for each in unseen
    ]
    total = usd(sum(each.attempt.usd_micros for each in unseen))
    first = f"*Possibly paid, {total}.* Only admins see this. Please compare it with the service's own page or invoice:"
    return section("\n".join([first, *lines]))


def jobs(records: Sequence[JobRecord], *, command: str) -> Message:
    """A person's newest videos."""
    if not records:
        said = f"You have no videos yet. Type {command} and what the video should show."
        return message(said, section(said))
    lines = [_job_line(each.job) for each in records]
    newest = records[0].job.number
    return message(
        f"Your latest {counted(len(lines), 'video', 'videos')}; the newest is #{newest}.",
        section("\n".join(lines)),
        context(f"`{command} show {newest}` shows one, `{command} cancel {newest}` stops it."),
    )


def shown(record: JobRecord, facts: CardFacts, card: Message, *, now: datetime) -> Message:
    """One video for its own person: the card, and what a service said, which the card keeps to itself."""
    job = record.job
    private = ""
    if job.failure is not None and job.failure_words:
        _, next_step = failure_stage(job.failure, quoted(facts.service_label) or "the service")
        private = f"Only you see this: {sentence(quoted(job.failure_words, limit_chars=600))} {next_step}"
    said = words_of(record, facts, now=now, delivery_unconfirmed=False)
    small = context(f"Asked {moment(job.created_at)}. {said.money}", private)
    return Message(text=card.text, blocks=[*card.blocks, *([small.to_dict()] if small else [])])


def _standing_line(standing: Standing) -> str:
    whose = {"person": "You", "workspace": "This workspace", "slack_channel": "This channel"}.get(
        standing.scope, standing.scope
    )
    period = {"day": "today", "month": "this month"}.get(standing.period, standing.period)
    parts = []
    if standing.usd_micros_max is not None:
        left = max(0, standing.usd_micros_max - standing.usd_micros_used - standing.usd_micros_reserved)
        reserved = f", {usd(standing.usd_micros_reserved)} reserved" if standing.usd_micros_reserved else ""
        parts.append(
            f"*{usd(left)} left* of {usd(standing.usd_micros_max)} ({usd(standing.usd_micros_used)} used{reserved})"
        )
    if standing.clips_max is not None:
        left_clips = max(0, standing.clips_max - standing.clips_used)
        parts.append(f"*{left_clips:,} left* of {counted(standing.clips_max, 'video', 'videos')}")
    return f"{whose}, {period}: {', '.join(parts) or 'no limit'}. Starts anew {moment(standing.resets_at)}."


def _job_line(job: Job) -> str:
    money = f" · {usd(job.paid_usd_micros)}" if job.paid_usd_micros else ""
    words = quoted(job.order.prompt, limit_chars=80)
    return f"*#{job.number}* {STAGES[job.state]}{money} · {moment(job.created_at)} · {words}"
