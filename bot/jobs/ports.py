"""What the rooms above `jobs` plug into it, and what `jobs` plugs into nothing else."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from bot.jobs.answers import Unseen
from bot.jobs.card_facts import Moved
from bot.jobs.consent import AnswerWord, Planned, Question, Taking
from bot.jobs.model import Attempt, AttemptState, Failure, Job, JobRecord, Order, Waiting
from bot.jobs.wish import Standing
from bot.providers.base import RenderRef
from bot.upstreams.circuit import Circuit


class BookAway(Exception):
    """The rows gave no answer just now. Whatever was asked may be asked again, like after a restart."""


class Announced(StrEnum):
    """What became of the first message of a job."""

    POSTED = "posted"
    UNKNOWN = "unknown"
    """The answer was lost; the card may be there. Not repeated by itself."""
    REFUSED = "refused"
    """Slack does not let us post there; the requester was told how to go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpooledVideo:
    """The finished MP4 on this machine's disk, checked."""

    path: Path
    sha256: str
    bytes: int
    length_s: float
    size_px: tuple[int, int]


class Delivered(StrEnum):
    SHARED = "shared"
    """Seen in the thread."""
    UNCONFIRMED = "unconfirmed"
    """Slack took it and has not shown it yet; Send again works."""
    REFUSED = "refused"
    """Neither the place nor a direct message took it; kept, and the requester was told if anybody could be."""


class Surface(Protocol):
    """The place where people are, implemented by `slack`. A call may run twice for one job and does its work once."""

    async def announce(self, record: JobRecord) -> Announced:
        """Post the card. The first outside effect of a job, before any money moves."""

    async def deliver(self, record: JobRecord, video: SpooledVideo) -> Delivered:
        """Put the file into the thread exactly once."""

    async def tell_end(self, record: JobRecord) -> None:
        """One reply that mentions the requester, for a job that ended without a video. Sent before: skipped."""

    async def ask_admins(self, record: JobRecord, *, given_up_at: datetime) -> None:
        """Ask each admin once whether the attempt in force arrived; without an answer it is given up then."""

    async def tell_moved(self, record: JobRecord, moved: Moved) -> None:
        """One line in the thread: another service makes it now. Once for each move, however often it is called."""

    async def ask_person(self, record: JobRecord, question: Question) -> None:
        """One reply that mentions the requester: their card asks something. Once for each question."""

    async def take_away(self, record: JobRecord) -> None:
        """Delete the card and the files of a job whose person wants them gone."""

    def changed(self, job_id: str) -> None:
        """The job's card has something new to show. Never blocks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Everything one commit writes."""

    job_id: str
    order: Order
    order_key: str
    """Dedupe: the trigger id, or the form's random key. Unique per workspace."""
    usd_micros: int
    catalogue_version: str
    created_at: datetime
    unended_max: int
    """How many videos a person may have running and waiting together."""
    running_max: int
    again_after: datetime | None
    """The same prompt by the same person in the same place since then is asked about; None: it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    job: Job
    fresh: bool
    queue_place: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    earlier: Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdrawn:
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Full:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """One line of the ledger about a job. `kind` is the ledger's word; money in micro-dollars."""

    kind: str
    usd_micros: int
    given_back_usd_micros: int
    """What this line freed of what was reserved, beyond what it spent."""
    at: datetime
    attempt_id: str | None


class QuestionBook(Protocol):
    """The rows of questions and of what was planned; implemented by `store`. Every method is one transaction."""

    async def asks(self, question: Question, planned: Planned) -> bool:
        """Ask, and let the job wait for it. False: it is no longer waiting, or has an open question."""

    async def question(self, question_id: str) -> Question | None: ...

    async def closed(self, question: Question, word: AnswerWord, *, at: datetime, by: str = "") -> bool:
        """Compared and set: False means that somebody else's word came first. Money is left alone."""

    async def takes(self, question: Question, *, by: str, at: datetime) -> Taking:
        """The offer, at its price: what is reserved becomes that much, if every limit takes it."""

    async def stops(self, question: Question, *, by: str, at: datetime) -> bool:
        """The job ends as cancelled, and what was reserved is given back. False: somebody was quicker."""

    async def asks_anew(
        self, question: Question, after: Question | None, planned: Planned, *, by: str, at: datetime
    ) -> bool:
        """The offer is no longer true: another question in its place, or none. False: somebody was quicker."""

    async def planned(self, job_id: str, planned: Planned) -> None:
        """Keep it for "What happened?"."""

    async def plannings(self, job_id: str) -> tuple[Planned, ...]:
        """Oldest first."""

    async def bookings(self, job_id: str) -> tuple[Booking, ...]:
        """Oldest first."""


class JobBook(QuestionBook, Protocol):
    """The rows of jobs, attempts and money; implemented by `store`. Every method is one transaction."""

    async def accept(self, asked: Acceptance) -> Committed | Repeated | Overdrawn | Full: ...

    async def record(self, job_id: str) -> JobRecord | None: ...

    async def numbered(self, team_id: str, number: int) -> JobRecord | None: ...

    async def latest(self, team_id: str, user_id: str, *, limit: int) -> list[JobRecord]:
        """A person's newest first, without those they removed."""

    async def unended(self) -> list[Job]:
        """For the sweep: every job that still owes somebody something, oldest first."""

    async def counts(self, team_id: str) -> Mapping[str, int]:
        """Jobs by state."""

    async def queue_place(self, job_id: str, *, running_max: int) -> int: ...

    async def begin(
        self,
        attempt: Attempt,
        *,
        prompt: str,
        in_flight_max: int,
        per_minute: int,
        planned: Planned | None = None,
    ) -> bool:
        """The intent, under the upstream's row: slot counted, committed. False: not now.

        One submit of unknown outcome per (upstream, prompt, model) at a time, so that a search cannot confuse two.
        """

    async def room(self, upstream: str, *, in_flight_max: int, per_minute: int, now: datetime) -> int:
        """How many submits that service would take now; only `begin` decides."""

    async def submitted(self, attempt_id: str, ref: RenderRef, *, at: datetime) -> bool:
        """The service's id, committed at once. False: another attempt owns that render."""

    async def absent(self, attempt: Attempt, *, at: datetime) -> bool:
        """Proven never to have arrived: back to queued. Compared on the intent's time. False: somebody else won."""

    async def possibly_paid(self, attempt: Attempt, *, at: datetime) -> bool:
        """Somebody saw that it arrived, but we have no id of it: booked, ended. Compared likewise."""

    async def risked(self, attempt: Attempt, *, note: str, at: datetime) -> bool:
        """Booked as possibly paid, and back to queued for one more try with its own money held; once a job.

        False: the doubt is over, a limit does not take both, or it was done before.
        """

    async def possibly_paid_since(self, team_id: str, since: datetime, *, limit: int) -> list[Unseen]:
        """The admins' review list, newest first."""

    async def attempt_ended(
        self,
        attempt_id: str,
        *,
        state: AttemptState,
        at: datetime,
        error_kind: str = "",
        error_detail: str = "",
        result_ref: str = "",
        cost_usd_micros: int | None = None,
        retry_at: datetime | None = None,
    ) -> bool:
        """False: it had ended before; the first word stands, but a late video wins over a failure."""

    async def progressed(self, attempt_id: str, *, progress: float) -> None: ...

    async def overdue(self, job_id: str, *, at: datetime) -> None: ...

    async def waits(self, job_id: str, waiting: Waiting | None) -> Job:
        """Why it has not been sent yet; None: it is about to be. The job as it is then."""

    async def checking(self, job_id: str, *, at: datetime) -> None: ...

    async def requeued(self, job_id: str, *, at: datetime) -> None:
        """Failover: back to queued with no attempt in force."""

    async def captured(self, job_id: str, *, at: datetime) -> None:
        """The video exists: money spent, delivering."""

    async def kept(self, job_id: str, *, at: datetime) -> None:
        """The video exists, but its person had cancelled: money spent, nothing posted, offered."""

    async def late_video(self, attempt: Attempt, ref: RenderRef, *, result_ref: str, at: datetime) -> Job | None:
        """A video of an attempt that had ended without one exists after all, so it is paid.

        The job to deliver it to. None: the job has a video, or its person wants none, or this was known.
        """

    async def delivered(self, job_id: str, *, at: datetime) -> None: ...

    async def redelivering(self, job_id: str, *, at: datetime) -> None: ...

    async def failed(
        self, job_id: str, failure: Failure, *, words: str, reference: str, charged_usd_micros: int, at: datetime
    ) -> None:
        """Ended without a video in the thread: what was charged is captured, the rest given back."""

    async def charged(self, attempt: Attempt, *, usd_micros: int, at: datetime) -> None:
        """A try that made nothing and is billed all the same: spent out of what is reserved; the job goes on."""

    async def cancelled(self, job_id: str, *, at: datetime) -> None: ...

    async def unconfirmed(self, job_id: str, *, at: datetime) -> None:
        """Booked as possibly paid."""

    async def cancel_requested(self, job_id: str, *, at: datetime) -> Job | None: ...

    async def removed(self, job_id: str, *, at: datetime) -> None: ...

    async def next_generation(self, job: Job) -> bool:
        """A new story for a job whose story was lost. False: somebody else gave it one."""

    async def standings(
        self, team_id: str, user_id: str, slack_channel_id: str, *, now: datetime
    ) -> tuple[Standing, ...]: ...

    async def webhook_came(self, upstream: str, render_id: str, event_id: str, *, token: str, at: datetime) -> bool:
        """Keep a verified event. False: seen before."""

    async def webhook_seen(self, upstream: str, render_id: str) -> bool: ...

    async def attempt(self, attempt_id: str) -> Attempt | None: ...

    async def attempt_of_token(self, token: str) -> Attempt | None: ...

    async def bound_renders(self, upstream: str, among: Collection[str]) -> frozenset[str]:
        """Which of these ids belong to an attempt already, so that a search adopts none of them."""


class Healths(Protocol):
    """Circuits of all upstreams, shared through the database; implemented by `store`."""

    async def circuits(self) -> Mapping[str, Circuit]: ...

    async def observe(
        self, upstream: str, *, error_kind: str | None, now: datetime, model: str | None = None, attempt_id: str = ""
    ) -> object:
        """Fold one outcome in: None is a success. `model`: whose order it was; None: a call that was no order.

        By the attempt refusals of one prompt are told from those of many: a person who insists is no risk control.
        """

    async def lease_trial(self, upstream: str, *, job_id: str, now: datetime, model: str | None = None) -> bool:
        """Be the one job that tries a service or model that was out. True also where no trial is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastEnd:
    """One render that ended by itself, with a video or without, as we noticed it."""

    took_s: float
    """From the service's id to the look that saw the end."""
    ended_at: datetime
    announced: bool
    """The service's webhook told of it, at whatever time."""


class RenderHistory(Protocol):
    """How long renders took; implemented by `store`."""

    async def recent_ends(self, upstream: str, model: str, *, limit: int) -> tuple[PastEnd, ...]:
        """The latest first. Without those that we stopped, lost or gave up."""


Enqueue = Callable[[Any, str, str], None]
"""(open transaction, job id, person's partition) to one more row in it: the durable start."""

Alarm = Callable[[str, Mapping[str, object]], Awaitable[None]]
