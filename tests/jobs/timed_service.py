"""Renders in flight without the way there: rows as an earlier process left them, and a service that takes its time."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from house import House
from scripted_service import ScriptedService
from sqlalchemy.orm import Session

from bot.catalogue.model import ModelClass, Shape
from bot.jobs.attempt import Attempt, AttemptState
from bot.jobs.model import JobState, Order, Place
from bot.providers.base import PollsMany, RenderRef, RenderState, RenderStatus
from bot.providers.errors import NotFound, ProviderError
from bot.store.job_rows import wanted_of
from bot.store.tables.jobs import AttemptRow, JobRow, WebhookEventRow

NEVER_S = math.inf


@dataclass
class TimedService(ScriptedService):
    """A render ends so many seconds after it was submitted; `requests` are the moments it was asked and about whom."""

    begun: dict[str, datetime] = field(default_factory=dict)
    takes_s: dict[str, float] = field(default_factory=dict)
    progress: float | None = None
    poll_after_s: float | None = None
    raises: list[ProviderError] = field(default_factory=list)
    requests: list[tuple[datetime, tuple[str, ...]]] = field(default_factory=list)

    async def poll(self, ref: RenderRef) -> RenderStatus:
        self.requests.append((self.clock.now(), (ref.render_id,)))
        if self.raises:
            raise self.raises.pop(0)
        status = self.stands(ref.render_id)
        if isinstance(status, ProviderError):
            raise status
        return status

    def stands(self, render_id: str) -> RenderStatus | ProviderError:
        if render_id not in self.begun:
            return NotFound("no such render")
        age_s = (self.clock.now() - self.begun[render_id]).total_seconds()
        if age_s >= self.takes_s[render_id]:
            return RenderStatus(state=RenderState.SUCCEEDED, result_ref="film")
        return RenderStatus(state=RenderState.RUNNING, progress=self.progress, poll_after_s=self.poll_after_s)

    def looks_at(self, render_id: str) -> list[datetime]:
        return [when for when, asked in self.requests if render_id in asked]


@dataclass
class BatchService(TimedService):
    """Tells of many in one answer, except of those that are older than its list."""

    unlisted: set[str] = field(default_factory=set)

    async def poll_many(self, refs: Sequence[RenderRef]) -> Mapping[str, RenderStatus | ProviderError]:
        self.requests.append((self.clock.now(), tuple(each.render_id for each in refs)))
        return {each.render_id: self.stands(each.render_id) for each in refs if each.render_id not in self.unlisted}


_: type[PollsMany] = BatchService


async def in_flight(
    house: House, service: TimedService, *takes_s: float, ago_s: float = 0.0, model: str = "wave-1"
) -> list[Attempt]:
    """One render each, submitted `ago_s` seconds ago."""
    begun = house.clock.now() - timedelta(seconds=ago_s)
    numbers = [len(service.begun) + number for number, _ in enumerate(takes_s, 1)]

    def write(session: Session) -> None:
        for number, takes in zip(numbers, takes_s, strict=True):
            service.begun[f"r{number}"], service.takes_s[f"r{number}"] = begun, takes
            session.add(_job(number, JobState.RENDERING, begun))
            session.flush()
            session.add(_attempt(number, AttemptState.SUBMITTED, begun, model=model))

    await house.store.write(write)
    attempts = [await house.book.attempt(f"a{number}") for number in numbers]
    return [each for each in attempts if each is not None]


async def history(house: House, *took_s: float, announced: bool = False, model: str = "wave-1") -> None:
    """Renders of earlier, ended an hour apart."""

    def write(session: Session) -> None:
        for number, took in enumerate(took_s, 100_001):
            begun = house.clock.now() - timedelta(hours=number - 100_000)
            session.add(_job(number, JobState.DELIVERED, begun))
            session.flush()
            row = _attempt(number, AttemptState.SUCCEEDED, begun, model=model)
            row.ended_at = begun + timedelta(seconds=took)
            session.add(row)
            if announced:
                name = f"r{number}"
                session.add(WebhookEventRow(upstream="scripted", event_id=name, render_id=name, came_at=row.ended_at))

    await house.store.write(write)


def _job(number: int, state: JobState, at: datetime) -> JobRow:
    order = Order(
        team_id="T1", user_id="UANA", place=Place(slack_channel_id="C1"), prompt="waves", model="wave-1",
        model_class=ModelClass.FAST, length_s=4, shape=Shape.WIDE, resolution="720p",
    )  # fmt: skip
    return JobRow(
        id=f"j{number}", team_id="T1", number=number, order_key=f"k{number}", user_id="UANA", slack_channel_id="C1",
        prompt="waves", prompt_hash="h", wanted=wanted_of(order), state=state.value, state_since=at, created_at=at,
        held_usd_micros=0, catalogue_version="test", attempt_id=f"a{number}",
    )  # fmt: skip


def _attempt(number: int, state: AttemptState, at: datetime, *, model: str) -> AttemptRow:
    return AttemptRow(
        id=f"a{number}", job_id=f"j{number}", team_id="T1", number=1, upstream="scripted", model=model, wire_name="w",
        fingerprint="f", length_s=4, width_px=1280, height_px=720, usd_micros=0, state=state.value, intent_at=at,
        deadline_at=at, webhook_token=f"t{number}", render_id=f"r{number}", submitted_at=at,
    )  # fmt: skip
