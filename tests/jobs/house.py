"""The jobs room on a real SQLite file, real rules and a scripted service, run on a virtual clock."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import chosen_database
from known_admins import known_admins
from scripted_service import ScriptedService, an_upstream
from sqlmodel import SQLModel
from virtual_clock import VirtualClock

from bot.jobs.answers import Accepted
from bot.jobs.bell import Bell
from bot.jobs.card_facts import Moved
from bot.jobs.consent import Question
from bot.jobs.courier import SpoolingCourier
from bot.jobs.doubt import Doubt
from bot.jobs.doubt_desk import DoubtDesk
from bot.jobs.happened import HappenedDesk
from bot.jobs.model import Job, JobRecord, JobState, Place
from bot.jobs.offers import Offers
from bot.jobs.pictures import PictureDesk
from bot.jobs.planning import Planner
from bot.jobs.questions import Asker, QuestionDesk
from bot.jobs.requests import RequestMaker
from bot.jobs.rooms import Patience, Rooms
from bot.jobs.service import JobService, Rules
from bot.jobs.standing import Standings
from bot.jobs.steps import JobSteps
from bot.jobs.story import story
from bot.jobs.surface import Announced, Delivered, SpooledVideo
from bot.jobs.wakes import Wakes
from bot.jobs.watcher import Watcher
from bot.jobs.webhooks import WebhookDesk
from bot.jobs.wish import Wish
from bot.media.animatic import AnimaticRequest, render_animatic
from bot.media.spool import Spool
from bot.quota.limits import Limit, ScopeKind
from bot.quota.periods import Span
from bot.store import ledger
from bot.store.engine import Store, open_engine
from bot.store.history import StoredHistory
from bot.store.jobs import StoredJobs
from bot.store.upstreams import StoredHealths
from bot.upstreams.policy import Routing
from bot.upstreams.registry import Registry, Upstream

TEAM, ANA, BEN, CHANNEL = "T1", "UANA", "UBEN", "C1"
ADMIN = "UADA"
USUAL_LIMITS = (
    Limit(scope=ScopeKind.PERSON, span=Span.DAY, usd_micros=5_000_000),
    Limit(scope=ScopeKind.WORKSPACE, span=Span.MONTH, usd_micros=50_000_000),
)


@dataclass(slots=True)
class RecordingSurface:
    """Where people would be: keeps what they would have been shown."""

    announces: Announced = Announced.POSTED
    delivers: Delivered = Delivered.SHARED
    announced: list[str] = field(default_factory=list)
    delivered: list[tuple[str, Path]] = field(default_factory=list)
    told: list[JobRecord] = field(default_factory=list)
    taken_away: list[str] = field(default_factory=list)
    asked_admins: list[tuple[str | None, datetime]] = field(default_factory=list)
    """(attempt, when it would be given up) each time admins were to be asked."""
    moves: list[Moved] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)

    async def announce(self, record: JobRecord) -> Announced:
        self.announced.append(record.job.id)
        return self.announces

    async def deliver(self, record: JobRecord, video: SpooledVideo) -> Delivered:
        assert video.path.read_bytes()[4:8] == b"ftyp"
        self.delivered.append((record.job.id, video.path))
        return self.delivers

    async def tell_end(self, record: JobRecord) -> None:
        self.told.append(record)

    async def ask_admins(self, record: JobRecord, *, given_up_at: datetime) -> None:
        self.asked_admins.append((record.job.attempt_id, given_up_at))

    async def tell_moved(self, _record: JobRecord, moved: Moved) -> None:
        if moved not in self.moves:
            self.moves.append(moved)

    async def ask_person(self, _record: JobRecord, question: Question) -> None:
        if question.id not in [each.id for each in self.questions]:
            self.questions.append(question)

    async def take_away(self, record: JobRecord) -> None:
        self.taken_away.append(record.job.id)

    def changed(self, job_id: str) -> None:
        pass


@dataclass(slots=True)
class House:
    clock: VirtualClock
    store: Store
    book: StoredJobs
    service: JobService
    steps: JobSteps
    surface: RecordingSurface
    registry: Registry
    healths: StoredHealths
    desk: WebhookDesk
    doubts: DoubtDesk
    questions: QuestionDesk
    happened: HappenedDesk
    watcher: Watcher
    enqueued: list[str]
    alarms: list[tuple[str, Mapping[str, object]]]

    async def accepted(self, prompt: str = "a corgi surfing at sunset", **wish: Any) -> Job:
        answer = await self.ask(prompt, **wish)
        assert isinstance(answer, Accepted), answer
        return answer.job

    async def ask(
        self, prompt: str = "a corgi surfing at sunset", *, key: str = "", user: str = ANA, **wish: Any
    ) -> Any:
        place = Place(slack_channel_id=CHANNEL)
        wanted = Wish(team_id=TEAM, user_id=user, place=place, prompt=prompt, **wish)
        return await self.service.ask(
            wanted, order_key=key or f"key-{next(_keys)}", price_confirmed_usd_micros=10**9, again_confirmed=True
        )

    async def play(self, job: Job, *, within_s: float = 3600) -> JobRecord:
        """Run the job's story to its end, moving time along."""
        await self.clock.finish(story(job.id, self.steps), within_s=within_s)
        return await self.record(job.id)

    async def record(self, job_id: str) -> JobRecord:
        record = await self.book.record(job_id)
        assert record is not None
        return record

    async def ledger_is_exact(self) -> bool:
        return await self.store.read(lambda session: ledger.recompute(session, TEAM)) == ()

    async def spent(self, user: str = ANA) -> tuple[int, int]:
        """(used, reserved) of the person's day, in micro-dollars."""
        found = await self.book.standings(TEAM, user, CHANNEL, now=self.clock.now())
        return found[0].usd_micros_used, found[0].usd_micros_reserved


_keys = itertools.count(1)


def a_film(folder: Path) -> Path:
    """One real MP4, small."""
    path = folder / "film.mp4"
    if not path.exists():
        render_animatic(AnimaticRequest(prompt="a wave", length_s=1, size_px=(128, 72), audio=True, label="test"), path)
    return path


@asynccontextmanager
async def a_house(
    folder: Path,
    *,
    upstreams: Callable[[ScriptedService], tuple[Upstream, ...]] = lambda service: (an_upstream(service),),
    limits: tuple[Limit, ...] = USUAL_LIMITS,
    service: ScriptedService | None = None,
    clock: VirtualClock | None = None,
    patience: Patience = Patience(),
    risk_below_usd_micros: int = 0,
    routing: Routing = Routing(),
    restarted: bool = False,
    stored: Callable[..., StoredJobs] = StoredJobs,
) -> AsyncIterator[tuple[House, ScriptedService]]:
    """`restarted`: over the database an earlier house left behind, as a new process would be. `stored`: the book."""
    clock = clock or VirtualClock()
    await clock.settle()  # from here on the clock knows of the threads
    service = service or ScriptedService(clock=clock, film=a_film(folder))
    engine = open_engine(chosen_database.url_for(folder / "sora.sqlite"), busy_timeout_ms=5000)
    if not restarted and engine.dialect.name == "sqlite":  # Postgres is lent with its tables
        SQLModel.metadata.create_all(engine)
    store = Store(engine, writer_threads=1)
    enqueued: list[str] = []
    alarms: list[tuple[str, Mapping[str, object]]] = []

    async def alarm(name: str, facts: Mapping[str, object]) -> None:
        alarms.append((name, facts))

    book = stored(
        store,
        limits=limits,
        zone=ZoneInfo("UTC"),
        enqueue=lambda _session, story_id, _partition: enqueued.append(story_id),
    )
    registry = Registry(upstreams(service), routing=routing)
    healths, surface, wakes = StoredHealths(store), RecordingSurface(), Wakes(clock)
    planner = Planner(registry=registry, healths=healths)
    standings = Standings(registry=registry, healths=healths, clock=clock)

    async def admins(_team_id: str) -> frozenset[str]:
        return frozenset({ADMIN})

    watcher = Watcher(registry, book, healths, StoredHistory(store), clock, alarm)
    threads = ThreadPoolExecutor(2)
    spool = Spool(folder / "spool", threads=threads)
    new_id = _ids("b" if restarted else "a").__next__
    pictures = PictureDesk(spool, threads, new_id)
    requests = RequestMaker(pictures=pictures.fitted, webhook_url=lambda _upstream, _token: None, clock=clock)
    rooms = Rooms(
        book=book,
        registry=registry,
        healths=healths,
        surface=surface,
        watcher=watcher,
        wakes=wakes,
        courier=SpoolingCourier(registry, spool, threads),
        requests=requests,
        doubt=Doubt(
            book=book,
            registry=registry,
            requests=requests,
            surface=surface,
            wakes=wakes,
            clock=clock,
            alarm=alarm,
            doubt_max=patience.doubt_max,
            risk_below_usd_micros=risk_below_usd_micros,
        ),
        clock=clock,
        new_id=new_id,
        alarm=alarm,
        patience=patience,
    )
    bell = Bell(wakes=wakes, watcher=watcher)
    jobs = JobService(
        book=book,
        offers=Offers(registry=registry, book=book, healths=healths, clock=clock, catalogue_version="test"),
        standings=standings,
        bell=bell,
        surface=surface,
        pictures=pictures,
        clock=clock,
        new_id=new_id,
        rules=Rules(
            confirm_above_usd_micros=1_000_000,
            running_max=3,
            queued_max=10,
            again_window=timedelta(minutes=2),
            time_zone="UTC",
        ),
    )
    house = House(
        clock=clock,
        store=store,
        book=book,
        service=jobs,
        steps=JobSteps(rooms),
        surface=surface,
        registry=registry,
        healths=healths,
        desk=WebhookDesk(book, registry, bell, clock),
        doubts=DoubtDesk(
            book=book, surface=surface, bell=bell, clock=clock, alarm=alarm, admins=known_admins(ADMIN, BEN)
        ),
        questions=QuestionDesk(
            book=book,
            planner=planner,
            asker=Asker(planner=planner, new_id=new_id, answer_within=patience.answer_within),
            surface=surface,
            bell=bell,
            clock=clock,
            admins=admins,
        ),
        happened=HappenedDesk(book=book, registry=registry, standings=standings, admins=admins),
        watcher=watcher,
        enqueued=enqueued,
        alarms=alarms,
    )
    watching = asyncio.ensure_future(watcher.run())
    try:
        yield house, service
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        store.close()
        threads.shutdown()


def _ids(prefix: str) -> "itertools.count[int] | Any":
    return (f"{prefix}{number:05}" for number in itertools.count(1))


__all__ = ["ADMIN", "ANA", "BEN", "CHANNEL", "TEAM", "House", "JobState", "RecordingSurface", "a_house"]
