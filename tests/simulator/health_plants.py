"""Bugs put in on purpose around health and consent. Each is a wrapper around a port, as in `plants.py`."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.jobs.model import JobRecord
from bot.providers.base import RenderRef, RenderRequest, RenderStatus
from bot.providers.errors import CapacityFailed, Moderated
from tests.simulator.around import Around
from tests.simulator.process import Ports

ONE_IN = 4
TIMES = 5


class _HardOfHearing(Around):
    """Of four failures of a service one is counted."""

    def __init__(self, room: Any) -> None:
        super().__init__(room)
        self._failures: Counter[str] = Counter()

    async def observe(self, upstream: str, *, error_kind: str | None, **about: Any) -> None:
        if self._hears(upstream, error_kind):
            await self._room.observe(upstream, error_kind=error_kind, **about)

    async def looked(self, upstream: str, *, error_kind: str | None, **about: Any) -> None:
        if self._hears(upstream, error_kind):
            await self._room.looked(upstream, error_kind=error_kind, **about)

    def _hears(self, upstream: str, error_kind: str | None) -> bool:
        if error_kind is None:
            return True
        self._failures[upstream] += 1
        return self._failures[upstream] % ONE_IN == 0


class _NeverForgives(Around):
    """Successes are not counted."""

    async def observe(self, upstream: str, *, error_kind: str | None, **about: Any) -> None:
        if error_kind is not None:
            await self._room.observe(upstream, error_kind=error_kind, **about)

    async def looked(self, upstream: str, *, error_kind: str | None, **about: Any) -> None:
        if error_kind is not None:
            await self._room.looked(upstream, error_kind=error_kind, **about)


class _Anxious(Around):
    """A failure counts five times: one in ten is enough to go out."""

    async def observe(self, upstream: str, *, error_kind: str | None, **about: Any) -> None:
        for _ in range(1 if error_kind is None else TIMES):
            await self._room.observe(upstream, error_kind=error_kind, **about)


class _TrialIsSuccess(Around):
    """Whoever may try a service that is out counts as its success, so its incident ends with each try."""

    async def lease_trial(self, upstream: str, *, job_id: str, now: datetime, model: str | None = None) -> bool:
        leased: bool = await self._room.lease_trial(upstream, job_id=job_id, now=now, model=model)
        if leased:
            await self._room.observe(upstream, error_kind=None, now=now, model=model)
        return leased


class _RefusalIsCapacity(Around):
    """A refusal is read as a service that has no room, so the next one is asked."""

    async def submit(self, request: RenderRequest) -> RenderRef:
        try:
            ref: RenderRef = await self._room.submit(request)
        except Moderated as refused:
            raise CapacityFailed(refused.detail) from refused
        return ref

    async def poll(self, ref: RenderRef) -> RenderStatus:
        status: RenderStatus = await self._room.poll(ref)
        if isinstance(status.failure, Moderated):
            return replace(status, failure=CapacityFailed(status.failure.detail))
        return status


class _PriceForgotten(Around):
    """Twice the price shown counts as agreed to."""

    async def record(self, job_id: str) -> JobRecord | None:
        record: JobRecord | None = await self._room.record(job_id)
        if record is None:
            return None
        return replace(record, job=replace(record.job, held_usd_micros=2 * record.job.held_usd_micros))


HEALTH_PLANTS: Mapping[str, Ports] = {
    "opens_too_late": Ports(healths=lambda healths, _store: _HardOfHearing(healths)),  # type: ignore[arg-type]
    "never_closes": Ports(healths=lambda healths, _store: _NeverForgives(healths)),  # type: ignore[arg-type]
    "opens_at_ten_percent": Ports(healths=lambda healths, _store: _Anxious(healths)),  # type: ignore[arg-type]
    "trial_is_success": Ports(healths=lambda healths, _store: _TrialIsSuccess(healths)),  # type: ignore[arg-type]
    "refusal_is_capacity": Ports(provider=_RefusalIsCapacity),
    "price_forgotten": Ports(book=lambda book, _store: _PriceForgotten(book)),  # type: ignore[arg-type]
}
"""By the name that `--plant` takes."""
