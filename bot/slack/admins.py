"""Questions to the workspace's admins: one direct message each, sent at most once."""

from datetime import datetime

from bot.jobs.admins import AdminsOf
from bot.jobs.model import JobRecord
from bot.jobs.ports import Alarm
from bot.slack.drawing import FactsOf
from bot.slack.ports import TellingState
from bot.slack.telling import Teller
from bot.slack.views.doubt import doubt_question


class AdminQuestions:
    def __init__(self, *, teller: Teller, facts: FactsOf, alarm: Alarm, admins: AdminsOf) -> None:
        self._teller = teller
        self._facts = facts
        self._alarm = alarm
        self._admins = admins

    async def ask(self, record: JobRecord, *, given_up_at: datetime) -> None:
        """Whether the attempt in force arrived. An attempt that follows it is a question of its own."""
        attempt = record.attempt
        admins = await self._admins(record.job.order.team_id) if attempt is not None else ()
        if attempt is None or not admins:
            return
        question = doubt_question(record, attempt, await self._facts(record), given_up_at=given_up_at)
        for admin in admins:
            told = await self._teller.person(admin, record.job, f"doubt.{attempt.id}.{admin}", question)
            if told.state is TellingState.REFUSED:
                await self._alarm("admin_not_asked", {"job": record.job.id, "admin": admin, "code": told.refusal})
