"""Where the world comes in: the port, Slack's entrance, the page of numbers, and what a start says about them."""

from collections.abc import AsyncIterator
from concurrent.futures import Executor
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.typedefs import Handler
from slack_bolt.async_app import AsyncApp

from bot.clock import Clock
from bot.config import Settings
from bot.observing.availability import Availability
from bot.observing.exposition import Exposition
from bot.observing.watch import Watch
from bot.slack.entrance import entrance
from bot.slack.sockets import Sockets, opened_sockets
from bot.store.figures import StoredFigures
from bot.upstreams.registry import Registry
from bot.web.metrics import metrics_page


@asynccontextmanager
async def listening(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Serve the application; the port is the one really taken (0 lets the system choose)."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


def slack_entrance(settings: Settings, app: AsyncApp, clock: Clock) -> Handler | None:
    """None: Slack comes by Socket Mode."""
    secret = settings.slack_signing_secret
    if settings.slack_app_token is not None or secret is None:
        return None
    return entrance(app, signing_secret=secret.get_secret_value(), clock=clock)


@asynccontextmanager
async def slack_sockets(settings: Settings, app: AsyncApp, clock: Clock) -> AsyncIterator[Sockets | None]:
    """None: Slack comes by HTTP."""
    if settings.slack_app_token is None:
        yield None
        return
    app_token = settings.slack_app_token.get_secret_value()
    async with opened_sockets(app, app_token=app_token, clock=clock) as sockets:
        yield sockets


def numbers(
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


def greeting(settings: Settings, registry: Registry, port: int, *, code: str | None) -> tuple[str, ...]:
    """`code` makes the first admin; None: there is one."""
    way = "Socket Mode" if settings.slack_app_token is not None else f"HTTP, POST /slack/events on port {port}"
    lines = [f"sora-bot serves {settings.command} by {way}. Health: http://127.0.0.1:{port}/readyz"]
    if registry.preview_only:
        lines.append("No video service is set up: the built-in preview draws animatics. `sora-bot setup` adds one.")
    else:
        lines.append("Services: " + ", ".join(each.label for each in registry.upstreams))
    if code is not None:
        typed = f"{settings.command} admin {code}"
        lines.append(f"No admin is known. In Slack, type {typed} to become it (works for a day).")
    return tuple(lines)
