"""One request to a service about one render or many, and what is made of the answer: rows first, then the next look."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.catalogue.model import Model
from bot.clock import Clock
from bot.jobs.attempt import Attempt, AttemptState
from bot.jobs.book import JobBook
from bot.jobs.experience import Experience, Known
from bot.jobs.ports import Alarm, Healths
from bot.jobs.progress import NOTHING_SEEN, Sightings
from bot.jobs.schedule import TRUSTED, Bounds, first_pause_s, is_stuck, luck_of, overdue_pause_s, pause_s
from bot.providers.base import PollsMany, RenderRef, RenderState, RenderStatus
from bot.providers.errors import NotFound, ProviderError, RateLimited, Retired
from bot.upstreams.registry import Upstream

BROKEN_LOOK_S = 10.0
"""After a look that broke on our side, a locked database for instance."""
LOST_AFTER = 5
"""So many "not found" or "gone" in a row and the service has lost the render (its listings may lag behind)."""
BELIEVES_WEBHOOK = 5
"""So many looks in quick order after a webhook that came before the service's own status."""
SHOWN_STEP = 0.05
WAIT_MAX_S = 900

_ENDS = {
    RenderState.SUCCEEDED: AttemptState.SUCCEEDED,
    RenderState.FAILED: AttemptState.FAILED,
    RenderState.CANCELLED: AttemptState.CANCELLED,
}


@dataclass(slots=True, eq=False)
class Watched:
    """A render that somebody waits for."""

    attempt: Attempt
    upstream: Upstream
    model: Model | None
    sightings: Sightings = NOTHING_SEEN
    looks: int = 0
    looked_at: datetime | None = None
    failures: int = 0
    not_found: int = 0
    overdue: bool = False
    announced: int = 0
    """Quick looks left after a webhook that told of its end."""
    alone: bool = False
    """An answer about many left it out."""

    @property
    def ref(self) -> RenderRef:
        attempt = self.attempt
        return RenderRef(render_id=attempt.render_id or "", poll_ref=attempt.poll_ref, request_id=attempt.request_id)

    @property
    def wait_max_s(self) -> float:
        return self.model.wait_max_s if self.model else WAIT_MAX_S

    def age_s(self, now: datetime) -> float:
        return max((now - (self.attempt.submitted_at or self.attempt.intent_at)).total_seconds(), 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """After a look: `again` None is the end, `tell` that whoever waits should read the rows."""

    again: datetime | None
    tell: bool = False
    hold_s: float = 0.0
    """The service wants no questions for so long."""


class Looks:
    def __init__(self, book: JobBook, healths: Healths, experience: Experience, clock: Clock, alarm: Alarm) -> None:
        self._book = book
        self._healths = healths
        self._experience = experience
        self._clock = clock
        self._alarm = alarm

    async def first_at(self, watched: Watched) -> datetime:
        """When this process should look for the first time, early for a new one and spread for old ones."""
        now = self._clock.now()
        age_s, luck = watched.age_s(now), luck_of(watched.attempt.id)
        if watched.overdue:
            pause = luck * overdue_pause_s(age_s - watched.wait_max_s, hint_s=None, luck=0.0)
        else:
            known = await self._known(watched)
            pause = first_pause_s(known.times, age_s, bounds=_bounds(watched), untold=known.untold, luck=luck)
            pause = min(pause, max(watched.wait_max_s - age_s, 0.0) + luck)
        return now + timedelta(seconds=pause)

    async def at(self, upstream: Upstream, together: Sequence[Watched]) -> list[Seen]:
        """One request about all of them; answers in their order. What breaks is an alarm and a later look."""
        try:
            answers = await self._answers(upstream, together)
        except Exception as error:  # noqa: BLE001 - an adapter that breaks must not end the watch over all others
            return [await self._broken(watched, error) for watched in together]
        return [await self._understood(watched, answers.get(watched.ref.render_id)) for watched in together]

    async def _answers(
        self, upstream: Upstream, together: Sequence[Watched]
    ) -> Mapping[str, RenderStatus | ProviderError]:
        provider, first = upstream.provider, together[0]
        try:
            if len(together) > 1 and isinstance(provider, PollsMany):
                return await provider.poll_many([each.ref for each in together])
            return {first.ref.render_id: await provider.poll(first.ref)}
        except ProviderError as error:
            return {each.ref.render_id: error for each in together}

    async def _understood(self, watched: Watched, answer: RenderStatus | ProviderError | None) -> Seen:
        now = self._clock.now()
        watched.looks, watched.looked_at = watched.looks + 1, now
        try:
            match answer:
                case None:
                    watched.alone = True
                    return Seen(again=now)
                case ProviderError():
                    return await self._missed(watched, answer)
                case RenderStatus():
                    return await self._told(watched, answer)
        except Exception as error:  # noqa: BLE001 - the same for our own rows
            return await self._broken(watched, error)

    async def _broken(self, watched: Watched, error: Exception) -> Seen:
        await self._alarm("look_failed", {"job": watched.attempt.job_id, "error": type(error).__name__})
        return Seen(again=self._clock.now() + timedelta(seconds=BROKEN_LOOK_S))

    async def _told(self, watched: Watched, status: RenderStatus) -> Seen:
        attempt, now = watched.attempt, self._clock.now()
        watched.failures = watched.not_found = 0
        if status.unknown_word:
            await self._alarm(
                "unknown_status", {"service": attempt.upstream, "word": status.unknown_word, "job": attempt.job_id}
            )
        if (ended := _ENDS.get(status.state)) is None:
            queued = status.state is RenderState.QUEUED
            watched.sightings = watched.sightings.seen(watched.age_s(now), status.progress, queued=queued)
            await self._show(watched, status.progress)
            return await self._again(watched, hint_s=status.poll_after_s)
        failure = status.failure
        await self._book.attempt_ended(
            attempt.id,
            state=ended,
            at=now,
            error_kind=failure.kind if failure else "",
            error_detail=failure.detail if failure else "",
            result_ref=status.result_ref,
            cost_usd_micros=status.cost_usd_micros,
        )
        if ended is not AttemptState.CANCELLED:
            await self._healths.observe(
                attempt.upstream,
                error_kind=failure.kind if failure else None,
                now=now,
                model=attempt.model,
                attempt_id=attempt.id,
            )
        return Seen(again=None, tell=True)

    async def _show(self, watched: Watched, progress: float | None) -> None:
        """Only what a card would show: forward, and by a twentieth at least."""
        before = watched.attempt.progress or 0.0
        if progress is not None and progress >= before + SHOWN_STEP:
            watched.attempt = replace(watched.attempt, progress=progress)
            await self._book.progressed(watched.attempt.id, progress=progress)

    async def _missed(self, watched: Watched, error: ProviderError) -> Seen:
        """A look that failed says nothing about the render, except "not found" or "gone" time and again."""
        watched.failures += 1
        watched.not_found = watched.not_found + 1 if isinstance(error, NotFound | Retired) else 0
        now = self._clock.now()
        if watched.not_found >= LOST_AFTER:
            await self._book.attempt_ended(
                watched.attempt.id,
                state=AttemptState.FAILED,
                at=now,
                error_kind=NotFound.kind,  # never a kind that fails over: the lost one may have been paid for
                error_detail=error.detail,
            )
            return Seen(again=None, tell=True)
        throttled = isinstance(error, RateLimited)
        if error.blames_upstream and not throttled:
            await self._healths.observe(watched.attempt.upstream, error_kind=error.kind, now=now)
        patience_s = error.retry_after_s or min(2.0**watched.failures, watched.upstream.protocol.poll_max_s)
        seen = await self._again(watched, hint_s=None)
        again = max(now + timedelta(seconds=patience_s), seen.again or now)
        return replace(seen, again=again, hold_s=patience_s if throttled else 0.0)

    async def _again(self, watched: Watched, *, hint_s: float | None) -> Seen:
        """The next look at one that is still at work, or seems to be."""
        now = self._clock.now()
        age_s, luck = watched.age_s(now), luck_of(watched.attempt.id, watched.looks)
        known = await self._known(watched)
        newly = False
        if not watched.overdue and is_stuck(known.times, age_s, watched.sightings, wait_max_s=watched.wait_max_s):
            watched.overdue = newly = True
            await self._book.overdue(watched.attempt.job_id, at=now)
        if watched.overdue:
            pause = overdue_pause_s(age_s - watched.wait_max_s, hint_s=hint_s, luck=luck)
        else:
            pause = _pause_s(watched, known, age_s, hint_s=hint_s, luck=luck)
        return Seen(again=now + timedelta(seconds=pause), tell=newly)

    async def _known(self, watched: Watched) -> Known:
        return await self._experience.of(watched.attempt.upstream, watched.attempt.model, watched.model)


def _pause_s(watched: Watched, known: Known, age_s: float, *, hint_s: float | None, luck: float) -> float:
    """The service's own hint, where it gives one; else by the schedule, and not past the longest wait."""
    bounds = _bounds(watched)
    if watched.announced:
        watched.announced -= 1
        return max(bounds.least_s, hint_s or 0.0)
    told_anyway = known.untold < TRUSTED
    if hint_s is not None and not told_anyway:
        return hint_s
    pause = pause_s(known.times, age_s, bounds=bounds, sightings=watched.sightings, untold=known.untold, luck=luck)
    return max(min(pause, watched.wait_max_s - age_s), bounds.least_s, hint_s or 0.0)


def _bounds(watched: Watched) -> Bounds:
    protocol = watched.upstream.protocol
    return Bounds(least_s=protocol.poll_min_s, most_s=protocol.poll_max_s)
