"""Subcommands that only look, and `cancel`."""

from collections.abc import Awaitable, Callable, Sequence
from typing import assert_never

from bot.clock import Clock
from bot.jobs.balances import Account
from bot.jobs.doubt_desk import DoubtDesk
from bot.jobs.model import JobRecord
from bot.jobs.service import JobService
from bot.jobs.single_flight import SingleFlight
from bot.slack.admin_desk import AdminDesk
from bot.slack.message import Message
from bot.slack.payloads import Caller
from bot.slack.text import Subcommand, Told
from bot.slack.views import admin, listings, video_answers
from bot.slack.views.card import job_card
from bot.slack.views.status import status

Accounts = Callable[[], Awaitable[Sequence[Account]]]
"""What is left at the services that tell: `jobs.balances.Balances.accounts`."""


class Lookups:
    def __init__(
        self, *, jobs: JobService, doubts: DoubtDesk, admins: AdminDesk, accounts: Accounts, clock: Clock, command: str
    ) -> None:
        self._jobs = jobs
        self._accounts = accounts
        self._doubts = doubts
        self._admins = admins
        self._clock = clock
        self._command = command
        self._looks = SingleFlight()

    async def answer(self, caller: Caller, told: Told) -> Message:
        match told.subcommand:
            case Subcommand.HELP:
                return await self.help()
            case Subcommand.STATUS:
                return await self.status(caller, details=False)
            case Subcommand.QUOTA:
                found = await self._jobs.quota(caller.team_id, caller.user_id, caller.slack_channel_id)
                review = await self._doubts.review(caller.team_id, caller.user_id)
                return listings.quota(found, command=self._command, review=review)
            case Subcommand.JOBS:
                records = await self._jobs.mine(caller.team_id, caller.user_id)
                return listings.jobs(records, command=self._command)
            case Subcommand.SHOW:
                record = await self._meant(caller, told.number)
                return video_answers.unknown_video() if record is None else await self.shown(record)
            case Subcommand.CANCEL:
                record = await self._meant(caller, told.number)
                if record is None:
                    return video_answers.unknown_video()
                return video_answers.cancel_said(await self._jobs.cancel(caller.team_id, caller.user_id, record.job.id))
            case Subcommand.ADMIN if told.code:
                outcome = await self._admins.claim(caller.team_id, caller.user_id, told.code)
                known = await self._admins.admins(caller.team_id)
                return admin.claim_said(outcome, known, command=self._command)
            case Subcommand.ADMIN | Subcommand.SETTINGS:
                return admin.open_settings(self._command)
            case _:
                assert_never(told.subcommand)

    async def help(self) -> Message:
        return listings.help_text(self._command)

    async def status(self, caller: Caller, *, details: bool) -> Message:
        """Drawn once for all in a workspace who ask at the same time; the details of admins hold the accounts too."""
        for_admin = details and caller.user_id in await self._admins.admins(caller.team_id)

        async def look() -> Message:
            accounts = {each.upstream: each for each in await self._accounts()} if for_admin else {}
            return status(await self._jobs.status(caller.team_id), details=details, accounts=accounts)

        return await self._looks.look((caller.team_id, details, for_admin), look)

    async def shown(self, record: JobRecord) -> Message:
        facts, now = await self._jobs.facts(record), self._clock.now()
        card = job_card(record, facts, now=now, poster_file_id=None, delivery_unconfirmed=False)
        return listings.shown(record, facts, card, now=now)

    async def _meant(self, caller: Caller, number: int | None) -> JobRecord | None:
        """By its number; without one the latest of theirs."""
        if number is not None:
            return await self._jobs.numbered(caller.team_id, caller.user_id, number)
        return next(iter(await self._jobs.mine(caller.team_id, caller.user_id, limit=1)), None)
