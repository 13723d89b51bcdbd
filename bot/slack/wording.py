"""The few sentences that are posts of their own: beside a file, after a failure, when a place is gone.

Only words of ours and of the catalogue stand in them, never the person's: a prompt is shown on the card and in the
file's title, where nothing in it can ping or link.
"""

import re
from collections.abc import Mapping

from bot.jobs.card_facts import CardFacts
from bot.jobs.consent import Question
from bot.jobs.model import Failure, Job, JobState
from bot.slack.message import Message
from bot.slack.views.words import moment, quoted, usd

_WHAT_HAPPENED: Mapping[Failure, str] = {
    Failure.REFUSED: "was not made: the service turned it down",
    Failure.INVALID: "was not made: the service did not take these values",
    Failure.SERVICES_FAILED: "was not made: no service could do it",
    Failure.NO_SERVICE: "was not made: no service can do it any more",
    Failure.CANNOT_POST: "was not started: I can't post where you asked",
    Failure.VIDEO_LOST: "was made, but the service lost the file",
    Failure.NOT_FETCHED: "was made, but the service did not hand me the file",
    Failure.TOO_LARGE: "was made, but its file is larger than the 1 GB that Slack takes, so I did not keep it",
    Failure.NO_ANSWER: "was not made: what you asked for did not come back, and nobody said what may be used instead",
    Failure.UNDELIVERABLE: "is ready, but Slack would not take the file. I kept it: press Send again on its message",
    Failure.NOT_RENDERED: "was not made: the service ended without a video",
}

_WHY_NOT: Mapping[str, str] = {
    "not_in_channel": "I'm not in that channel",
    "channel_not_found": "I'm not in that channel",
    "is_archived": "the channel was archived",
    "thread_locked": "the thread is locked",
    "storage_limit_reached": "this workspace's storage is full",
    "file_uploads_disabled": "file uploads are switched off in this workspace",
    "file_uploads_except_images_disabled": "this workspace takes no files except pictures",
    "file_upload_size_restricted": "the file is larger than this workspace allows",
    "file_type_not_allowed": "this workspace takes no video files",
    "missing_scope": "the app may not upload files here (scope files:write)",
    "unreachable": "Slack could not be reached",
}


def mention(user_id: str) -> str:
    """A ping, only ever of an id that looks like Slack's own."""
    return f"<@{user_id}>" if re.fullmatch(r"[UW][A-Z0-9]+", user_id) else "Hello"


def file_comment(job: Job, facts: CardFacts) -> str:
    """Beside the video. The one mention of a delivered job, and the label that it is AI's."""
    maker = " · ".join(quoted(each) for each in (facts.model_label, facts.service_label) if each)
    made = f"Made with AI: {maker}." if maker else "Made with AI."
    return f"{mention(job.order.user_id)} your video #{job.number} is ready. {made}"


def ending(job: Job) -> Message:
    """The one reply for a job that ended without a video in the thread: what happened, money, what next."""
    if job.state is JobState.UNCONFIRMED:
        what = "may have been made: I could not find out. An admin has it on the list"
    else:
        what = _WHAT_HAPPENED[job.failure] if job.failure else "ended without a video"
    reference = f" Reference {job.reference}." if job.reference else ""
    text = f"{mention(job.order.user_id)} video #{job.number} {what}. {_money(job)} {_next(job)}{reference}"
    return Message(text=text, blocks=[])


def asking(job: Job, question: Question) -> Message:
    """The card has a question; this is what makes its person look there."""
    cost = f"for {usd(question.usd_micros)}" if question.usd_micros else "free of charge"
    wait = "wait, " if question.can_wait else ""
    text = (
        f"{mention(job.order.user_id)} video #{job.number} cannot be made as you asked just now. "
        f"Something else could make it {cost}: its message has the buttons to take that, {wait}or stop. "
        f"Without an answer it stops {moment(question.deadline_at)}."
    )
    return Message(text=text, blocks=[])


def kept(job: Job, refusal: str) -> Message:
    """A video that exists and that Slack takes nowhere."""
    reason = why_not(refusal)
    text = (
        f"{mention(job.order.user_id)} video #{job.number} is ready, but {reason}. {_money(job)} "
        "I kept it: press Send again on its message."
    )
    return Message(text=text, blocks=[])


def moved_here(job: Job, refusal: str) -> Message:
    """Directly to the requester, before a file that could not go where it was asked."""
    text = f"I can't post video #{job.number} where you asked: {why_not(refusal)}. It is ready, so here it is."
    return Message(text=text, blocks=[])


def why_not(refusal: str) -> str:
    """Slack's code as a reason; `refusal` may be one we have no words for."""
    if refusal.startswith("restricted_action"):
        return "posting there is restricted"
    if refusal.startswith("slack_connect"):
        return "the channel is shared with another company, which does not allow it"
    return _WHY_NOT.get(refusal, "Slack refused")


def _money(job: Job) -> str:
    if job.state is JobState.UNCONFIRMED:
        return "Its price is booked as possibly paid."
    return f"It cost {usd(job.paid_usd_micros)}." if job.paid_usd_micros else "Nothing was charged."


def _next(job: Job) -> str:
    match job.failure:
        case Failure.UNDELIVERABLE | None:
            return ""
        case Failure.NOT_FETCHED:
            return "Press Send again on its message to try once more; that costs nothing."
        case Failure.TOO_LARGE:
            return "Press Edit on its message to make a shorter one, or one with a lower resolution."
        case Failure.CANNOT_POST:
            return "Invite me there with `/invite`, or ask me here in a direct message."
        case Failure.REFUSED | Failure.INVALID:
            return "Press Edit on its message to change it."
        case _:
            return "Press Edit on its message to try again."
