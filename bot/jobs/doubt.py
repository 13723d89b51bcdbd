"""Finding out whether a submit arrived, without ever guessing: what makes "nothing is paid twice" true.

An idempotency key that the service honours: the same key again, inside its window. A listing: search it by key, else by
prompt, model and time; absent counts only after the POST's deadline plus the listing's lag. Neither: wait for the
webhook whose path names the attempt, or for an admin's word, and after a week book it as possibly paid.
"""

from datetime import datetime, timedelta

from bot.clock import Clock
from bot.jobs.attempt import Attempt, AttemptState
from bot.jobs.book import JobBook
from bot.jobs.model import ENDED, JobRecord
from bot.jobs.ports import Alarm
from bot.jobs.requests import PictureLostError, RequestMaker
from bot.jobs.retries import PAUSE_MAX_S
from bot.jobs.story import Checked
from bot.jobs.surface import Surface
from bot.jobs.wakes import Wakes
from bot.providers.base import FindsRenders, FoundRender, RenderRef
from bot.providers.errors import OutcomeUnknown, ProviderError
from bot.upstreams.registry import Registry, Upstream

CLOCK_SKEW = timedelta(minutes=5)
"""How far a service's clock may be from ours."""
DOUBT_LOOK_MAX_S = 3600.0
BOTH_MAY = "Both may have to be paid."


class Doubt:
    def __init__(
        self,
        *,
        book: JobBook,
        registry: Registry,
        requests: RequestMaker,
        surface: Surface,
        wakes: Wakes,
        clock: Clock,
        alarm: Alarm,
        doubt_max: timedelta,
        risk_below_usd_micros: int = 0,
    ) -> None:
        """`risk_below_usd_micros`: what costs less is sent a second time rather than asked about (mission B5)."""
        self._book = book
        self._registry = registry
        self._requests = requests
        self._surface = surface
        self._wakes = wakes
        self._clock = clock
        self._alarm = alarm
        self._doubt_max = doubt_max
        self._risk_below = risk_below_usd_micros

    async def resolve(self, job_id: str) -> Checked:
        """Return when it is known, or when knowing was given up. Admins are asked once, however often it runs."""
        looks, asked = 0, False
        while True:
            record = await self._book.record(job_id)
            attempt = record.attempt if record is not None else None
            if record is None or record.job.state in ENDED:
                return Checked.OVER
            if attempt is None or attempt.state is AttemptState.NOT_ACCEPTED:
                return Checked.ABSENT
            if attempt.state is not AttemptState.INTENT:
                return Checked.FOUND
            if self._clock.now() - attempt.intent_at > self._doubt_max or attempt.upstream not in self._registry:
                return Checked.OVER
            upstream = self._registry.upstream(attempt.upstream)
            if is_mute(upstream, attempt, now=self._clock.now()):
                asked = await self._heard_from_others(record, attempt, asked=asked)
                continue
            looks += 1
            if not await self._look(record, attempt, upstream):
                await self._wakes.pause(job_id, min(2.0 ** (looks - 1), PAUSE_MAX_S))

    async def _heard_from_others(self, record: JobRecord, attempt: Attempt, *, asked: bool) -> bool:
        """One wait for an event where there is nothing to look at. True: the admins have been asked.

        Not before the POST's deadline: until then it may still arrive, and nobody can say that it did not.
        """
        open_s = (attempt.deadline_at - self._clock.now()).total_seconds()
        if open_s <= 0 and not asked and await self._risked(attempt):
            return asked
        if open_s <= 0 and not asked:
            await self._surface.ask_admins(record, given_up_at=attempt.intent_at + self._doubt_max)
            return True
        await self._wakes.pause(record.job.id, DOUBT_LOOK_MAX_S if asked else open_s)
        return asked

    async def _risked(self, attempt: Attempt) -> bool:
        """Speed bought with the risk of paying twice, where admins allow it and the limits take both."""
        if attempt.usd_micros >= self._risk_below:
            return False
        note = f"{self._registry.label(attempt.upstream)}'s first answer was lost, so it was sent once more. {BOTH_MAY}"
        if not await self._book.risked(attempt, note=note, at=self._clock.now()):
            return False
        await self._alarm("possibly_paid", {"job": attempt.job_id, "usd_micros": attempt.usd_micros})
        self._surface.changed(attempt.job_id)
        return True

    async def _look(self, record: JobRecord, attempt: Attempt, upstream: Upstream) -> bool:
        """One try to find out. True: the row has changed, so read it again at once."""
        try:
            if upstream.protocol.honours_idempotency_key:
                return await self._send_again(record, attempt, upstream)
            listing = upstream.listing
            return listing is not None and await self._search(record, attempt, upstream, listing)
        except ProviderError:
            return False  # The service cannot be asked now; doubt stays, nothing is sent.

    async def _send_again(self, record: JobRecord, attempt: Attempt, upstream: Upstream) -> bool:
        """The same key: the service answers with the render it started, or starts the one it never saw."""
        try:
            request = await self._requests.request(record.job, attempt, upstream)
            ref = await upstream.provider.submit(request)
        except (OutcomeUnknown, PictureLostError):
            return False
        return await self._adopt(attempt, ref)

    async def _search(self, record: JobRecord, attempt: Attempt, upstream: Upstream, listing: FindsRenders) -> bool:
        asked_at = self._clock.now()
        shown = await listing.find(attempt.intent_at - CLOCK_SKEW)
        bound = await self._book.bound_renders(upstream.name, [each.ref.render_id for each in shown])
        ours = [each for each in shown if each.ref.render_id not in bound and _matches(each, record, attempt)]
        if len(ours) == 1:
            return await self._adopt(attempt, ours[0].ref)
        if ours:
            await self._alarm("doubt_ambiguous", {"job": attempt.job_id, "service": upstream.name, "found": len(ours)})
            return False
        sure_from = attempt.deadline_at + timedelta(seconds=upstream.protocol.listing_lag_s)
        if asked_at < sure_from:
            return False
        # The compare-and-set on the intent's time is the right to one fresh POST.
        return await self._book.absent(attempt, at=self._clock.now())

    async def _adopt(self, attempt: Attempt, ref: RenderRef) -> bool:
        adopted = await self._book.submitted(attempt.id, ref, at=self._clock.now())
        self._surface.changed(attempt.job_id)
        return adopted


def is_mute(upstream: Upstream, attempt: Attempt, *, now: datetime) -> bool:
    """The service answers no question about this attempt: only its webhook or a person can tell."""
    protocol = upstream.protocol
    if protocol.honours_idempotency_key:
        return now - attempt.intent_at >= timedelta(seconds=protocol.idempotency_window_s)
    return upstream.listing is None


def _matches(shown: FoundRender, record: JobRecord, attempt: Attempt) -> bool:
    if shown.client_key:
        return shown.client_key == attempt.id
    in_time = shown.created_at is None or _between(
        shown.created_at, attempt.intent_at - CLOCK_SKEW, attempt.deadline_at + CLOCK_SKEW
    )
    same_model = shown.wire_name is None or shown.wire_name == attempt.wire_name
    return in_time and same_model and shown.prompt == record.job.order.prompt


def _between(time: datetime, first: datetime, last: datetime) -> bool:
    return first <= time <= last
