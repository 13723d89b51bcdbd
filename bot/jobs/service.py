"""The use cases: what a listener calls, once. Nothing here knows Slack, SQL or a service's wire."""

from dataclasses import dataclass, replace
from datetime import timedelta

from bot.clock import Clock, NewId
from bot.jobs.answers import (
    Accepted,
    Answer,
    CancelAnswer,
    CancelOutcome,
    NotPossible,
    OverBudget,
    PriceToConfirm,
    QueueFull,
    QuotaAnswer,
    RemoveAnswer,
    RemoveOutcome,
    SameAgain,
)
from bot.jobs.attempt import AttemptState
from bot.jobs.bell import Bell
from bot.jobs.book import Acceptance, Committed, Full, JobBook, Overdrawn, Repeated
from bot.jobs.card_facts import CardFacts
from bot.jobs.model import ENDED, Fit, JobRecord, JobState
from bot.jobs.offers import Offers, order_of
from bot.jobs.pictures import FirstFrame, PictureDesk
from bot.jobs.standing import Standings
from bot.jobs.status import StatusAnswer
from bot.jobs.surface import Surface
from bot.jobs.wish import Choice, Offer, Wish


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the operator decided. Money in micro-dollars."""

    confirm_above_usd_micros: int
    running_max: int
    queued_max: int
    again_window: timedelta
    time_zone: str


class JobService:
    def __init__(
        self,
        *,
        book: JobBook,
        offers: Offers,
        standings: Standings,
        bell: Bell,
        surface: Surface,
        pictures: PictureDesk,
        clock: Clock,
        new_id: NewId,
        rules: Rules,
    ) -> None:
        self._book = book
        self._offers = offers
        self._standings = standings
        self._bell = bell
        self._surface = surface
        self._pictures = pictures
        self._clock = clock
        self._new_id = new_id
        self._rules = rules

    async def offer(self, wish: Wish) -> Offer:
        """Check and price a wish. Nothing is reserved."""
        return await self._offers.offer(wish)

    async def choices(self) -> tuple[Choice, ...]:
        return self._offers.choices()

    async def ask(
        self,
        wish: Wish,
        *,
        order_key: str,
        price_confirmed_usd_micros: int | None = None,
        again_confirmed: bool = False,
    ) -> Answer:
        """Turn a wish into a job, or say why not yet. When it returns Accepted, everything is committed.

        `order_key` makes it one job however often the same envelope or click comes.
        """
        offer = await self._offers.priced(wish)
        if offer.complaints:
            return NotPossible(offer=await self._offers.with_standings(offer))
        shown = price_confirmed_usd_micros
        if shown is None and offer.usd_micros > self._rules.confirm_above_usd_micros:
            return PriceToConfirm(offer=await self._offers.with_standings(offer))
        if shown is not None and offer.usd_micros > shown:
            return PriceToConfirm(offer=await self._offers.with_standings(offer))
        now = self._clock.now()
        committed = await self._book.accept(
            Acceptance(
                job_id=self._new_id(),
                order=order_of(offer.wish, offer.model_name, offer.model_class),
                order_key=order_key,
                usd_micros=offer.usd_micros,
                catalogue_version=self._offers.catalogue_version,
                created_at=now,
                unended_max=self._rules.running_max + self._rules.queued_max,
                running_max=self._rules.running_max,
                again_after=None if again_confirmed else now - self._rules.again_window,
            )
        )
        match committed:
            case Committed():
                return Accepted(job=committed.job, fresh=committed.fresh, queue_place=committed.queue_place)
            case Repeated():
                return SameAgain(offer=await self._offers.with_standings(offer), earlier=committed.earlier)
            case Full():
                return QueueFull(queued_max=self._rules.queued_max)
            case Overdrawn():
                cheaper = await self._offers.cheaper(offer)
                shown_offer = await self._offers.with_standings(offer)
                return OverBudget(offer=shown_offer, standing=committed.standing, cheaper=cheaper)

    async def record(self, team_id: str, job_id: str) -> JobRecord | None:
        """A job of this workspace. Its id cannot be guessed: who has it was shown its card."""
        record = await self._book.record(job_id)
        return record if record is not None and record.job.order.team_id == team_id else None

    async def numbered(self, team_id: str, user_id: str, number: int) -> JobRecord | None:
        """By its number, the person's own only: a number can be guessed, an id cannot."""
        record = await self._book.numbered(team_id, number)
        return record if record is not None and record.job.order.user_id == user_id else None

    async def mine(self, team_id: str, user_id: str, *, limit: int = 10) -> list[JobRecord]:
        return await self._book.latest(team_id, user_id, limit=limit)

    async def cancel(self, team_id: str, user_id: str, job_id: str) -> CancelAnswer:
        """Before anything is sent: always. After: where the service confirms. Else an honest answer."""
        record = await self.record(team_id, job_id)
        if record is None:
            return CancelAnswer(outcome=CancelOutcome.UNKNOWN)
        job = record.job
        if job.order.user_id != user_id:
            return CancelAnswer(outcome=CancelOutcome.NOT_YOURS, job=job)
        if job.state in ENDED or job.state is JobState.DELIVERING:
            return CancelAnswer(outcome=CancelOutcome.ALREADY_ENDED, job=job)
        asked = await self._book.cancel_requested(job_id, at=self._clock.now())
        await self._bell.job(job_id)
        self._surface.changed(job_id)
        if asked is None or asked.state in ENDED:
            return CancelAnswer(outcome=CancelOutcome.ALREADY_ENDED, job=asked)
        if asked.state is JobState.QUEUED:
            await self._book.cancelled(job_id, at=self._clock.now())
            self._surface.changed(job_id)
            return CancelAnswer(outcome=CancelOutcome.CANCELLED, job=asked)
        can_stop = self._standings.can_stop(record)
        return CancelAnswer(outcome=CancelOutcome.ASKED if can_stop else CancelOutcome.CANNOT, job=asked)

    async def remove(self, team_id: str, user_id: str, job_id: str) -> RemoveAnswer:
        """Take the card, and the video with it, out of the channel. What was paid stays paid."""
        record = await self.record(team_id, job_id)
        if record is None:
            return RemoveAnswer(outcome=RemoveOutcome.UNKNOWN)
        if record.job.order.user_id != user_id:
            return RemoveAnswer(outcome=RemoveOutcome.NOT_YOURS, record=record)
        if record.job.state not in ENDED:
            return RemoveAnswer(outcome=RemoveOutcome.NOT_ENDED, record=record)
        await self._book.removed(job_id, at=self._clock.now())
        await self._surface.take_away(record)
        return RemoveAnswer(outcome=RemoveOutcome.REMOVED, record=record)

    async def wish_of(self, team_id: str, user_id: str, job_id: str) -> Wish | None:
        """Everything a job was asked with, for Again and Edit, as this person's own wish."""
        record = await self.record(team_id, job_id)
        if record is None:
            return None
        order = record.job.order
        return Wish(
            team_id=team_id,
            user_id=user_id,
            place=order.place,
            prompt=order.prompt,
            model=order.model,
            model_class=order.model_class,
            length_s=order.length_s,
            shape=order.shape,
            resolution=order.resolution,
            audio=order.audio,
            seed=order.seed,
            picture_id=order.picture_id,
            picture_fit=order.picture_fit,
            parent_job_id=job_id,
        )

    async def send_again(self, team_id: str, user_id: str, job_id: str) -> bool:
        """Deliver a video that exists once more; the delivery's own row keeps it from being there twice."""
        record = await self.record(team_id, job_id)
        if record is None or record.job.order.user_id != user_id or record.job.state not in ENDED:
            return False
        if not any(each.state is AttemptState.SUCCEEDED for each in record.attempts):
            return False
        await self._book.redelivering(job_id, at=self._clock.now())
        again = await self._book.record(job_id)
        # Should we die between the two, the sweep finds a delivering job without a story and gives it one.
        return again is not None and await self._book.next_generation(again.job)

    async def keep_waiting(self, team_id: str, user_id: str, job_id: str) -> bool:
        """The person's word on a stuck video: nothing changes, watching goes on anyway. False: not theirs, or over."""
        return await self._stuck(team_id, user_id, job_id) is not None

    async def elsewhere(self, team_id: str, user_id: str, job_id: str) -> bool:
        """Start a stuck video once more at another service, as an order of its own: both may have to be paid.

        The stuck one goes on being watched and is delivered late. False: not theirs, over, or nobody else can make it.
        """
        record = await self._stuck(team_id, user_id, job_id)
        wish = await self.wish_of(team_id, user_id, job_id)
        if record is None or record.attempt is None or wish is None:
            return False
        answer = await self.ask(
            replace(wish, avoided=(record.attempt.upstream,)),
            order_key=f"{job_id}:elsewhere",
            price_confirmed_usd_micros=await self._standings.elsewhere_usd_micros(record),
            again_confirmed=True,
        )
        return isinstance(answer, Accepted)

    async def _stuck(self, team_id: str, user_id: str, job_id: str) -> JobRecord | None:
        record = await self.record(team_id, job_id)
        if record is None or record.job.order.user_id != user_id or record.job.overdue_since is None:
            return None
        return record if record.job.state is JobState.RENDERING else None

    async def keep_picture(self, content: bytes) -> str:
        """Raises PictureRefused, with words for the person."""
        return await self._pictures.keep(content)

    async def first_frame(self, picture_id: str, size_px: tuple[int, int], fit: Fit) -> FirstFrame | None:
        return await self._pictures.first_frame(picture_id, size_px, fit)

    async def quota(self, team_id: str, user_id: str, slack_channel_id: str) -> QuotaAnswer:
        found = await self._book.standings(team_id, user_id, slack_channel_id, now=self._clock.now())
        return QuotaAnswer(standings=found, time_zone=self._rules.time_zone)

    async def status(self, team_id: str) -> StatusAnswer:
        return await self._standings.status(self._book.counts(team_id))

    async def facts(self, record: JobRecord) -> CardFacts:
        place = await self._book.queue_place(record.job.id, running_max=self._rules.running_max)
        return await self._standings.facts(record, queue_place=place)
