"""Looks at services now and then without paying: their own free check, and their status page.

One process at a time looks at one service: who moves the service's due time on in the database may. A healthy service
is looked at every few minutes; one that fails or is out, every quarter of a minute, so that it is out after a minute
of failing looks, and back as soon as its cool-off is over.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.catalogue.model import Tier
from bot.clock import Clock
from bot.providers.errors import BY_KIND, AuthFailed, ProviderError, QuotaExhausted, Retired, TimedOut
from bot.upstreams.circuit import Circuit, CircuitState
from bot.upstreams.pages import PageReport
from bot.upstreams.registry import Registry, Upstream
from bot.upstreams.router import model_circuit
from bot.upstreams.status_pages import PageReader

_log = logging.getLogger(__name__)

TICK_S = 5.0
CALM_S = 180.0
WORRIED_S = 15.0
OPERATOR_S = 300.0
"""While only an operator can mend it."""
LONG_OUT_S = 60.0
LONG_OUT_AFTER = timedelta(minutes=10)
WORRIED_FOR = timedelta(minutes=5)
RETIRED_S = 3600.0
PAGE_S = 300.0
PAGE_WORRIED_S = 60.0
TIDY_S = 3600.0
JITTER = 0.1
LOOK_MAX_S = 25.0

CHECK, PAGE, TIDY = "check", "page", "tidy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """When somebody should look next, as the database's own clock has it."""

    due_in_s: float
    token: str
    """What is compared when the turn is taken."""
    has_passed: bool
    """A free check has passed here before."""


class ProbeBook(Protocol):
    """The rows behind looking; implemented by `store`. Every method is one transaction."""

    async def turns(self, *, now: datetime) -> Mapping[str, Turn]: ...

    async def take(self, name: str, turn: Turn | None, *, every_s: float, now: datetime) -> bool:
        """Move the due time on, compared and set. False: somebody else did."""

    async def passed(self, name: str, *, now: datetime) -> None: ...

    async def page_seen(self, upstream: str, report: PageReport, *, now: datetime) -> None: ...

    async def forget(self, *, now: datetime) -> None:
        """What is older than anybody asks for."""

    async def configured(self, names: frozenset[str], *, now: datetime) -> None:
        """End the incidents of what is not in the settings any more: nobody would ever see them end.

        `names`: of circuits that may be.
        """


class Looked(Protocol):
    """Where the outcome of a free check goes; implemented by `store`."""

    async def circuits(self) -> Mapping[str, Circuit]: ...

    async def looked(
        self, upstream: str, *, error_kind: str | None, response_ms: int | None, has_passed: bool, now: datetime
    ) -> None: ...


class Prober:
    def __init__(
        self,
        *,
        registry: Registry,
        healths: Looked,
        book: ProbeBook,
        pages: PageReader,
        clock: Clock,
        luck: Callable[[], float] = random.random,
    ) -> None:
        """`luck`: 0 to 1, spreads the looks."""
        self._upstreams = [each for each in registry.upstreams if each.tier is not Tier.PREVIEW]
        self._names = frozenset(
            name
            for each in registry.upstreams
            for name in (each.name, *(model_circuit(each.name, model.name) for model in each.models))
        )
        self._healths = healths
        self._book = book
        self._pages = pages
        self._clock = clock
        self._luck = luck

    async def run(self) -> None:
        """For as long as the bot runs. A database that is away costs looks, never the bot."""
        anew = True
        while True:
            try:
                if anew:
                    await self._book.configured(self._names, now=self._clock.now())
                    anew = False
                await self.once()
            except Exception:  # noqa: BLE001 - whatever it is, the next look may go well
                _log.exception("services could not be looked at")
            await self._clock.sleep(TICK_S)

    async def once(self) -> None:
        """Look at whatever is due, all at the same time."""
        now = self._clock.now()
        circuits, turns = await self._healths.circuits(), await self._book.turns(now=now)
        async with asyncio.TaskGroup() as looks:
            for upstream in self._upstreams:
                circuit = circuits.get(upstream.name)
                if await self._is_mine(f"{upstream.name}/{CHECK}", turns, every_s(circuit, now), now):
                    turn = turns.get(f"{upstream.name}/{CHECK}")
                    looks.create_task(self._check(upstream, has_passed=turn is not None and turn.has_passed))
                if upstream.protocol.status_page is not None:
                    worried = circuit is not None and not circuit.is_closed
                    pause_s = PAGE_WORRIED_S if worried else PAGE_S
                    if await self._is_mine(f"{upstream.name}/{PAGE}", turns, pause_s, now):
                        looks.create_task(self._page(upstream))
        if await self._is_mine(TIDY, turns, TIDY_S, now):
            await self._book.forget(now=now)

    async def _is_mine(self, name: str, turns: Mapping[str, Turn], pause_s: float, now: datetime) -> bool:
        """Due, or further away than it should be: things got worse since, or another's clock wrote it."""
        turn = turns.get(name)
        most_s = pause_s * (1 + JITTER)
        if turn is not None and 0 < turn.due_in_s <= most_s:
            return False
        spread_s = pause_s * (1 + JITTER * (2 * self._luck() - 1))
        return await self._book.take(name, turn, every_s=spread_s, now=now)

    async def _check(self, upstream: Upstream, *, has_passed: bool) -> None:
        begun = asyncio.get_running_loop().time()
        kind: str | None = None
        try:
            async with asyncio.timeout(LOOK_MAX_S):
                await upstream.provider.check()
        except TimeoutError:
            kind = TimedOut.kind
        except ProviderError as error:
            kind = error.kind
        except Exception:  # noqa: BLE001 - our own mistake says nothing about the service, nor about all others
            _log.exception("a check broke", extra={"service": upstream.name})
            return
        took_ms = round((asyncio.get_running_loop().time() - begun) * 1000)
        await self._told(
            self._healths.looked(
                upstream.name,
                error_kind=kind,
                response_ms=took_ms,
                has_passed=has_passed,
                now=self._clock.now(),
            )
        )
        if kind is None and not has_passed:
            await self._told(self._book.passed(f"{upstream.name}/{CHECK}", now=self._clock.now()))

    async def _page(self, upstream: Upstream) -> None:
        page = upstream.protocol.status_page
        if page is None:
            return
        report = await self._pages.read(page)
        if report is not None:
            await self._told(self._book.page_seen(upstream.name, report, now=self._clock.now()))

    async def _told(self, write: Awaitable[None]) -> None:
        try:
            await write
        except Exception:  # noqa: BLE001 - a database that is away costs this look, not those beside it
            _log.exception("what a look saw could not be kept")


def every_s(circuit: Circuit | None, now: datetime) -> float:
    """How often to check a service, by how it stands."""
    if circuit is None:
        return CALM_S
    match circuit.state:
        case CircuitState.CLOSED:
            worried = circuit.failed_at is not None and now - circuit.failed_at <= WORRIED_FOR
            return WORRIED_S if worried else CALM_S
        case CircuitState.HALF_OPEN:
            return LONG_OUT_S
        case CircuitState.OPEN:
            error = BY_KIND.get(circuit.reason)
            if error is Retired:
                return RETIRED_S
            if error in {AuthFailed, QuotaExhausted}:
                return OPERATOR_S
            return WORRIED_S if now - circuit.since <= LONG_OUT_AFTER else LONG_OUT_S
