"""Bugs put in on purpose, one at a time, to see that the simulator finds them.

Each is a wrapper around a port: what the room behind it would do if the line that guards it were missing. No switch of
theirs is in the program.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.jobs.attempt import Attempt, AttemptState
from bot.jobs.model import Failure, Job, JobState
from bot.jobs.sweep import LostStories
from bot.providers.base import RenderRef, RenderRequest
from bot.providers.errors import OutcomeUnknown, Unreachable
from bot.quota.ledger import capture_key
from bot.slack.notice_ports import Notice, NoticeState
from bot.slack.ports import Delivery, DeliveryState
from bot.store import quota
from bot.store.deliveries import StoredDeliveries
from bot.store.engine import Store
from bot.store.job_rows import job_of, write_job
from bot.store.jobs import StoredJobs
from bot.store.tables.jobs import AttemptRow, JobRow
from bot.store.tables.quota import LedgerEntryRow
from tests.simulator.around import Around
from tests.simulator.health_plants import HEALTH_PLANTS
from tests.simulator.process import Ports
from tests.simulator.story_log import StoryLog


class _Book(Around):
    def __init__(self, room: StoredJobs, store: Store) -> None:
        super().__init__(room)
        self._store = store


class _NoCompareOnIntent(_Book):
    """`absent` without the comparison: the right to one fresh POST goes to everybody who asks for it."""

    async def absent(self, attempt: Attempt, *, at: datetime) -> bool:
        lost = (
            sa.update(AttemptRow)
            .where(col(AttemptRow.id) == attempt.id)
            .values(state=AttemptState.NOT_ACCEPTED.value, ended_at=at, error_kind="lost")
        )
        await self._store.write(lambda session: session.execute(lost))
        await self._room.requeued(attempt.job_id, at=at)
        return True


class _OwnKeyForEachCapture(_Book):
    """An attempt's second capture has a key of its own, so the ledger takes both."""

    async def late_video(self, attempt: Attempt, ref: RenderRef, *, result_ref: str, at: datetime) -> Job | None:
        job: Job | None = await self._room.late_video(attempt, ref, result_ref=result_ref, at=at)
        await self._once_more(attempt.job_id, attempt.id, attempt.usd_micros, at)
        return job

    async def _once_more(self, job_id: str, attempt_id: str, usd_micros: int, at: datetime) -> None:
        def book(session: Session) -> None:
            if session.get(LedgerEntryRow, capture_key(job_id, attempt_id)) is not None:
                quota.capture(session, job_id=job_id, attempt_id=f"{attempt_id}-2", usd_micros=usd_micros, now=at)

        await self._store.write(book)


class _NoReleaseOnRefusal(_Book):
    """A job that a service turned down ends, and its hold stays."""

    async def failed(
        self, job_id: str, failure: Failure, *, words: str, reference: str, charged_usd_micros: int, at: datetime
    ) -> None:
        if failure is not Failure.REFUSED or charged_usd_micros:
            ended = {"words": words, "reference": reference, "charged_usd_micros": charged_usd_micros, "at": at}
            await self._room.failed(job_id, failure, **ended)
            return

        def end(session: Session) -> None:
            row = session.get_one(JobRow, job_id)
            moved = job_of(row).moved(JobState.FAILED, at=at)
            write_job(row, replace(moved, failure=failure, failure_words=words, finished_at=at))

        await self._store.write(end)


class _GenerationNotCompared(_Book):
    """`next_generation` gives a new story to whoever asks, whatever the job's generation is by now."""

    async def next_generation(self, job: Job) -> bool:
        record = await self._room.record(job.id)
        return bool(record is not None and await self._room.next_generation(record.job))


class _UnknownIsNotAccepted(Around):
    """A submit whose answer was lost counts as one that never arrived."""

    async def submit(self, request: RenderRequest) -> RenderRef:
        try:
            ref: RenderRef = await self._room.submit(request)
        except OutcomeUnknown as lost:
            raise Unreachable(lost.detail) from lost
        return ref


class _ClaimIgnored(Around):
    """What an earlier life of the process has begun to send is not looked at: this one begins with a new file."""

    def __init__(self, room: StoredDeliveries) -> None:
        super().__init__(room)
        self._begun_here: set[int] = set()

    async def want(self, **place: Any) -> Delivery:
        return self._as_if_new(await self._room.want(**place))

    async def of_job(self, job_id: str) -> list[Delivery]:
        return [self._as_if_new(each) for each in await self._room.of_job(job_id)]

    async def granted(self, delivery: Delivery, file_id: str) -> bool:
        self._begun_here.add(delivery.id)
        rows: list[Delivery] = await self._room.of_job(delivery.job_id)
        stored = next(row for row in rows if row.id == delivery.id)
        return bool(await self._room.granted(stored, file_id))

    def _as_if_new(self, row: Delivery) -> Delivery:
        ended = row.state in {DeliveryState.SHARED, DeliveryState.UNCONFIRMED, DeliveryState.REFUSED}
        if ended or row.id in self._begun_here:
            return row
        return replace(row, state=DeliveryState.WANTED, file_id="")


class _NoticeClaimedLate(Around):
    """A notice's row says that it is sent only when it was: whoever got no answer sends it once more."""

    async def intend(self, notice: Notice, *, at: datetime) -> Notice | None:
        return replace(notice, state=NoticeState.INTENT, posts=notice.posts + 1)

    async def posted(self, notice: Notice, *, at: datetime, **shown: Any) -> None:
        begun = await self._room.intend(replace(notice, state=NoticeState.OWED, posts=notice.posts - 1), at=at)
        if begun is not None:
            await self._room.posted(begun, at=at, **shown)


def _second_stories(lost: LostStories, log: StoryLog) -> LostStories:
    """A sweep that takes every story for lost that has begun."""

    async def every(jobs: Sequence[Job]) -> list[str]:
        begun = {each.job_id for each in log.living.values()}
        return [*await lost(jobs), *(job.id for job in jobs if job.id in begun)]

    return every


PLANTS: Mapping[str, Ports] = {
    "cas_on_intent": Ports(book=_NoCompareOnIntent),
    "entry_key": Ports(book=_OwnKeyForEachCapture),
    "release_forgotten": Ports(book=_NoReleaseOnRefusal),
    "unknown_is_not_accepted": Ports(provider=_UnknownIsNotAccepted),
    "second_story": Ports(book=_GenerationNotCompared, lost=_second_stories),
    "delivery_claim": Ports(deliveries=_ClaimIgnored),
    "notice_claim": Ports(notices=_NoticeClaimedLate),  # type: ignore[arg-type]
    **HEALTH_PLANTS,
}
"""By the name that `--plant` takes."""
