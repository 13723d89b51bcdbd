"""Watches every render of this process: polls spaced by what the model usually takes, woken early by webhooks.

One task holds a schedule; a look at a service is a small task of its own, a few per upstream at once. A render's end is
written into its attempt's row first and then told to whoever waits, so a wait that starts late reads the row.
"""

import asyncio
import heapq
import itertools
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.catalogue.model import Model, Protocol
from bot.clock import Clock, woken
from bot.jobs.model import Attempt, AttemptState
from bot.jobs.ports import Alarm, Healths, JobBook
from bot.providers.base import RenderRef, RenderState, RenderStatus
from bot.providers.errors import NotFound, ProviderError, RateLimited, Retired
from bot.upstreams.registry import Registry, Upstream

FIRST_LOOK_S = 2.0
"""One early look: refusals come at once."""
OVERDUE_POLL_S = 60.0
OVERDUE_POLL_MAX_S = 600.0
BROKEN_LOOK_S = 10.0
"""After a look that broke on our side, a locked database for instance."""
LOST_AFTER = 5
"""So many "not found" or "gone" in a row and the service has lost the render (its listings may lag behind)."""
LOOKS_AT_ONCE = 4


@dataclass(slots=True)
class _Watched:
    attempt: Attempt
    upstream: Upstream
    model: Model | None
    told: list["asyncio.Future[None]"] = field(default_factory=list)
    looks: int = 0
    failures: int = 0
    not_found: int = 0
    overdue_looks: int = 0
    due: datetime | None = None
    gone: bool = False


class Watcher:
    """`ended` waits; `nudge` and `wake` shorten the wait; `run` does the work and never ends by itself."""

    def __init__(self, registry: Registry, book: JobBook, healths: Healths, clock: Clock, alarm: Alarm) -> None:
        self._registry = registry
        self._book = book
        self._healths = healths
        self._clock = clock
        self._alarm = alarm
        self._watched: dict[str, _Watched] = {}
        self._schedule: list[tuple[datetime, int, str]] = []
        self._order = itertools.count()
        self._stir = asyncio.Event()
        self._looking: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(LOOKS_AT_ONCE))

    async def ended(self, attempt: Attempt) -> None:
        """Return when the attempt's row says how it ended, or when `wake` was called for its job.

        Raises:
            KeyError: its upstream is not configured any more.
        """
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        watched = self._watch(attempt)
        watched.told.append(waiting)
        try:
            # Registered first, then looked: an end between the two is seen by one or the other.
            record = await self._book.record(attempt.job_id)
            row = next((each for each in record.attempts if each.id == attempt.id), None) if record else None
            if row is None or row.state is not AttemptState.SUBMITTED:
                self._forget(watched)
                return
            if record is not None and record.job.overdue_since is not None:
                watched.overdue_looks = max(watched.overdue_looks, 1)
            if await self._book.webhook_seen(attempt.upstream, attempt.render_id or ""):
                self._plan(watched, self._clock.now())
            await waiting
        finally:
            if waiting in watched.told:
                watched.told.remove(waiting)
            if not watched.told:
                self._forget(watched)

    def nudge(self, upstream: str, render_id: str) -> None:
        """A webhook came: look now. The truth is read from the service."""
        for watched in self._watched.values():
            if watched.attempt.upstream == upstream and watched.attempt.render_id == render_id:
                self._plan(watched, self._clock.now())

    def wake(self, job_id: str) -> None:
        """Something about the job changed (a cancel): whoever waits looks at the row again."""
        for watched in self._watched.values():
            if watched.attempt.job_id == job_id:
                _tell(watched)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as looks:
            while True:
                now = self._clock.now()
                while self._schedule and self._schedule[0][0] <= now:
                    due, _, attempt_id = heapq.heappop(self._schedule)
                    watched = self._watched.get(attempt_id)
                    if watched is not None and watched.due == due:
                        watched.due = None
                        looks.create_task(self._look_in_turn(watched))
                if self._schedule:
                    pause_s = (self._schedule[0][0] - now).total_seconds()
                    await woken(self._clock, self._stir, within_s=pause_s)
                else:
                    await self._stir.wait()
                    self._stir.clear()

    def _watch(self, attempt: Attempt) -> _Watched:
        watched = self._watched.get(attempt.id)
        if watched is None:
            upstream = self._registry.upstream(attempt.upstream)
            model = next((each for each in upstream.models if each.name == attempt.model), None)
            watched = self._watched[attempt.id] = _Watched(attempt=attempt, upstream=upstream, model=model)
            self._plan(watched, self._clock.now() + timedelta(seconds=FIRST_LOOK_S))
        return watched

    def _forget(self, watched: _Watched) -> None:
        watched.gone = True
        self._watched.pop(watched.attempt.id, None)

    def _plan(self, watched: _Watched, due: datetime) -> None:
        watched.due = due
        heapq.heappush(self._schedule, (due, next(self._order), watched.attempt.id))
        self._stir.set()

    async def _look_in_turn(self, watched: _Watched) -> None:
        async with self._looking[watched.upstream.name]:
            if watched.gone:
                return
            watched.looks += 1
            try:
                await self._look_once(watched)
            except Exception as error:  # noqa: BLE001 - one look that breaks must not end the watch over all others
                await self._alarm("look_failed", {"job": watched.attempt.job_id, "error": type(error).__name__})
                self._plan(watched, self._clock.now() + timedelta(seconds=BROKEN_LOOK_S))

    async def _look_once(self, watched: _Watched) -> None:
        try:
            status = await self._look(watched)
        except ProviderError as error:
            await self._missed(watched, error)
            return
        watched.failures = watched.not_found = 0
        if not await self._settled(watched, status):
            self._plan(watched, await self._next_look(watched, status.poll_after_s))

    async def _look(self, watched: _Watched) -> RenderStatus:
        attempt = watched.attempt
        ref = RenderRef(render_id=attempt.render_id or "", poll_ref=attempt.poll_ref, request_id=attempt.request_id)
        return await watched.upstream.provider.poll(ref)

    async def _settled(self, watched: _Watched, status: RenderStatus) -> bool:
        """Write down what was seen. True: it was the end."""
        attempt = watched.attempt
        if status.unknown_word:
            await self._alarm(
                "unknown_status", {"service": attempt.upstream, "word": status.unknown_word, "job": attempt.job_id}
            )
        match status.state:
            case RenderState.QUEUED | RenderState.RUNNING:
                await self._progressed(watched, status.progress)
                return False
            case RenderState.SUCCEEDED:
                ended = AttemptState.SUCCEEDED
            case RenderState.FAILED:
                ended = AttemptState.FAILED
            case RenderState.CANCELLED:
                ended = AttemptState.CANCELLED
        failure = status.failure
        now = self._clock.now()
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
                attempt.upstream, error_kind=failure.kind if failure else None, now=now, model=attempt.model
            )
        _tell(watched)
        return True

    async def _progressed(self, watched: _Watched, progress: float | None) -> None:
        """Only what a card would show: forward, and by a twentieth at least."""
        before = watched.attempt.progress or 0.0
        if progress is not None and progress >= before + 0.05:
            watched.attempt = replace(watched.attempt, progress=progress)
            await self._book.progressed(watched.attempt.id, progress=progress)

    async def _missed(self, watched: _Watched, error: ProviderError) -> None:
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
            _tell(watched)
            return
        if error.blames_upstream and not isinstance(error, RateLimited):
            await self._healths.observe(watched.attempt.upstream, error_kind=error.kind, now=now)
        patience_s = error.retry_after_s or min(2.0**watched.failures, watched.upstream.protocol.poll_max_s)
        self._plan(watched, max(now + timedelta(seconds=patience_s), await self._next_look(watched, None)))

    async def _next_look(self, watched: _Watched, hint_s: float | None) -> datetime:
        now = self._clock.now()
        begun = watched.attempt.submitted_at or watched.attempt.intent_at
        wait_max_s = watched.model.wait_max_s if watched.model else 900
        if (now - begun).total_seconds() > wait_max_s:
            if watched.overdue_looks == 0:
                await self._book.overdue(watched.attempt.job_id, at=now)
                _tell(watched)
            watched.overdue_looks += 1
            return now + timedelta(seconds=min(OVERDUE_POLL_S * watched.overdue_looks, OVERDUE_POLL_MAX_S))
        if hint_s is not None:
            return now + timedelta(seconds=hint_s)
        return now + timedelta(seconds=spacing_s(watched.upstream.protocol, watched.model))


def spacing_s(protocol: Protocol, model: Model | None) -> float:
    """Seconds between two looks: a fifteenth of what the model usually takes, inside the service's own bounds."""
    usual_s = model.typical_s if model else 60
    return min(max(usual_s / 15, protocol.poll_min_s), protocol.poll_max_s)


def _tell(watched: _Watched) -> None:
    for waiting in watched.told:
        if not waiting.done():
            waiting.set_result(None)
