"""What a card says at each point of a job's life: the stage, what is going on, and where the money is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from bot.jobs.attempt import AttemptState
from bot.jobs.card_facts import CardFacts
from bot.jobs.model import Failure, Job, JobRecord, JobState, Waiting
from bot.slack.views.question import question_words
from bot.slack.views.words import quoted, span, usd

NOTHING_CHARGED = "Nothing was charged."
LONGER = 1.5
"""So many times the usual is worth a word; nothing is wrong yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """`stage` is a few words, the others whole sentences, any of them may be empty."""

    stage: str
    detail: str = ""
    money: str = ""


def words_of(record: JobRecord, facts: CardFacts, *, now: datetime, delivery_unconfirmed: bool) -> Words:
    job = record.job
    match job.state:
        case JobState.QUEUED:
            return _queued(job, facts)
        case JobState.SUBMITTING:
            return Words(stage=_being_cancelled(job) or f"Sending it to {_service(facts)}", money=_reserved(job))
        case JobState.CHECKING:
            return _checking(job, facts)
        case JobState.RENDERING:
            return _rendering(record, facts, now)
        case JobState.DELIVERING:
            return Words(stage="Ready, on its way here", detail="The file is being sent to this thread.")
        case JobState.DELIVERED:
            return _delivered(facts, delivery_unconfirmed)
        case JobState.UNCONFIRMED:
            return _unconfirmed(job, facts)
        case JobState.FAILED:
            return _failed(job, facts)
        case JobState.CANCELLED:
            return _cancelled(record, facts)
        case _:
            assert_never(job.state)


def failure_stage(failure: Failure | None, service: str) -> tuple[str, str]:
    """What to call a job that ended without a video, and what a person can do about it. `service` is quoted."""
    match failure:
        case Failure.REFUSED:
            return (
                f"Not made: {service} turned this down",
                "Edit the prompt and try again; names of people, brands and films are the usual reason.",
            )
        case Failure.INVALID:
            return f"Not made: {service} did not accept these settings", "Edit opens the form with everything kept."
        case Failure.SERVICES_FAILED:
            return "Not made: every service that could make it failed", "Try again later, or pick another model."
        case Failure.NO_SERVICE:
            return "Not made: no service here can make it any more", "Edit it to pick another model."
        case Failure.CANNOT_POST:
            return (
                "Not made: I could not post where you asked",
                "Invite me there, or ask me in a direct message.",
            )
        case Failure.VIDEO_LOST:
            return (
                "The video was made, but its file is gone",
                f"{service} does not have it any more.",
            )
        case Failure.NOT_FETCHED:
            return (
                f"The video was made, but its file did not arrive from {service}",
                "Send again tries once more; that costs nothing.",
            )
        case Failure.TOO_LARGE:
            return (
                "The video was made, but its file is too large for Slack",
                "Slack takes up to 1 GB, so it was not kept. Edit it to make it shorter or smaller.",
            )
        case Failure.UNDELIVERABLE:
            return "The video is ready, but Slack does not take it", "It is kept. Send again tries once more."
        case Failure.NO_ANSWER:
            return (
                "Not made: nobody said whether something else may be used",
                "What was asked for did not come back within a day. Edit it to pick another model.",
            )
        case Failure.NOT_RENDERED | None:
            return f"Not made: {service} ended without a video", "Edit opens the form with everything kept."
        case _:
            assert_never(failure)


def _queued(job: Job, facts: CardFacts) -> Words:
    match job.waiting:
        case Waiting.TURN:
            ahead = f"Place {facts.queue_place} of your waiting videos." if facts.queue_place else ""
            return Words(stage="Waiting for your other videos", detail=ahead, money=_reserved(job))
        case Waiting.SLOT:
            return Words(
                stage=f"Waiting for a free place at {_service(facts)}",
                detail="It takes only so many at once. This one starts by itself.",
                money=_reserved(job),
            )
        case Waiting.SERVICE_DOWN:
            down = quoted(facts.service_down_words, limit_chars=400)
            starts = "Your video starts by itself as soon as a service is back."
            return Words(
                stage="Waiting for a service",
                detail=f"{down}. {starts}" if down else starts,
                money=_reserved(job),
            )
        case Waiting.ANSWER:
            return _asking(job, facts)
        case None:
            return Words(stage="Starting", money=_reserved(job))
        case _:
            assert_never(job.waiting)


def _asking(job: Job, facts: CardFacts) -> Words:
    """Its person decides; everybody else sees why nothing happens."""
    if facts.asked is None:
        return Words(stage="Starting", money=_reserved(job))
    return Words(stage="Waiting for an answer", detail=question_words(facts.asked, job), money=_reserved(job))


def _checking(job: Job, facts: CardFacts) -> Words:
    stage = f"Checking whether {_service(facts)} got it"
    calm = "You need do nothing; nothing is sent twice."
    if facts.may_be_sent_again:
        calm = "You need do nothing. If it stays unknown, it is sent once more, which your admins allow at this price."
    if not job.held_usd_micros:
        return Words(stage=stage, detail=calm)
    return Words(stage=stage, detail=f"{usd(job.held_usd_micros)} stays reserved while we check. {calm}")


def _rendering(record: JobRecord, facts: CardFacts, now: datetime) -> Words:
    job, attempt = record.job, record.attempt
    since = attempt.submitted_at if attempt is not None and attempt.submitted_at else job.state_since
    so_far = span(max(now - since, timedelta(0)))
    if job.cancel_requested_at is not None:
        return Words(
            stage="Cancelled by you, still being made",
            detail=f"{_service(facts)} is asked to stop. If it cannot, it goes on quietly and is paid;"
            " the video is then offered here.",
            money=_reserved(job),
        )
    if job.overdue_since is not None:
        return Words(
            stage="Taking longer than usual",
            detail=f"{so_far} so far. I keep watching, and the video comes here whenever it is done.",
            money=_reserved(job),
        )
    usual = _usual(facts.typical, so_far=now - since)
    progress = attempt.progress if attempt is not None else None
    share = f" {_service(facts)} says {progress:.0%}." if progress is not None else ""
    return Words(stage="Making your video", detail=f"{so_far} so far{usual}.{share}", money=_reserved(job, facts))


def _usual(typical: timedelta | None, *, so_far: timedelta) -> str:
    if typical is None:
        return ""
    word = "longer than the usual" if so_far > LONGER * typical else "usually about"
    return f", {word} {span(typical)}"


def _delivered(facts: CardFacts, unconfirmed: bool) -> Words:
    if not unconfirmed:
        return Words(stage="Done", detail="The video is in this thread.")
    return Words(
        stage="Done",
        detail="Slack took the file but does not show it yet. If it does not appear, press Send again.",
        money="" if facts.free else "It is paid only once.",
    )


def _unconfirmed(job: Job, facts: CardFacts) -> Words:
    held = job.paid_usd_micros or job.held_usd_micros
    return Words(
        stage=f"It could not be found out whether {_service(facts)} got it",
        detail="An admin can look it up there. Should the video turn up, it comes here.",
        money=f"{usd(held)} is booked as possibly paid." if held else "",
    )


def _failed(job: Job, facts: CardFacts) -> Words:
    stage, next_step = failure_stage(job.failure, _service(facts))
    reference = f" Reference {job.reference}." if job.reference else ""
    return Words(stage=stage, detail=next_step + reference, money=_spent(job))


def _cancelled(record: JobRecord, facts: CardFacts) -> Words:
    job = record.job
    if any(each.state is AttemptState.SUCCEEDED for each in record.attempts):
        return Words(
            stage="Cancelled, but the video was made",
            detail=f"{_service(facts)} could not stop it. It is kept: Send it here brings it.",
            money=_spent(job),
        )
    return Words(stage="Cancelled", money=_spent(job))


def _being_cancelled(job: Job) -> str:
    return "Cancelling" if job.cancel_requested_at is not None else ""


def _reserved(job: Job, facts: CardFacts | None = None) -> str:
    """`facts`: while it is made, by who may be free after a dearer one was tried."""
    if facts is not None and facts.free and job.held_usd_micros:
        return f"The {usd(job.held_usd_micros)} that is reserved is given back when it is done."
    return f"{usd(job.held_usd_micros)} is reserved." if job.held_usd_micros else ""


def _spent(job: Job) -> str:
    return f"{usd(job.paid_usd_micros)} was paid." if job.paid_usd_micros else NOTHING_CHARGED


def _service(facts: CardFacts) -> str:
    return quoted(facts.service_label) or "the service"
