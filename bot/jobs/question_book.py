"""The port to the rows of questions, of what was planned and of a job's money. Implemented by `store`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.jobs.consent import AnswerWord, Planned, Question, Taking


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
