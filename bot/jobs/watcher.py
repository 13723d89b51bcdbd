"""Watches every render of this process: looks spaced by what its model usually takes, woken early by webhooks.

One loop holds a lane per upstream; a request is a small task of its own. A render's end is written into its attempt's
row first and then told to whoever waits, so a wait that starts late reads the row. Nothing here has to outlive the
process: a schedule follows from its attempt's submitted time.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from bot.clock import Clock, woken
from bot.jobs.attempt import Attempt
from bot.jobs.book import JobBook
from bot.jobs.experience import Experience
from bot.jobs.lane import AT_ONCE, AT_ONCE_MAX, Lane
from bot.jobs.looks import BELIEVES_WEBHOOK, Looks, Seen, Watched
from bot.jobs.ports import Alarm, Healths, RenderHistory
from bot.providers.base import PollsMany
from bot.upstreams.registry import Registry, Upstream


@dataclass(slots=True, eq=False)
class _Waited:
    """A watched render and those who wait for it. `looking`: a request about it is on the wire."""

    watched: Watched
    told: list["asyncio.Future[None]"] = field(default_factory=list)
    looking: bool = False
    hurry: bool = False


class Watcher:
    """`ended` waits; `nudge` and `wake` shorten the wait; `run` does the work and never ends by itself."""

    def __init__(
        self,
        registry: Registry,
        book: JobBook,
        healths: Healths,
        history: RenderHistory,
        clock: Clock,
        alarm: Alarm,
    ) -> None:
        self._registry = registry
        self._book = book
        self._clock = clock
        self._looks = Looks(book, healths, Experience(history, clock), clock, alarm)
        self._lanes: dict[str, Lane] = {}
        self._waited: dict[str, _Waited] = {}
        self._of_render: dict[tuple[str, str], str] = {}
        self._of_job: dict[str, str] = {}
        self._stir = asyncio.Event()

    @property
    def watching(self) -> int:
        """Renders somebody waits for."""
        return len(self._waited)

    async def ended(self, attempt: Attempt) -> None:
        """Return when the attempt's row says how it ended, or when `wake` was called for its job.

        Raises:
            KeyError: its upstream is not configured any more.
        """
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waited = self._watch(attempt)
        waited.told.append(waiting)
        try:
            # Registered first, then looked: an end between the two is seen by one or the other.
            if await self._is_open(waited):
                await waiting
        finally:
            waited.told.remove(waiting)
            if not waited.told:
                self._forget(waited)

    async def _is_open(self, waited: _Waited) -> bool:
        """False: the rows say that it ended. Else its first look is planned."""
        found = await self._book.in_flight(waited.watched.attempt.id)
        if found is None:
            return False
        waited.watched.overdue = waited.watched.overdue or found.overdue
        if found.told_of:
            self._hurry(waited)
        elif not waited.looking:
            await self._plan_first(waited)
        return True

    def nudge(self, upstream: str, render_id: str) -> bool:
        """A webhook came: look now. The truth is read from the service. True: somebody here waits for it."""
        attempt_id = self._of_render.get((upstream, render_id))
        if attempt_id is not None:
            self._hurry(self._waited[attempt_id])
        return attempt_id is not None

    def wake(self, job_id: str) -> bool:
        """Something about the job changed (a cancel): whoever waits looks at the row again. True: somebody does."""
        attempt_id = self._of_job.get(job_id)
        if attempt_id is not None:
            _tell(self._waited[attempt_id])
        return attempt_id is not None

    async def run(self) -> None:
        async with asyncio.TaskGroup() as requests:
            while True:
                self._stir.clear()
                now = self._clock.now()
                for name, lane in self._lanes.items():
                    while taken := lane.take(now, may_ride=partial(self._may_ride, now=now)):
                        together = [self._waited[each] for each in taken]
                        for each in together:
                            each.looking = True
                        requests.create_task(self._ask(lane, self._registry.upstream(name), together))
                times = [at for lane in self._lanes.values() if (at := lane.next_at(now)) is not None]
                if times:
                    await woken(self._clock, self._stir, within_s=(min(times) - now).total_seconds())
                else:
                    await self._stir.wait()

    async def _ask(self, lane: Lane, upstream: Upstream, together: Sequence[_Waited]) -> None:
        try:
            seen = await self._looks.at(upstream, [each.watched for each in together])
            for waited, each in zip(together, seen, strict=True):
                self._go_on(lane, waited, each)
        finally:
            for waited in together:
                waited.looking = False
            lane.done()
            self._stir.set()

    def _go_on(self, lane: Lane, waited: _Waited, seen: Seen) -> None:
        attempt_id = waited.watched.attempt.id
        if seen.hold_s:
            lane.hold(self._clock.now() + timedelta(seconds=seen.hold_s))
        if seen.again is not None and self._waited.get(attempt_id) is waited:
            lane.plan(attempt_id, seen.again, alone=waited.watched.alone)
            if waited.hurry:
                lane.hurry(attempt_id)
        waited.hurry = False
        if seen.tell:
            _tell(waited)

    async def _plan_first(self, waited: _Waited) -> None:
        due = await self._looks.first_at(waited.watched)
        attempt_id, lane = waited.watched.attempt.id, self._lane(waited.watched.upstream)
        if attempt_id not in lane and not waited.looking and self._waited.get(attempt_id) is waited:
            lane.plan(attempt_id, due)
            self._stir.set()

    def _hurry(self, waited: _Waited) -> None:
        if all(waiting.done() for waiting in waited.told):
            return  # They read the rows already.
        waited.watched.announced = BELIEVES_WEBHOOK
        if waited.looking:  # what is on the wire may have been answered before the end
            waited.hurry = True
        else:
            self._lane(waited.watched.upstream).hurry(waited.watched.attempt.id)
            self._stir.set()

    def _may_ride(self, attempt_id: str, now: datetime) -> bool:
        watched = self._waited[attempt_id].watched
        if watched.alone or watched.looked_at is None:
            return False
        return now - watched.looked_at >= timedelta(seconds=watched.upstream.protocol.poll_min_s)

    def _watch(self, attempt: Attempt) -> _Waited:
        waited = self._waited.get(attempt.id)
        if waited is None:
            upstream = self._registry.upstream(attempt.upstream)
            model = next((each for each in upstream.models if each.name == attempt.model), None)
            watched = Watched(attempt=attempt, upstream=upstream, model=model)
            waited = self._waited[attempt.id] = _Waited(watched)
            self._of_render[attempt.upstream, attempt.render_id or ""] = attempt.id
            self._of_job[attempt.job_id] = attempt.id
        return waited

    def _forget(self, waited: _Waited) -> None:
        attempt = waited.watched.attempt
        self._waited.pop(attempt.id, None)
        self._lane(waited.watched.upstream).drop(attempt.id)
        if self._of_render.get(render := (attempt.upstream, attempt.render_id or "")) == attempt.id:
            del self._of_render[render]
        if self._of_job.get(attempt.job_id) == attempt.id:
            del self._of_job[attempt.job_id]

    def _lane(self, upstream: Upstream) -> Lane:
        lane = self._lanes.get(upstream.name)
        if lane is None:
            per_minute = upstream.polls_per_minute
            lane = self._lanes[upstream.name] = Lane(
                per_minute=per_minute,
                batch_max=upstream.protocol.poll_batch_max if isinstance(upstream.provider, PollsMany) else 1,
                at_once=min(max(AT_ONCE, per_minute // 100), AT_ONCE_MAX),
            )
        return lane


def _tell(waited: _Waited) -> None:
    for waiting in waited.told:
        if not waiting.done():
            waiting.set_result(None)
