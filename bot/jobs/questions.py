"""A person is asked when what they agreed to cannot be had: put to them here, and their word carried out."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from bot.clock import Clock, NewId
from bot.jobs.admins import AdminsOf
from bot.jobs.bell import Bell
from bot.jobs.book import JobBook
from bot.jobs.consent import AnswerWord, Question, Taking
from bot.jobs.model import JobRecord
from bot.jobs.planning import Outlook, Planner
from bot.jobs.surface import Surface


class AnswerOutcome(StrEnum):
    USED = "used"
    WAITS = "waits"
    STOPPED = "stopped"
    CHANGED = "changed"
    """The offer was no longer true: there is another one to decide on."""
    GONE = "gone"
    """The offer is no longer true, and there is no other."""
    OVER_LIMIT = "over_limit"
    SETTLED = "settled"
    """It was answered before, or needs no answer any more; `question` says by which word."""
    NOT_YOURS = "not_yours"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionAnswer:
    """`question` and `record` as they are after the answer; both are there unless the outcome hides them.

    `question` is the one that was answered; after CHANGED the open one is the record's.
    """

    outcome: AnswerOutcome
    question: Question | None = None
    record: JobRecord | None = None


class Asker:
    """Turns an outlook into a question."""

    def __init__(self, *, planner: Planner, new_id: NewId, answer_within: timedelta) -> None:
        self._planner = planner
        self._new_id = new_id
        self._answer_within = answer_within

    def question(self, record: JobRecord, outlook: Outlook, *, now: datetime) -> Question | None:
        """None: there is nothing else to offer."""
        offered = self._planner.offer(record, outlook, now=now)
        if offered is None:
            return None
        return Question(
            id=self._new_id(),
            job_id=record.job.id,
            team_id=record.job.order.team_id,
            upstream=offered.upstream,
            model=offered.model.name,
            length_s=offered.length_s,
            usd_micros=offered.usd_micros,
            why=self._planner.why(record, outlook),
            can_wait=outlook.may_come_back,
            asked_at=now,
            deadline_at=now + self._answer_within,
        )


class QuestionDesk:
    """The first word counts: compared and set, whoever clicks, however often, in whichever process."""

    def __init__(
        self,
        *,
        book: JobBook,
        planner: Planner,
        asker: Asker,
        surface: Surface,
        bell: Bell,
        clock: Clock,
        admins: AdminsOf,
    ) -> None:
        self._book = book
        self._planner = planner
        self._asker = asker
        self._surface = surface
        self._bell = bell
        self._clock = clock
        self._admins = admins

    async def answer(self, team_id: str, user_id: str, question_id: str, word: AnswerWord) -> QuestionAnswer:
        """`word` is USE, WAIT or STOP: the person's own, or an admin's for them."""
        question = await self._book.question(question_id)
        record = await self._book.record(question.job_id) if question is not None else None
        if question is None or record is None or question.team_id != team_id:
            return QuestionAnswer(outcome=AnswerOutcome.UNKNOWN)
        if user_id != record.job.order.user_id and user_id not in await self._admins(team_id):
            return QuestionAnswer(outcome=AnswerOutcome.NOT_YOURS)
        if not question.is_open:
            return await self._said(AnswerOutcome.SETTLED, question)
        outcome = await self._done(question, record, word, by=user_id)
        await self._bell.job(question.job_id)
        self._surface.changed(question.job_id)
        return await self._said(outcome, question)

    async def _done(self, question: Question, record: JobRecord, word: AnswerWord, *, by: str) -> AnswerOutcome:
        now = self._clock.now()
        if word is AnswerWord.STOP:
            stopped = await self._book.stops(question, by=by, at=now)
            return AnswerOutcome.STOPPED if stopped else AnswerOutcome.SETTLED
        if word is AnswerWord.WAIT:
            waits = question.can_wait and await self._book.closed(question, AnswerWord.WAIT, at=now, by=by)
            return AnswerOutcome.WAITS if waits else AnswerOutcome.SETTLED
        return await self._used(question, record, by=by, now=now)

    async def _used(self, question: Question, record: JobRecord, *, by: str, now: datetime) -> AnswerOutcome:
        """Only what is true at the click is taken; a dearer price is another question."""
        if not await self._planner.still_has(record, question, now=now):
            outlook = await self._planner.look(record, now=now)
            fresh = self._asker.question(record, outlook, now=now)
            planned = outlook.planned(fresh.id if fresh is not None else question.id, now)
            if not await self._book.asks_anew(question, fresh, planned, by=by, at=now):
                return AnswerOutcome.SETTLED
            return AnswerOutcome.CHANGED if fresh is not None else AnswerOutcome.GONE
        match await self._book.takes(question, by=by, at=now):
            case Taking.TAKEN:
                return AnswerOutcome.USED
            case Taking.OVER_LIMIT:
                return AnswerOutcome.OVER_LIMIT
            case Taking.SETTLED:
                return AnswerOutcome.SETTLED
            case unknown:
                assert_never(unknown)

    async def _said(self, outcome: AnswerOutcome, question: Question) -> QuestionAnswer:
        return QuestionAnswer(
            outcome=outcome,
            question=await self._book.question(question.id),
            record=await self._book.record(question.job_id),
        )
