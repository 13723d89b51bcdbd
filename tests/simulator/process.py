"""One process of the bot, put together as `bot/wiring` does it, with simulated services, Slack and engine around it."""

import asyncio
import itertools
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.catalogue.model import StatusPage
from bot.jobs.bell import Bell
from bot.jobs.book import JobBook
from bot.jobs.card_facts import CardFacts
from bot.jobs.courier import Courier, NotFetched, Trouble
from bot.jobs.doubt import Doubt
from bot.jobs.doubt_desk import DoubtDesk
from bot.jobs.model import JobRecord
from bot.jobs.offers import Offers
from bot.jobs.pictures import PictureDesk
from bot.jobs.planning import Planner
from bot.jobs.ports import Healths
from bot.jobs.questions import Asker, QuestionDesk
from bot.jobs.requests import RequestMaker
from bot.jobs.rooms import Patience, Rooms
from bot.jobs.service import JobService, Rules
from bot.jobs.standing import Standings
from bot.jobs.steps import JobSteps
from bot.jobs.surface import SpooledVideo
from bot.jobs.sweep import LostStories, Sweep
from bot.jobs.wakes import Wakes
from bot.jobs.watcher import Watcher
from bot.jobs.webhooks import WebhookDesk
from bot.media.spool import Spool
from bot.providers.base import RenderRef, RenderState, RenderStatus, VideoProvider
from bot.providers.errors import InvalidRequest, NotFound, ProviderError, Retired
from bot.quota.limits import Limit
from bot.slack.admins import AdminQuestions
from bot.slack.cards import CardWriter
from bot.slack.delivery import VideoDelivery
from bot.slack.drawing import CardArtist
from bot.slack.earlier import EarlierFiles
from bot.slack.incident_notices import IncidentTopics
from bot.slack.message import Message
from bot.slack.notice_ports import NoticeBook
from bot.slack.notice_poster import NoticePoster
from bot.slack.notice_writer import NoticeWriter, Sources
from bot.slack.ports import Deliveries
from bot.slack.posters import Posters
from bot.slack.posting import CardPoster
from bot.slack.surface import SlackSurface
from bot.slack.telling import Teller
from bot.slack.uploads import SlackFiles
from bot.slack.views.place import cannot_post
from bot.slack.views.told import plain
from bot.store.deliveries import StoredDeliveries, StoredTellings
from bot.store.engine import Store
from bot.store.history import StoredHistory
from bot.store.incidents import StoredIncidents
from bot.store.jobs import StoredJobs
from bot.store.notices import StoredNotices
from bot.store.probes import StoredProbes
from bot.store.upstreams import StoredHealths
from bot.upstreams.pages import PageReport
from bot.upstreams.prober import Prober
from bot.upstreams.registry import Registry, Upstream
from bot.upstreams.status_pages import PageReader
from bot.wiring.rules import moves_counted
from tests.known_admins import known_admins
from tests.simulator.adapter import Adapter
from tests.simulator.dial import Dial, Fault
from tests.simulator.engine import Engine
from tests.simulator.ground import Ground, LiveCards
from tests.simulator.life import Life, MortalStore
from tests.simulator.services import SUBJECT, Service
from tests.simulator.slack_door import opened_door
from tests.simulator.slack_town import SlackTown
from tests.simulator.sparse_looks import SparseLooks
from tests.simulator.sparse_sweeps import SparseSweeps
from tests.simulator.story_log import Story, StoryLog
from tests.simulator.virtual_loop import VirtualClock

TEAM = "T1"
ADMINS = ("UADA", "UBEA")
RULES = Rules(
    confirm_above_usd_micros=700_000,
    running_max=3,
    queued_max=10,
    again_window=timedelta(minutes=2),
    time_zone="UTC",
)
DOUBT_MAX = timedelta(days=1)
"""A week in production, of which a simulated card would spend six days being redrawn every half minute."""
WEBHOOK = "https://bot.test/webhooks"


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Where a planted bug gets between the rooms. As they are, they change nothing."""

    book: Callable[[StoredJobs, Store], JobBook] = lambda book, _store: book
    deliveries: Callable[[StoredDeliveries], Deliveries] = lambda deliveries: deliveries
    provider: Callable[[VideoProvider], VideoProvider] = lambda provider: provider
    lost: Callable[[LostStories, StoryLog], LostStories] = lambda lost, _log: lost
    healths: Callable[[StoredHealths, Store], Healths] = lambda healths, _store: healths
    notices: Callable[[StoredNotices], NoticeBook] = lambda notices: notices


@dataclass(kw_only=True)
class Surroundings:
    """What all processes of a town share: everything outside of them."""

    clock: VirtualClock
    dial: Dial
    ground: Ground
    stories: StoryLog
    services: list[Service]
    slack: SlackTown
    limits: tuple[Limit, ...]
    spool: Spool
    film: Path
    """What every delivered file holds."""
    threads: ThreadPoolExecutor
    ports: Ports
    alone: bool
    risk_below_usd_micros: int
    tells: bool
    """Admins have chosen Slack channels for notices."""
    disk: set[str] = field(default_factory=set)
    """Jobs whose video is on the shared spool."""
    ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    subject_of_job: dict[str, str] = field(default_factory=dict)
    alarmed: Callable[[str, Mapping[str, object]], None] = lambda _name, _facts: None
    broke: Callable[[Story, Exception], None] = lambda _story, _error: None
    stepping: Callable[[Story], None] = lambda _story: None


class Process:
    def __init__(self, around: Surroundings, life: Life) -> None:
        self.life = life
        self._around = around
        store = MortalStore(around.ground, life, around.dial)
        clock = around.clock
        stored = StoredJobs(store, limits=around.limits, zone=ZoneInfo("UTC"), enqueue=around.stories.enqueue)
        self.book = book = around.ports.book(stored, store)
        self.registry = registry = Registry(_upstream(each, life, around.ports) for each in around.services)
        stored_healths = StoredHealths(store)
        healths = around.ports.healths(stored_healths, store)
        wakes = Wakes(clock)
        self.watcher = watcher = Watcher(registry, book, healths, StoredHistory(store), clock, self._alarm)
        self._door = opened_door(around.slack, life, around.dial, around.threads)
        self.writer, self.surface = self._slack_side(store, book)
        self.notices = self._notice_side(store)
        requests = RequestMaker(pictures=_no_pictures, webhook_url=_webhook_url, clock=clock)
        patience = Patience(doubt_max=DOUBT_MAX)
        doubt = Doubt(
            book=book,
            registry=registry,
            requests=requests,
            surface=self.surface,
            wakes=wakes,
            clock=clock,
            alarm=self._alarm,
            doubt_max=patience.doubt_max,
            risk_below_usd_micros=around.risk_below_usd_micros,
        )
        steps = JobSteps(
            Rooms(
                book=book,
                registry=registry,
                healths=healths,
                surface=self.surface,
                watcher=watcher,
                wakes=wakes,
                courier=_Courier(registry, around),
                requests=requests,
                doubt=doubt,
                clock=clock,
                new_id=self._new_id,
                alarm=self._alarm,
                patience=patience,
                moved=moves_counted(StoredIncidents(store), clock),
            )
        )
        bell = Bell(wakes=wakes, watcher=watcher)
        self.jobs = JobService(
            book=book,
            offers=Offers(registry=registry, book=book, healths=healths, clock=clock, catalogue_version="simulated"),
            standings=Standings(registry=registry, healths=healths, clock=clock),
            bell=bell,
            surface=self.surface,
            pictures=PictureDesk(around.spool, around.threads, self._new_id),
            clock=clock,
            new_id=self._new_id,
            rules=RULES,
        )
        self.doubts = DoubtDesk(
            book=book, surface=self.surface, bell=bell, clock=clock, alarm=self._alarm, admins=known_admins(*ADMINS)
        )
        planner = Planner(registry=registry, healths=healths)
        self.questions = QuestionDesk(
            book=book,
            planner=planner,
            asker=Asker(planner=planner, new_id=self._new_id, answer_within=patience.answer_within),
            surface=self.surface,
            bell=bell,
            clock=clock,
            admins=known_admins(*ADMINS),
        )
        self.prober = Prober(
            registry=registry,
            healths=healths,
            book=StoredProbes(store),
            pages=_NoPages(),
            clock=SparseLooks(clock, around.services),
            luck=lambda: around.dial.chance("when to look", "-"),
        )
        self.webhooks = WebhookDesk(book, registry, bell, clock)
        self.engine = Engine(
            log=around.stories,
            steps=steps,
            life=life,
            clock=clock,
            alone=around.alone,
            subject=lambda job_id: around.subject_of_job.get(job_id, "-"),
            broke=around.broke,
            stepping=around.stepping,
        )
        self.sweep = Sweep(book, around.ports.lost(self._lost, around.stories), clock, self._alarm)

    async def run(self) -> None:
        """Serve until something breaks that must not; the supervisor begins a new life then."""
        await self.sweep.once()
        loops = [
            self.life.spawn(each, subject=name)
            for name, each in (
                ("engine", self.engine.run()),
                ("watcher", self.watcher.run()),
                ("writer", self.writer.run()),
                ("sweep", self.sweep.run()),
                ("prober", self.prober.run()),
                *([("notices", self.notices.run())] if self._around.tells else []),
            )
        ]
        for each in loops:
            each.add_done_callback(lambda done: self.life.end(f"a loop ended: {_why(done)}"))

    def _slack_side(self, store: MortalStore, book: JobBook) -> tuple[CardWriter, SlackSurface]:
        around, clock = self._around, self._around.clock
        door = self._door
        cards, tellings = LiveCards(store, around.ground, clock), StoredTellings(store)
        deliveries = around.ports.deliveries(StoredDeliveries(store))
        artist = CardArtist(draw=_draw, facts=_facts, records=book.record, deliveries=deliveries, clock=clock)
        poster = CardPoster(slack=door.worker, cards=cards, artist=artist, clock=clock, alarm=self._alarm)
        writer = CardWriter(
            slack=door.worker,
            cards=cards,
            artist=artist,
            poster=poster,
            clock=clock,
            alarm=self._alarm,
            holder=self.life.name,
            alone=around.alone,
        )
        files = SlackFiles(door)
        pictures = Posters(
            files=files, cards=cards, frame=lambda _path, _px: b"frame", threads=around.threads, clock=clock
        )
        teller = Teller(
            slack=door.worker,
            cards=cards,
            tellings=tellings,
            clock=clock,
            refusal_words=lambda record, code: cannot_post(record.job, code=code, can_join=False),
            tells_privately=_nowhere,
        )
        surface = SlackSurface(
            cards=cards,
            deliveries=deliveries,
            poster=poster,
            writer=writer,
            delivery=VideoDelivery(
                files=files,
                deliveries=deliveries,
                facts=_facts,
                clock=clock,
                alarm=self._alarm,
                completed=pictures.add,
            ),
            earlier=EarlierFiles(slack=door.worker, files=files, cards=cards, deliveries=deliveries, clock=clock),
            teller=teller,
            admins=AdminQuestions(teller=teller, facts=_facts, alarm=self._alarm, admins=known_admins(*ADMINS)),
        )
        return writer, surface

    def _notice_side(self, store: MortalStore) -> NoticeWriter:
        """`wiring.notices.notice_side`, of what is told the incidents."""
        around = self._around
        clock = SparseSweeps(around.clock, around.ground)
        book = around.ports.notices(StoredNotices(store))
        told = IncidentTopics(
            incidents=StoredIncidents(store), registry=self.registry, clock=clock, plain=plain(ZoneInfo("UTC"))
        )
        return NoticeWriter(
            book=book,
            sources=Sources(by_name={"incidents": told.topics}),
            poster=NoticePoster(slack=self._door.worker, book=book, clock=clock, alarm=self._alarm),
            clock=clock,
            alarm=self._alarm,
            holder=self.life.name,
            alone=around.alone,
        )

    async def _alarm(self, name: str, facts: Mapping[str, object]) -> None:
        self._around.alarmed(name, facts)

    async def _lost(self, jobs: "list[object]") -> list[str]:
        await self.life.moment("looking for lost stories")
        return self._around.stories.lost(jobs)  # type: ignore[arg-type]

    def _new_id(self) -> str:
        return f"{next(self._around.ids):08x}"


class _NoPages(PageReader):
    """Nobody has a page here."""

    def __init__(self) -> None: ...

    async def read(self, _page: StatusPage) -> PageReport | None:
        return None


class _Courier:
    """The spool without a disk. The real one's answers to what a download may raise; no film is looked into."""

    def __init__(self, registry: Registry, around: Surroundings) -> None:
        self._registry = registry
        self._around = around

    async def fetch(self, record: JobRecord) -> SpooledVideo | NotFetched:
        job_id, attempt = record.job.id, record.attempt
        if job_id in self._around.disk and self._around.dial.hits(Fault.DISK_LOST, SUBJECT.get()):
            self._around.disk.discard(job_id)
        if job_id not in self._around.disk:
            if attempt is None or attempt.render_id is None:
                return NotFetched(trouble=Trouble.GONE, words="nothing says where the video is")
            ref = RenderRef(render_id=attempt.render_id, poll_ref=attempt.poll_ref)
            provider = self._registry.upstream(attempt.upstream).provider
            try:
                made = RenderStatus(state=RenderState.SUCCEEDED, result_ref=attempt.result_ref)
                async with provider.download(ref, made) as film:
                    async for _ in film.chunks:
                        pass
            except (NotFound, Retired, InvalidRequest) as error:
                return NotFetched(trouble=Trouble.GONE, words=error.detail)
            except ProviderError as error:
                return NotFetched(trouble=Trouble.TRY_LATER, words=error.detail)
            self._around.disk.add(job_id)
        film_bytes = self._around.film.stat().st_size
        return SpooledVideo(
            path=self._around.film, sha256="0" * 64, bytes=film_bytes, length_s=4.0, size_px=(1280, 720)
        )


def _upstream(service: Service, life: Life, ports: Ports) -> Upstream:
    return Upstream(
        name=service.name,
        label=service.name.title(),
        tier=service.tier,
        protocol=service.protocol,
        provider=ports.provider(Adapter(service, life)),
        models=service.models,
        in_flight_max=service.protocol.in_flight_max,
        submits_per_minute=service.protocol.submits_per_minute,
        webhook=service.protocol.webhooks,
    )


def _webhook_url(upstream: Upstream, token: str) -> str | None:
    return f"{WEBHOOK}/{upstream.name}/{token}" if upstream.webhook else None


async def _no_pictures(*_: object) -> None:
    return None


async def _nowhere(_record: JobRecord, _code: str) -> bool:
    """Nothing can be said privately where somebody asked, so the direct message has to do it."""
    return False


def card_text(job_id: str, state: str, version: int) -> str:
    return f"card {job_id} {state} v{version}"


def _draw(record: JobRecord, _facts: CardFacts, **_: object) -> Message:
    """Views are pure and have their golden files; here a card says what the judge has to read."""
    job = record.job
    return Message(text=card_text(job.id, job.state.value, job.version), blocks=[])


async def _facts(record: JobRecord) -> CardFacts:
    attempt = record.attempt
    return CardFacts(
        service_label=attempt.upstream if attempt else "",
        model_label=attempt.model if attempt else "",
        receives="",
        typical=None,
        queue_place=0,
        can_cancel=False,
        is_preview=False,
        free=False,
        service_down_words="",
        elsewhere_usd_micros=None,
    )


def _why(done: "asyncio.Task[None]") -> str:
    if done.cancelled():
        return "cancelled"
    return type(done.exception()).__name__


_: type[Courier] = _Courier
