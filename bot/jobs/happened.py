""" "What happened?": everything that is written down about one video, for its person and for admins (mission D6)."""

from dataclasses import dataclass
from enum import StrEnum

from bot.jobs.admins import AdminsOf
from bot.jobs.attempt import Attempt
from bot.jobs.book import JobBook
from bot.jobs.card_facts import CardFacts
from bot.jobs.consent import Planned, Question
from bot.jobs.model import JobRecord
from bot.jobs.moving import model_label
from bot.jobs.question_book import Booking
from bot.jobs.standing import Standings
from bot.upstreams.registry import Registry


class LookOutcome(StrEnum):
    SHOWN = "shown"
    NOT_YOURS = "not_yours"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One attempt with the words of its service. `planned`: what was known when it was sent; None: not kept then."""

    attempt: Attempt
    service_label: str
    model_label: str
    planned: Planned | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedThen:
    question: Question
    service_label: str
    model_label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    record: JobRecord
    facts: CardFacts
    tries: tuple[Try, ...]
    asked: tuple[AskedThen, ...]
    waited: Planned | None
    """What was known when it last had to wait."""
    bookings: tuple[Booking, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HappenedAnswer:
    outcome: LookOutcome
    happening: Happening | None = None


class HappenedDesk:
    def __init__(self, *, book: JobBook, registry: Registry, standings: Standings, admins: AdminsOf) -> None:
        self._book = book
        self._registry = registry
        self._standings = standings
        self._admins = admins

    async def look(self, team_id: str, user_id: str, job_id: str) -> HappenedAnswer:
        record = await self._book.record(job_id)
        if record is None or record.job.order.team_id != team_id:
            return HappenedAnswer(outcome=LookOutcome.UNKNOWN)
        if user_id != record.job.order.user_id and user_id not in await self._admins(team_id):
            return HappenedAnswer(outcome=LookOutcome.NOT_YOURS)
        plannings = {each.occasion: each for each in await self._book.plannings(job_id)}
        tries = tuple(self._try(each, plannings.get(each.id)) for each in record.attempts)
        waited = max(
            (each for name, each in plannings.items() if name not in {one.id for one in record.attempts}),
            key=lambda each: each.at,
            default=None,
        )
        happening = Happening(
            record=record,
            facts=await self._standings.facts(record, queue_place=0),
            tries=tries,
            asked=tuple(self._asked(each) for each in record.questions),
            waited=waited,
            bookings=await self._book.bookings(job_id),
        )
        return HappenedAnswer(outcome=LookOutcome.SHOWN, happening=happening)

    def _try(self, attempt: Attempt, planned: Planned | None) -> Try:
        return Try(
            attempt=attempt,
            service_label=self._registry.label(attempt.upstream),
            model_label=model_label(attempt.upstream, attempt.model, self._registry),
            planned=planned,
        )

    def _asked(self, question: Question) -> AskedThen:
        return AskedThen(
            question=question,
            service_label=self._registry.label(question.upstream),
            model_label=model_label(question.upstream, question.model, self._registry),
        )
