"""Files of a job that went out before: what Send again must not double, and what Delete takes away."""

import logging

from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import Clock
from bot.jobs.model import Job
from bot.slack.failures import FileGone, MissingScope, SlackFailure
from bot.slack.patience import patiently
from bot.slack.ports import Cards, Deliveries, Delivery, DeliveryState, PosterState
from bot.slack.posting import unpost
from bot.slack.uploads import SlackFiles

_log = logging.getLogger(__name__)

PERHAPS_THERE = frozenset(
    {DeliveryState.COMPLETING, DeliveryState.COMPLETED, DeliveryState.SHARED, DeliveryState.UNCONFIRMED}
)


class EarlierFiles:
    def __init__(
        self, *, slack: AsyncWebClient, files: SlackFiles, cards: Cards, deliveries: Deliveries, clock: Clock
    ) -> None:
        self._slack = slack
        self._files = files
        self._cards = cards
        self._deliveries = deliveries
        self._clock = clock

    async def arrived(self, job: Job) -> bool:
        """Whether a file of an earlier delivery is in its place after all. One that is not can never turn up later:

        it is deleted first, so that one more delivery makes one file. Raises `SlackFailure` when Slack stays away.
        """
        for delivery in await self._perhaps_there(job.id):
            if delivery.since == job.state_since:
                continue
            if await self._is_there(delivery):
                await self._deliveries.moved(delivery, DeliveryState.SHARED)
                return True
            await self._delete(delivery.file_id)
        return False

    async def take_away(self, job: Job) -> None:
        """Delete the job's card and files from Slack. Repeatable; what Slack does not let us delete stays."""
        for delivery in await self._perhaps_there(job.id):
            await self._unshare(delivery.file_id)
            await self._delete(delivery.file_id)
        card = await self._cards.card(job.id)
        if card is None:
            return
        await self._cards.taken_away(job.id)
        if card.poster is PosterState.READY:
            await self._cards.poster(job.id, PosterState.REFUSED, card.poster_file_id)
            await self._delete(card.poster_file_id)
        if card.ts is not None:
            await self._unpost(card.slack_channel_id, card.ts)

    async def _unshare(self, file_id: str) -> None:
        """Delete the messages that show a file: without it they would still mention its requester."""
        try:
            seen = await patiently(self._clock, lambda: self._files.look(file_id))
        except SlackFailure:
            return
        for slack_channel_id, ts in seen.posts:
            await self._unpost(slack_channel_id, ts)

    async def _unpost(self, slack_channel_id: str, ts: str) -> None:
        try:
            await patiently(self._clock, lambda: unpost(self._slack, slack_channel_id=slack_channel_id, ts=ts))
        except SlackFailure as refusal:
            _log.warning("a message could not be deleted", extra={"code": refusal.code})

    async def _perhaps_there(self, job_id: str) -> list[Delivery]:
        return [each for each in await self._deliveries.of_job(job_id) if each.state in PERHAPS_THERE and each.file_id]

    async def _is_there(self, delivery: Delivery) -> bool:
        try:
            seen = await patiently(self._clock, lambda: self._files.look(delivery.file_id))
        except (FileGone, MissingScope):
            return False
        return seen.is_in(delivery.slack_channel_id)

    async def _delete(self, file_id: str) -> None:
        try:
            await patiently(self._clock, lambda: self._files.delete(file_id))
        except FileGone:
            return
        except SlackFailure as refusal:
            _log.warning("a file could not be deleted", extra={"code": refusal.code})
