"""What the settings mean to the rooms: dollars become micro-dollars, addresses become functions."""

import socket
from collections.abc import Callable
from datetime import timedelta

from bot.clock import Clock, NewId
from bot.config import Settings
from bot.jobs import workflow
from bot.jobs.card_facts import Moved
from bot.jobs.rooms import MovedAway
from bot.jobs.service import Rules
from bot.quota.limits import Limit, ScopeKind
from bot.quota.periods import Span
from bot.store.engine import open_engine
from bot.store.postgres import is_postgres
from bot.upstreams.incidents import Incidents
from bot.upstreams.registry import Upstream
from bot.web.app import webhook_url

ENGINE_BUSY_MS = 30_000
AGAIN_WINDOW = timedelta(minutes=2)
"""Who orders the same once more within it is asked whether that is meant."""


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


def rules_of(settings: Settings) -> Rules:
    return Rules(
        confirm_above_usd_micros=round(settings.confirm_above_usd * 1_000_000),
        running_max=settings.running_max,
        queued_max=settings.queued_max,
        again_window=AGAIN_WINDOW,
        time_zone=settings.time_zone,
    )


def risk_below_usd_micros(settings: Settings) -> int:
    return round(settings.retry_unknown_below_usd * 1_000_000)


def moves_counted(incidents: Incidents, clock: Clock) -> MovedAway:
    """A job that left a service belongs to what is wrong there, with what it costs more elsewhere."""

    async def counted(moved: Moved) -> None:
        extra = max(0, moved.usd_micros - moved.usd_micros_before)
        model = moved.from_model
        await incidents.moved(moved.from_upstream, extra_usd_micros=extra, now=clock.now(), model=model)

    return counted


def name_of_process(settings: Settings, new_id: NewId) -> str:
    """Always the same on a file, so that its next holder goes on with the stories of the last; else never the same."""
    return f"{socket.gethostname()}-{new_id()[:8]}" if is_postgres(settings.database_url) else "local"


def engine_settings(settings: Settings, me: str) -> workflow.EngineSettings:
    url = settings.database_url
    ours = None if is_postgres(url) else open_engine(url, busy_timeout_ms=ENGINE_BUSY_MS, isolation_level="IMMEDIATE")
    return workflow.EngineSettings(url=url, engine=ours, executor_id=me, running_max=settings.running_max)


def webhook_urls(settings: Settings) -> Callable[[Upstream, str], str | None]:
    def address(upstream: Upstream, token: str) -> str | None:
        """Where this attempt's service may call back; None: it does not, or nobody reaches us from outside."""
        if not (settings.public_url and upstream.webhook):
            return None
        return webhook_url(settings.public_url, upstream.name, token)

    return address
