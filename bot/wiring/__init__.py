"""The composition root: builds every room, plugs them into each other, and closes them in reverse."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler
from slack_bolt.async_app import AsyncApp

from bot.catalogue.loader import load_catalogue
from bot.clock import Clock, NewId
from bot.config import Settings
from bot.jobs import workflow
from bot.jobs.answers import CardFacts
from bot.jobs.courier import SpoolingCourier
from bot.jobs.doubt import Doubt
from bot.jobs.doubt_desk import DoubtDesk
from bot.jobs.housekeeping import Housekeeping
from bot.jobs.model import JobRecord
from bot.jobs.offers import Offers
from bot.jobs.pictures import PictureDesk
from bot.jobs.requests import RequestMaker
from bot.jobs.rooms import Patience, Rooms
from bot.jobs.service import JobService, Rules
from bot.jobs.standing import Standings
from bot.jobs.steps import JobSteps
from bot.jobs.sweep import Sweep
from bot.jobs.wakes import Wakes
from bot.jobs.watcher import Watcher
from bot.jobs.webhooks import WebhookDesk
from bot.media.spool import Spool
from bot.observing.availability import Availability
from bot.observing.book import WatchedJobs
from bot.observing.confidential import Confidential
from bot.observing.exposition import Exposition
from bot.observing.watch import Watch
from bot.quota.limits import Limit, ScopeKind
from bot.quota.periods import Span
from bot.slack.app import build_app
from bot.slack.client import opened_slack
from bot.slack.entrance import entrance
from bot.slack.errands import Errands
from bot.slack.frames import FirstFrames
from bot.slack.identity import who_we_are
from bot.slack.replies import Replies
from bot.slack.sockets import opened_sockets
from bot.slack.uploads import SlackFiles
from bot.store.drafts import StoredDrafts
from bot.store.engine import open_engine, opened_store
from bot.store.figures import StoredFigures
from bot.store.frames import StoredFrames
from bot.store.history import StoredHistory
from bot.store.upstreams import StoredHealths
from bot.upstreams.registry import Registry, Upstream
from bot.web.app import build_web, webhook_url
from bot.web.health import Readiness
from bot.web.metrics import metrics_page
from bot.wiring.lifelines import Ears, Loops, database_answers
from bot.wiring.services import opened_services
from bot.wiring.surface import slack_side


@dataclass(frozen=True, slots=True, kw_only=True)
class Bot:
    """A running bot. `failed` returns, or raises, when a part of it can no longer do its work."""

    greeting: tuple[str, ...]
    port: int
    failed: Callable[[], Awaitable[None]]


@asynccontextmanager
async def running(
    settings: Settings, *, clock: Clock, new_id: NewId, confidential: Confidential | None = None
) -> AsyncIterator[Bot]:
    """Build the whole bot and serve; on exit close everything, last opened first.

    `confidential` is the log's, which learns from the bot what people write; None where nobody keeps a log.

    Raises:
        DatabaseTakenError, NewerSchemaError: see `store`.
        CatalogueError: the models in the settings are not understood.
    """
    async with AsyncExitStack() as owned:
        watch = Watch(confidential=confidential or Confidential(), new_id=new_id, database_url=settings.database_url)
        catalogue = load_catalogue()
        store = await owned.enter_async_context(opened_store(settings.database_url, clock=clock))
        healths = StoredHealths(store)
        await healths.operator_acted(now=clock.now())
        accounts = opened_services(settings, catalogue, clock)
        registry = Registry(watch.services(await owned.enter_async_context(accounts)))
        token = settings.slack_bot_token
        door = await owned.enter_async_context(
            opened_slack(token=token.get_secret_value() if token else None, base_url=settings.slack_api_url)
        )
        threads = ThreadPoolExecutor(4, thread_name_prefix="media")
        owned.callback(threads.shutdown, wait=False, cancel_futures=True)
        engine = _engine_settings(settings, new_id)
        client = workflow.opened_client(engine)
        book = WatchedJobs(
            store,
            limits=limits_of(settings),
            zone=settings.zone,
            enqueue=workflow.enqueuer(client),
            meters=watch.meters,
            confidential=watch.confidential,
        )

        wakes = Wakes(clock)
        watcher = Watcher(registry, book, healths, StoredHistory(store), clock, watch.alarm)
        spool = Spool(settings.spool, threads=threads)
        pictures = PictureDesk(spool, threads, new_id)
        standings = Standings(registry=registry, healths=healths, clock=clock)

        async def facts(record: JobRecord) -> CardFacts:
            place = await book.queue_place(record.job.id, running_max=settings.running_max)
            return await standings.facts(record, queue_place=place)

        identity = await who_we_are(door.interactive)
        replies = Replies(
            client=door.interactive,
            http=door.hasty,
            clock=clock,
            can_join="channels:join" in identity.scopes,
            bot_user_id=identity.bot_user_id,
        )
        slack = slack_side(
            door=door,
            store=store,
            records=book.record,
            facts=facts,
            refusal_words=replies.refusal_words,
            tells_privately=replies.tell_privately,
            clock=clock,
            alarm=watch.alarm,
            holder=new_id(),
            alone=settings.database_url.startswith("sqlite"),
            admins=settings.admins,
        )
        requests = RequestMaker(pictures=pictures.fitted, webhook_url=_webhook_urls(settings), clock=clock)
        patience = Patience()
        doubt = Doubt(
            book=book,
            registry=registry,
            requests=requests,
            surface=slack.surface,
            wakes=wakes,
            clock=clock,
            alarm=watch.alarm,
            doubt_max=patience.doubt_max,
        )
        steps = JobSteps(
            Rooms(
                book=book,
                registry=registry,
                healths=healths,
                surface=slack.surface,
                watcher=watcher,
                wakes=wakes,
                courier=SpoolingCourier(registry, spool, threads),
                requests=requests,
                doubt=doubt,
                clock=clock,
                new_id=new_id,
                alarm=watch.alarm,
                patience=patience,
            )
        )
        jobs = JobService(
            book=book,
            offers=Offers(
                registry=registry, book=book, healths=healths, clock=clock, catalogue_version=catalogue.version
            ),
            standings=standings,
            watcher=watcher,
            wakes=wakes,
            surface=slack.surface,
            pictures=pictures,
            clock=clock,
            new_id=new_id,
            rules=_rules(settings),
        )
        frames = FirstFrames(files=SlackFiles(door), book=StoredFrames(store), frame_of=jobs.first_frame, clock=clock)
        errands = await owned.enter_async_context(Errands())
        app = build_app(
            client=door.interactive,
            http=door.hasty,
            jobs=jobs,
            doubts=DoubtDesk(
                book=book,
                surface=slack.surface,
                wakes=wakes,
                clock=clock,
                alarm=watch.alarm,
                admins=frozenset(settings.admins),
            ),
            drafts=StoredDrafts(store, clock=clock, new_id=new_id),
            replies=replies,
            errands=errands,
            clock=clock,
            card_seen=slack.surface.adopt,
            frames=frames,
            command=settings.command,
            takes_pictures="files:read" in identity.scopes,
            witness=watch.witness,
        )
        sweep = Sweep(book, workflow.lost_stories, clock, watch.alarm)
        await owned.enter_async_context(workflow.running_engine(engine, watch.steps(steps)))
        await sweep.once()
        housekeeping = Housekeeping(
            spool=spool, forget_finished=workflow.forget_finished, tidy=frames.tidy, clock=clock
        )
        sockets = None
        if settings.slack_app_token is not None:
            app_token = settings.slack_app_token.get_secret_value()
            sockets = await owned.enter_async_context(opened_sockets(app, app_token=app_token, clock=clock))
        ears = Ears(sockets, clock)
        readiness = Readiness({"database": database_answers(store), "slack": ears.problem})
        availability = Availability(readiness.problems, parts=readiness.parts, meters=watch.meters, clock=clock)
        loops = await owned.enter_async_context(
            Loops(watcher.run, slack.writer.run, sweep.run, housekeeping.run, ears.run, availability.run)
        )
        desk = WebhookDesk(book, registry, watcher, wakes, clock)
        web_app = build_web(
            entrance=_entrance(settings, app, clock),
            desk=desk,
            readiness=readiness,
            metrics=_metrics(settings, watch, registry, StoredFigures(store), availability, threads, clock),
        )
        port = await owned.enter_async_context(_listening(web_app, settings.host, settings.port))
        yield Bot(greeting=_greeting(settings, registry, port), port=port, failed=loops.failed)


def limits_of(settings: Settings) -> tuple[Limit, ...]:
    return tuple(
        Limit(
            scope=ScopeKind(each.scope),
            span=Span(each.period),
            usd_micros=None if each.usd is None else round(each.usd * 1_000_000),
            clips=each.clips,
        )
        for each in settings.limits
        if each.usd is not None or each.clips is not None
    )


@asynccontextmanager
async def _listening(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Serve the application; the port is the one really taken (0 lets the system choose)."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


def _rules(settings: Settings) -> Rules:
    return Rules(
        confirm_above_usd_micros=round(settings.confirm_above_usd * 1_000_000),
        running_max=settings.running_max,
        queued_max=settings.queued_max,
        again_window=settings.again_window,
        time_zone=settings.time_zone,
    )


def _engine_settings(settings: Settings, new_id: NewId) -> workflow.EngineSettings:
    sqlite = settings.database_url.startswith("sqlite")
    return workflow.EngineSettings(
        url=settings.database_url,
        engine=open_engine(settings.database_url, busy_timeout_ms=30_000, isolation_level="IMMEDIATE")
        if sqlite
        else None,
        executor_id="local" if sqlite else f"{socket.gethostname()}-{new_id()[:8]}",
        running_max=settings.running_max,
    )


def _webhook_urls(settings: Settings) -> Callable[[Upstream, str], str | None]:
    def address(upstream: Upstream, token: str) -> str | None:
        """Where this attempt's service may call back; None: it does not, or nobody reaches us from outside."""
        if not (settings.public_url and upstream.webhook):
            return None
        return webhook_url(settings.public_url, upstream.name, token)

    return address


def _entrance(settings: Settings, app: AsyncApp, clock: Clock) -> Handler | None:
    secret = settings.slack_signing_secret
    if settings.slack_app_token is not None or secret is None:
        return None
    return entrance(app, signing_secret=secret.get_secret_value(), clock=clock)


def _metrics(
    settings: Settings,
    watch: Watch,
    registry: Registry,
    figures: StoredFigures,
    availability: Availability,
    threads: Executor,
    clock: Clock,
) -> Handler | None:
    """The page of numbers; without a token there is none."""
    if settings.metrics_token is None:
        return None
    exposition = Exposition(
        meters=watch.meters,
        figures=figures.look,
        availability=availability.look,
        services=[each.name for each in registry.upstreams],
        spool=settings.spool,
        threads=threads,
        clock=clock,
    )
    return metrics_page(exposition.page, token=settings.metrics_token.get_secret_value())


def _greeting(settings: Settings, registry: Registry, port: int) -> tuple[str, ...]:
    way = "Socket Mode" if settings.slack_app_token is not None else f"HTTP, POST /slack/events on port {port}"
    lines = [f"sora-bot serves {settings.command} by {way}. Health: http://127.0.0.1:{port}/readyz"]
    if registry.preview_only:
        lines.append("No video service is set up: the built-in preview draws animatics. `sora-bot setup` adds one.")
    else:
        lines.append("Services: " + ", ".join(each.label for each in registry.upstreams))
    return tuple(lines)
