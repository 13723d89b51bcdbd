"""Orders and jobs: frozen values and the legal moves between their states."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.catalogue.model import ModelClass, Shape
from bot.jobs.attempt import Attempt
from bot.jobs.consent import AnswerWord, Question


class JobState(StrEnum):
    QUEUED = "queued"
    """Accepted and paid for in the books; nothing has been sent to a service."""
    SUBMITTING = "submitting"
    """One submit may be on the wire."""
    CHECKING = "checking"
    """A submit went out and it is not known whether it arrived."""
    RENDERING = "rendering"
    DELIVERING = "delivering"
    """The video exists and is paid; it is on its way into the thread."""
    DELIVERED = "delivered"
    UNCONFIRMED = "unconfirmed"
    """Whether the submit arrived was never found out; booked as possibly paid."""
    FAILED = "failed"
    CANCELLED = "cancelled"


NEXT: Mapping[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.SUBMITTING, JobState.FAILED, JobState.CANCELLED}),
    JobState.SUBMITTING: frozenset(
        {JobState.QUEUED, JobState.CHECKING, JobState.RENDERING, JobState.FAILED, JobState.CANCELLED}
    ),
    JobState.CHECKING: frozenset(
        {JobState.SUBMITTING, JobState.RENDERING, JobState.UNCONFIRMED, JobState.FAILED, JobState.CANCELLED}
    ),
    JobState.RENDERING: frozenset(
        {JobState.QUEUED, JobState.DELIVERING, JobState.UNCONFIRMED, JobState.FAILED, JobState.CANCELLED}
    ),
    JobState.DELIVERING: frozenset({JobState.DELIVERED, JobState.FAILED}),
    JobState.DELIVERED: frozenset({JobState.DELIVERING}),
    JobState.UNCONFIRMED: frozenset({JobState.DELIVERING}),
    JobState.FAILED: frozenset({JobState.DELIVERING}),
    JobState.CANCELLED: frozenset({JobState.DELIVERING}),
}
"""rendering to queued is failover; delivered to delivering is Send again; a late video moves failed or cancelled on."""

ENDED = frozenset({JobState.DELIVERED, JobState.UNCONFIRMED, JobState.FAILED, JobState.CANCELLED})


class IllegalMoveError(Exception):
    """A bug of ours: the caller held a stale job or skipped a state."""


class Fit(StrEnum):
    """How a picture meets the frame. WHOLE: blurred edges, nothing cut; FILL: cropped to the frame."""

    WHOLE = "whole"
    FILL = "fill"


class Failure(StrEnum):
    """Why a job ended without a video in the thread; the words are `slack`'s."""

    REFUSED = "refused"
    """A service's moderation turned it down."""
    INVALID = "invalid"
    """A service did not accept the order's values."""
    SERVICES_FAILED = "services_failed"
    """Every service that could make it failed."""
    NO_SERVICE = "no_service"
    """Nothing configured can make it any more (retired, removed, waited too long)."""
    CANNOT_POST = "cannot_post"
    """Slack did not let us post before money moved."""
    VIDEO_LOST = "video_lost"
    """Rendered and paid, but the service's file is gone or never was a video."""
    NOT_FETCHED = "not_fetched"
    """Rendered and paid, but its file could not be brought here (service silent, disk full); Send again works."""
    TOO_LARGE = "too_large"
    """Rendered and paid, but larger than any file Slack takes; not kept."""
    UNDELIVERABLE = "undeliverable"
    """Rendered, paid and kept, but Slack takes it nowhere; Send again works."""
    NO_ANSWER = "no_answer"
    """Only something else than what was agreed could have made it, and its person did not say whether it may."""
    NOT_RENDERED = "not_rendered"
    """The service accepted it and ended without a video, and nothing else could take over."""


class Waiting(StrEnum):
    """Why a queued job has not been sent yet, for its card."""

    TURN = "turn"
    """The person's other videos run first."""
    SLOT = "slot"
    """The service takes no more at once."""
    SERVICE_DOWN = "service_down"
    """Every service that could make it is out; it starts by itself."""
    ANSWER = "answer"
    """What was agreed cannot be had now; the person is asked whether something else may be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a person asked and where the answer goes. `thread_ts` is the parent's."""

    slack_channel_id: str
    thread_ts: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a person asked for, checked and priced. `model` None is Auto: any model of the class up to the price."""

    team_id: str
    user_id: str
    place: Place
    prompt: str
    model: str | None
    model_class: ModelClass
    length_s: int
    shape: Shape
    resolution: str
    audio: bool | None = None
    seed: int | None = None
    picture_id: str | None = None
    picture_fit: Fit = Fit.WHOLE
    parent_job_id: str | None = None
    avoided: tuple[str, ...] = ()
    """Upstreams that are not asked: where an earlier video of the same wish is stuck."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Our durable record of one order. Money in micro-dollars, times in UTC."""

    id: str
    number: int
    """Per workspace, what people see as #142."""
    order: Order
    state: JobState
    state_since: datetime
    created_at: datetime
    held_usd_micros: int
    """The most it may cost: the price shown."""
    paid_usd_micros: int = 0
    catalogue_version: str
    generation: int = 0
    """Raised when a lost story gets a new one."""
    version: int = 1
    """Raised by every change a card shows."""
    waiting: Waiting | None = None
    overdue_since: datetime | None = None
    """Set while a render takes longer than its model's longest wait."""
    cancel_requested_at: datetime | None = None
    failure: Failure | None = None
    failure_words: str = ""
    """What the service or Slack said, cleaned; for the requester only."""
    reference: str = ""
    """Short id a person can quote and an operator can find in the log."""
    attempt_id: str | None = None
    """The attempt in force, or the one that made the video."""
    question_id: str | None = None
    """The latest question to its person, open or answered."""
    finished_at: datetime | None = None
    removed_at: datetime | None = None
    """Set when its person took the card or the video away."""

    def moved(self, to: JobState, *, at: datetime) -> "Job":
        """The only way to change state.

        Raises:
            IllegalMoveError: `to` is not in NEXT[state].
        """
        if to not in NEXT[self.state]:
            raise IllegalMoveError(f"{self.id}: {self.state} -> {to}")
        return replace(self, state=to, state_since=at, version=self.version + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """A job with its tries and questions, oldest first: what cards, listings and "what happened" are drawn from."""

    job: Job
    attempts: tuple[Attempt, ...] = ()
    questions: tuple[Question, ...] = ()

    @property
    def attempt(self) -> Attempt | None:
        """The attempt in force."""
        return next((each for each in self.attempts if each.id == self.job.attempt_id), None)

    @property
    def open_question(self) -> Question | None:
        return next((each for each in self.questions if each.is_open), None)

    @property
    def agreed(self) -> Question | None:
        """The last offer that its person took: it replaces what the order named."""
        return next((each for each in reversed(self.questions) if each.answer is AnswerWord.USE), None)
