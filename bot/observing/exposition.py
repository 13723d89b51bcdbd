"""The page that Prometheus reads: what this process counted, and how things stand in the database and on the disk.

The database is asked once per scrape at most, and not again within `FRESH_S`, however many scrape; where it does not
answer in time, its numbers are missing, `sora_database_up` says so, and the rest of the page is there.
"""

import asyncio
import logging
import os
import shutil
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import Executor
from datetime import datetime, timedelta
from pathlib import Path

from prometheus_client import generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.clock import Clock
from bot.observing.meters import Meters
from bot.store.figures import Figures
from bot.upstreams.circuit import CircuitState

FRESH_S = 5.0
PATIENCE_S = 2.0

_log = logging.getLogger(__name__)


class Exposition:
    def __init__(
        self,
        *,
        meters: Meters,
        figures: Callable[[], Awaitable[Figures]],
        availability: Callable[[], Awaitable[None]],
        services: Iterable[str],
        spool: Path,
        threads: Executor,
        clock: Clock,
    ) -> None:
        """`availability` is looked at before the page is drawn, so that its gauge tells of now.

        `services`: those configured. A circuit left behind by one that was removed alarms nobody.
        """
        self._meters = meters
        self._ask = figures
        self._availability = availability
        self._services = tuple(services)
        self._spool = spool
        self._threads = threads
        self._clock = clock
        self._asking = asyncio.Lock()
        self._asked_at: datetime | None = None
        self._figures: Figures | None = None
        self._disk: tuple[int, int] | None = None

    async def page(self) -> bytes:
        async with self._asking:
            now = self._clock.now()
            if self._asked_at is None or now - self._asked_at >= timedelta(seconds=FRESH_S):
                await self._availability()
                self._figures, self._disk = await self._looked(), await self._weighed()
                self._asked_at = now
        return generate_latest(_Everything(self._meters, list(self._standing(now))))

    async def _looked(self) -> Figures | None:
        try:
            return await asyncio.wait_for(self._ask(), PATIENCE_S)
        except Exception as error:  # noqa: BLE001 - whatever keeps the database from answering, the page still stands
            _log.warning("the database's numbers are missing", extra={"raised": error})
            return None

    async def _weighed(self) -> tuple[int, int] | None:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, _weight_of, self._spool)
        except OSError as error:
            _log.warning("the spool cannot be weighed", extra={"raised": error})
            return None

    def _standing(self, now: datetime) -> Iterator[Metric]:
        up = GaugeMetricFamily("sora_database_up", "1 while the database answers a scrape in time.")
        up.add_metric([], 0 if self._figures is None else 1)
        yield up
        if self._figures is not None:
            yield from _of_database(self._figures, self._services, now)
        if self._disk is not None:
            used, free = self._disk
            yield GaugeMetricFamily("sora_spool_bytes", "What the spool holds on this machine's disk.", used)
            yield GaugeMetricFamily("sora_spool_free_bytes", "Room left where the spool is.", free)


class _Everything(Collector):
    def __init__(self, meters: Meters, standing: list[Metric]) -> None:
        self._meters = meters
        self._standing = standing

    def collect(self) -> Iterator[Metric]:
        yield from self._meters.collect()
        yield from self._standing


def _of_database(figures: Figures, services: Iterable[str], now: datetime) -> Iterator[Metric]:
    jobs = GaugeMetricFamily("sora_jobs", "Unended jobs.", labels=["state", "service"])
    for (state, service), count in sorted(figures.jobs.items()):
        jobs.add_metric([state, service], count)
    waiting = GaugeMetricFamily("sora_jobs_queued", "Queued jobs, by why they wait.", labels=["waiting"])
    for why, count in sorted(figures.waiting.items()):
        waiting.add_metric([why], count)
    oldest = GaugeMetricFamily(
        "sora_oldest_job_age_seconds", "How long the longest in this state has been in it.", labels=["state"]
    )
    for state, since in sorted(figures.oldest_since.items()):
        oldest.add_metric([state], max(0.0, (now - since).total_seconds()))
    behind = GaugeMetricFamily("sora_cards_behind", "Cards that do not show yet what is so.", figures.cards_behind)
    states = GaugeMetricFamily("sora_circuit_state", "1 for the state it is in.", labels=["service", "state"])
    for service in services:
        known = figures.circuits.get(service)
        now_in = known.state if known is not None else CircuitState.CLOSED
        for each in CircuitState:
            states.add_metric([service, each.value], int(each is now_in))
    yield from (jobs, waiting, oldest, behind, states)


def _weight_of(directory: Path) -> tuple[int, int]:
    """Blocking. Bytes in use below it, and free around it. Files may go while they are counted."""
    used = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            try:
                used += os.lstat(os.path.join(folder, name)).st_size
            except FileNotFoundError:
                continue
    return used, shutil.disk_usage(directory).free
