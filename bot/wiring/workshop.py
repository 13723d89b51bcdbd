"""Where videos are made: the jobs' book, who waits for renders, films on their way, the engine and its other processes.

The use cases and the steps that work here are put together in `videos.py`.
"""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.jobs import workflow
from bot.jobs.bell import Bell
from bot.jobs.card_facts import CardFacts
from bot.jobs.model import JobRecord
from bot.jobs.wakes import Wakes
from bot.jobs.watcher import Watcher
from bot.media.spool import Spool
from bot.observing.book import WatchedJobs
from bot.slack.drawing import FactsOf
from bot.wiring.company import Company, company_of
from bot.wiring.ground import Ground
from bot.wiring.rules import engine_settings, limits_of, name_of_process
from bot.wiring.upstreams import Upstreams

MEDIA_THREADS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    book: WatchedJobs
    facts: FactsOf
    watcher: Watcher
    wakes: Wakes
    bell: Bell
    spool: Spool
    threads: ThreadPoolExecutor
    engine: workflow.EngineSettings
    company: Company


@asynccontextmanager
async def opened_workshop(ground: Ground, upstreams: Upstreams) -> AsyncIterator[Workshop]:
    threads = ThreadPoolExecutor(MEDIA_THREADS, thread_name_prefix="media")
    try:
        yield _workshop(ground, upstreams, threads)
    finally:
        threads.shutdown(wait=False, cancel_futures=True)


def _workshop(ground: Ground, upstreams: Upstreams, threads: ThreadPoolExecutor) -> Workshop:
    me = name_of_process(ground.settings, ground.new_id)
    company, engine = company_of(ground, me=me), engine_settings(ground.settings, me)
    book = _book(ground, engine)
    wakes = Wakes(ground.clock)
    watcher = Watcher(upstreams.registry, book, upstreams.healths, upstreams.history, ground.clock, ground.alarm)
    ground.watch.renders(lambda: watcher.watching)
    return Workshop(
        book=book,
        facts=_facts(ground, upstreams, book),
        watcher=watcher,
        wakes=wakes,
        bell=Bell(wakes=wakes, watcher=watcher, wire=company.wire),
        spool=Spool(ground.settings.spool, threads=threads),
        threads=threads,
        engine=engine,
        company=company,
    )


def _book(ground: Ground, engine: workflow.EngineSettings) -> WatchedJobs:
    return WatchedJobs(
        ground.store,
        limits=limits_of(ground.settings),
        zone=ground.settings.zone,
        enqueue=workflow.enqueuer(workflow.opened_client(engine)),
        meters=ground.watch.meters,
        confidential=ground.watch.confidential,
    )


def _facts(ground: Ground, upstreams: Upstreams, book: WatchedJobs) -> FactsOf:
    async def facts(record: JobRecord) -> CardFacts:
        place = await book.queue_place(record.job.id, running_max=ground.settings.running_max)
        return await upstreams.standings.facts(record, queue_place=place)

    return facts
