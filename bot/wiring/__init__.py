"""The composition root: builds every room, plugs them into each other, and closes them in reverse."""

from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from bot.clock import Clock, NewId
from bot.config import Settings
from bot.jobs import workflow
from bot.jobs.answers import CardFacts
from bot.jobs.balances import Balances
from bot.jobs.bell import Bell
from bot.jobs.housekeeping import Housekeeping
from bot.jobs.model import JobRecord
from bot.jobs.standing import Standings
from bot.jobs.sweep import Sweep
from bot.jobs.wakes import Wakes
from bot.jobs.watcher import Watcher
from bot.media.spool import Spool
from bot.observing.availability import Availability
from bot.observing.book import WatchedJobs
from bot.observing.confidential import Confidential
from bot.observing.watch import Watch
from bot.slack.app import build_app
from bot.slack.client import opened_slack
from bot.slack.errands import Errands
from bot.slack.frames import FirstFrames
from bot.slack.identity import who_we_are
from bot.slack.replies import Replies
from bot.slack.uploads import SlackFiles
from bot.store.accounts import StoredBalances
from bot.store.drafts import StoredDrafts
from bot.store.engine import opened_store
from bot.store.events import StoredEvents
from bot.store.figures import StoredFigures
from bot.store.frames import StoredFrames
from bot.store.history import StoredHistory
from bot.store.incidents import StoredIncidents
from bot.store.pasts import StoredPasts
from bot.store.upstreams import StoredHealths
from bot.web.app import build_web
from bot.web.health import Readiness
from bot.wiring.catalogue import catalogue_of
from bot.wiring.company import company_of
from bot.wiring.doors import greeting, listening, numbers, slack_entrance, slack_sockets
from bot.wiring.lifelines import Ears, Loops, database_answers
from bot.wiring.notices import notice_side
from bot.wiring.probing import opened_prober
from bot.wiring.routing import registry_of
from bot.wiring.rules import (
    engine_settings,
    limits_of,
    moves_counted,
    name_of_process,
    risk_below_usd_micros,
)
from bot.wiring.services import opened_services
from bot.wiring.surface import slack_side
from bot.wiring.videos import videos_side


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
        SettingsError: the settings name a service or a model that there is not.
    """
    async with AsyncExitStack() as owned:
        watch = Watch(confidential=confidential or Confidential(), new_id=new_id, database_url=settings.database_url)
        catalogue = catalogue_of(settings)
        store = await owned.enter_async_context(opened_store(settings.database_url, clock=clock))
        healths = StoredHealths(store)
        await healths.operator_acted(now=clock.now())
        accounts = await owned.enter_async_context(opened_services(settings, catalogue, clock))
        registry = registry_of(watch.services(accounts), settings, catalogue)
        door = await owned.enter_async_context(opened_slack(token=settings.bot_token, base_url=settings.slack_api_url))
        threads = ThreadPoolExecutor(4, thread_name_prefix="media")
        owned.callback(threads.shutdown, wait=False, cancel_futures=True)
        me = name_of_process(settings, new_id)
        company = company_of(settings, store, me=me, clock=clock, alarm=watch.alarm)
        engine = engine_settings(settings, me)
        book = WatchedJobs(
            store,
            limits=limits_of(settings),
            zone=settings.zone,
            enqueue=workflow.enqueuer(workflow.opened_client(engine)),
            meters=watch.meters,
            confidential=watch.confidential,
        )

        wakes = Wakes(clock)
        history = StoredHistory(store)
        watcher = Watcher(registry, book, healths, history, clock, watch.alarm)
        watch.renders(lambda: watcher.watching)
        bell = Bell(wakes=wakes, watcher=watcher, wire=company.wire)
        spool = Spool(settings.spool, threads=threads)
        standings = Standings(
            registry=registry,
            healths=healths,
            clock=clock,
            risk_below_usd_micros=risk_below_usd_micros(settings),
            pasts=StoredPasts(store),
        )

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
        balances = Balances(registry, StoredBalances(store), clock, low_below_videos=settings.low_balance_videos)
        notices = notice_side(
            settings,
            store,
            door=door,
            registry=registry,
            low_balances=balances.low,
            clock=clock,
            alarm=watch.alarm,
            holder=new_id(),
            home=identity.team_id,
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
            admins=notices.admins.admins,
        )
        videos = videos_side(
            settings,
            catalogue=catalogue,
            registry=registry,
            book=book,
            healths=healths,
            history=history,
            moved=moves_counted(StoredIncidents(store), clock),
            standings=standings,
            surface=slack.surface,
            admins=notices.admins.admins,
            watcher=watcher,
            wakes=wakes,
            bell=bell,
            spool=spool,
            threads=threads,
            clock=clock,
            new_id=new_id,
            alarm=watch.alarm,
        )
        frames = FirstFrames(
            files=SlackFiles(door), book=StoredFrames(store), frame_of=videos.jobs.first_frame, clock=clock
        )
        errands = await owned.enter_async_context(Errands())
        app = build_app(
            client=door.interactive,
            http=door.hasty,
            jobs=videos.jobs,
            doubts=videos.doubts,
            questions=videos.questions,
            happened=videos.happened,
            drafts=StoredDrafts(store, clock=clock, new_id=new_id),
            events=StoredEvents(store, clock=clock),
            replies=replies,
            errands=errands,
            clock=clock,
            card_seen=slack.surface.adopt,
            frames=frames,
            admins=notices.admins,
            accounts=balances.accounts,
            greets=notices.greets,
            refused_places=notices.refused_places,
            mails_to=notices.mails_to,
            command=settings.command,
            takes_pictures="files:read" in identity.scopes,
            witness=watch.witness,
        )
        sweep = Sweep(book, workflow.lost_stories, clock, watch.alarm)
        await owned.enter_async_context(company.joined())
        await owned.enter_async_context(workflow.running_engine(engine, watch.steps(videos.steps)))
        await sweep.once()
        housekeeping = Housekeeping(
            spool=spool, forget_finished=workflow.forget_finished, tidy=frames.tidy, clock=clock
        )
        ears = Ears(await owned.enter_async_context(slack_sockets(settings, app, clock)), clock)
        readiness = Readiness({"database": database_answers(store), "slack": ears.problem, "peers": company.problem})
        availability = Availability(readiness.problems, parts=readiness.parts, meters=watch.meters, clock=clock)
        loops = await owned.enter_async_context(
            Loops(
                watcher.run,
                slack.writer.run,
                sweep.run,
                housekeeping.run,
                ears.run,
                availability.run,
                (await owned.enter_async_context(opened_prober(store, registry, clock))).run,
                balances.run,
                *notices.loops,
                *company.loops(bell, slack.surface),
            )
        )
        web_app = build_web(
            entrance=slack_entrance(settings, app, clock),
            desk=videos.webhooks,
            readiness=readiness,
            metrics=numbers(settings, watch, registry, StoredFigures(store), availability, threads, clock),
        )
        port = await owned.enter_async_context(listening(web_app, settings.host, settings.port))
        code = await notices.admins.first_code(identity.team_id)
        yield Bot(greeting=greeting(settings, registry, port, code=code), port=port, failed=loops.failed)
