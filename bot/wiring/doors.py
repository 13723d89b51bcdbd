"""Where the world comes in: the port, Slack's entrance, the page of numbers, and what a start says about them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.typedefs import Handler
from slack_bolt.async_app import AsyncApp

from bot.observing.availability import Availability
from bot.observing.exposition import Exposition
from bot.slack.entrance import entrance
from bot.slack.sockets import Sockets, opened_sockets
from bot.store.figures import StoredFigures
from bot.web.app import build_web
from bot.web.metrics import metrics_page
from bot.wiring.ground import Ground
from bot.wiring.listeners import Listeners
from bot.wiring.loops import Life
from bot.wiring.upstreams import Upstreams
from bot.wiring.videos import Videos
from bot.wiring.workshop import Workshop


@asynccontextmanager
async def slack_sockets(ground: Ground, app: AsyncApp) -> AsyncIterator[Sockets | None]:
    """None: Slack comes by HTTP."""
    if ground.settings.slack_app_token is None:
        yield None
        return
    app_token = ground.settings.slack_app_token.get_secret_value()
    async with opened_sockets(app, app_token=app_token, clock=ground.clock) as sockets:
        yield sockets


@asynccontextmanager
async def opened_port(
    ground: Ground, upstreams: Upstreams, workshop: Workshop, listeners: Listeners, videos: Videos, life: Life
) -> AsyncIterator[int]:
    """The port is the one really taken (0 lets the system choose)."""
    site = build_web(
        entrance=_slack_entrance(ground, listeners.app),
        desk=videos.webhooks,
        readiness=life.readiness,
        metrics=_numbers(ground, upstreams, workshop, life.availability),
    )
    async with _listening(site, ground.settings.host, ground.settings.port) as port:
        yield port


def greeting(ground: Ground, upstreams: Upstreams, port: int, *, code: str | None) -> tuple[str, ...]:
    """`code` makes the first admin; None: there is one."""
    settings, registry = ground.settings, upstreams.registry
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


@asynccontextmanager
async def _listening(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


def _slack_entrance(ground: Ground, app: AsyncApp) -> Handler | None:
    """None: Slack comes by Socket Mode."""
    settings = ground.settings
    secret = settings.slack_signing_secret
    if settings.slack_app_token is not None or secret is None:
        return None
    return entrance(app, signing_secret=secret.get_secret_value(), clock=ground.clock)


def _numbers(ground: Ground, upstreams: Upstreams, workshop: Workshop, availability: Availability) -> Handler | None:
    """The page of numbers; without a token there is none."""
    settings = ground.settings
    if settings.metrics_token is None:
        return None
    exposition = Exposition(
        meters=ground.watch.meters,
        figures=StoredFigures(ground.store).look,
        availability=availability.look,
        services=[each.name for each in upstreams.registry.upstreams],
        spool=settings.spool,
        threads=workshop.threads,
        clock=ground.clock,
    )
    return metrics_page(exposition.page, token=settings.metrics_token.get_secret_value())
