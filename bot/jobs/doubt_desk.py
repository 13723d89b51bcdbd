"""An admin's word on a submit of which only a person can see whether it arrived (mission B5)."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from bot.clock import Clock
from bot.jobs.admins import AdminsOf
from bot.jobs.answers import Unseen
from bot.jobs.attempt import Attempt, AttemptState
from bot.jobs.bell import Bell
from bot.jobs.book import JobBook
from bot.jobs.model import JobRecord
from bot.jobs.ports import Alarm
from bot.jobs.surface import Surface

REVIEWED = timedelta(days=62)
"""This month's and last month's: invoices come monthly."""
REVIEW_MAX = 20


class DoubtOutcome(StrEnum):
    BOOKED = "booked"
    """It was made: booked as possibly paid, the job has ended."""
    SENT_AFRESH = "sent_afresh"
    """It was not made: the job's own story goes on as if nothing had been sent."""
    SETTLED = "settled"
    """Somebody, or the service, was quicker."""
    TOO_EARLY = "too_early"
    """It may still be on its way."""
    NOT_ADMIN = "not_admin"
    UNKNOWN = "unknown"
    """No such question in this workspace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtAnswer:
    """`record` and `attempt` as they are after the answer; both are there unless the outcome hides them."""

    outcome: DoubtOutcome
    record: JobRecord | None = None
    attempt: Attempt | None = None


class DoubtDesk:
    def __init__(
        self, *, book: JobBook, surface: Surface, bell: Bell, clock: Clock, alarm: Alarm, admins: AdminsOf
    ) -> None:
        self._book = book
        self._surface = surface
        self._bell = bell
        self._clock = clock
        self._alarm = alarm
        self._admins = admins

    async def answer(self, team_id: str, user_id: str, attempt_id: str, *, made: bool) -> DoubtAnswer:
        """The first word counts: compared and set, so it can neither meet a second one nor an adopted render.

        It is about one attempt, not about a job: a late click must not answer for the attempt that came after.
        """
        if user_id not in await self._admins(team_id):
            return DoubtAnswer(outcome=DoubtOutcome.NOT_ADMIN)
        attempt = await self._book.attempt(attempt_id)
        if attempt is None or attempt.team_id != team_id:
            return DoubtAnswer(outcome=DoubtOutcome.UNKNOWN)
        now = self._clock.now()
        if attempt.state is AttemptState.INTENT and now < attempt.deadline_at:
            return await self._answered(DoubtOutcome.TOO_EARLY, attempt)
        write = self._book.possibly_paid if made else self._book.absent
        if not await write(attempt, at=now):
            return await self._answered(DoubtOutcome.SETTLED, attempt)
        await self._alarm("doubt_answered", {"job": attempt.job_id, "by": user_id, "made": made})
        await self._bell.job(attempt.job_id)
        self._surface.changed(attempt.job_id)
        return await self._answered(DoubtOutcome.BOOKED if made else DoubtOutcome.SENT_AFRESH, attempt)

    async def review(self, team_id: str, user_id: str) -> list[Unseen]:
        """What is booked as possibly paid, to be compared with the services' invoices. Empty for who is no admin."""
        if user_id not in await self._admins(team_id):
            return []
        return await self._book.possibly_paid_since(team_id, self._clock.now() - REVIEWED, limit=REVIEW_MAX)

    async def _answered(self, outcome: DoubtOutcome, attempt: Attempt) -> DoubtAnswer:
        record = await self._book.record(attempt.job_id)
        return DoubtAnswer(outcome=outcome, record=record, attempt=await self._book.attempt(attempt.id))
