"""The port to the rows of jobs, attempts and money, and what one acceptance writes. Implemented by `store`."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.jobs.answers import Unseen
from bot.jobs.attempt import Attempt, AttemptState
from bot.jobs.consent import Planned
from bot.jobs.model import Failure, Job, JobRecord, Order, Waiting
from bot.jobs.question_book import QuestionBook
from bot.jobs.wish import Standing
from bot.providers.base import RenderRef


class BookAway(Exception):
    """The rows gave no answer just now. Whatever was asked may be asked again, like after a restart."""


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
class InFlight:
    """What the rows say of a render that has not ended. `told_of`: a webhook about it has come."""

    overdue: bool
    told_of: bool


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

    async def in_flight(self, attempt_id: str) -> InFlight | None:
        """None: its render has ended, or there is none."""

    async def attempt(self, attempt_id: str) -> Attempt | None: ...

    async def attempt_of_token(self, token: str) -> Attempt | None: ...

    async def bound_renders(self, upstream: str, among: Collection[str]) -> frozenset[str]:
        """Which of these ids belong to an attempt already, so that a search adopts none of them."""
