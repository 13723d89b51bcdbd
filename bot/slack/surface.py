"""`jobs.surface.Surface` in Slack: the card, the file, the reply. Each finds its place and does its work once."""

from datetime import datetime

from bot.jobs.card_facts import Moved
from bot.jobs.consent import Question
from bot.jobs.model import Job, JobRecord
from bot.jobs.surface import Announced, Delivered, SpooledVideo, Surface
from bot.slack.admins import AdminQuestions
from bot.slack.cards import CardWriter
from bot.slack.delivery import VideoDelivery
from bot.slack.earlier import EarlierFiles
from bot.slack.failures import SlackFailure, blames_place
from bot.slack.ports import Cards, Deliveries, Delivery, DeliveryState, TellingState
from bot.slack.posting import CardPoster
from bot.slack.telling import Teller


class SlackSurface:
    def __init__(
        self,
        *,
        cards: Cards,
        deliveries: Deliveries,
        poster: CardPoster,
        writer: CardWriter,
        delivery: VideoDelivery,
        earlier: EarlierFiles,
        teller: Teller,
        admins: AdminQuestions,
    ) -> None:
        self._cards = cards
        self._deliveries = deliveries
        self._poster = poster
        self._writer = writer
        self._delivery = delivery
        self._earlier = earlier
        self._teller = teller
        self._admins = admins

    async def announce(self, record: JobRecord) -> Announced:
        announced = await self._poster.announce(record)
        self._writer.changed(record.job.id)
        return announced

    async def deliver(self, record: JobRecord, video: SpooledVideo) -> Delivered:
        """The file into the thread; where that place is dead, directly to the requester, with the reason."""
        job = record.job
        try:
            if await self._earlier.arrived(job):
                return Delivered.SHARED
        except SlackFailure as failure:
            await self._teller.kept(job, failure.code)
            return Delivered.REFUSED
        carried = await self._delivery.carry(await self._wanted(job), record, video)
        if carried.state is DeliveryState.REFUSED and blames_place(carried.refusal):
            carried = await self._directly(carried, record, video)
        match carried.state:
            case DeliveryState.SHARED:
                return Delivered.SHARED
            case DeliveryState.UNCONFIRMED:
                return Delivered.UNCONFIRMED
            case _:
                await self._teller.kept(job, carried.refusal)
                return Delivered.REFUSED

    async def tell_end(self, record: JobRecord) -> None:
        await self._teller.end(record)

    async def ask_admins(self, record: JobRecord, *, given_up_at: datetime) -> None:
        await self._admins.ask(record, given_up_at=given_up_at)

    async def tell_moved(self, record: JobRecord, moved: Moved) -> None:
        await self._teller.moved(record.job, moved)

    async def ask_person(self, record: JobRecord, question: Question) -> None:
        await self._teller.question(record.job, question)

    def changed(self, job_id: str) -> None:
        self._writer.changed(job_id)

    async def adopt(self, job_id: str, slack_channel_id: str, ts: str) -> None:
        """A button of this job was pressed on that message. If we never learned where its card is: there."""
        if await self._cards.adopt(job_id, slack_channel_id, ts):
            self._writer.changed(job_id)

    async def take_away(self, record: JobRecord) -> None:
        await self._earlier.take_away(record.job)

    async def _wanted(self, job: Job) -> Delivery:
        """This visit's delivery: the one begun before, else one to where the card is."""
        for known in await self._deliveries.of_job(job.id):
            if known.since == job.state_since:
                return known
        card, place = await self._cards.card(job.id), job.order.place
        return await self._deliveries.want(
            job_id=job.id,
            team_id=job.order.team_id,
            since=job.state_since,
            slack_channel_id=card.slack_channel_id if card else place.slack_channel_id,
            thread_ts=card.thread_ts if card else place.thread_ts,
        )

    async def _directly(self, refused: Delivery, record: JobRecord, video: SpooledVideo) -> Delivery:
        job = record.job
        told = await self._teller.moved_here(job, refused.refusal)
        if told.state is not TellingState.SENT:
            return refused
        there = await self._deliveries.want(
            job_id=job.id,
            team_id=job.order.team_id,
            since=job.state_since,
            slack_channel_id=told.slack_channel_id,
            thread_ts=None,
        )
        return await self._delivery.carry(there, record, video)


_: type[Surface] = SlackSurface
