"""Routes. What stands behind them is handed in."""

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.jobs.webhooks import Heard, WebhookDesk
from bot.providers.base import WebhookChallenge
from bot.web.health import Readiness

WEBHOOK_BYTES_MAX = 1024 * 1024


def build_web(
    *, entrance: Handler | None, desk: WebhookDesk, readiness: Readiness, metrics: Handler | None = None
) -> web.Application:
    """`entrance` is Slack's POST route; None in Socket Mode. `metrics`: None where nobody may see the numbers."""
    app = web.Application(client_max_size=WEBHOOK_BYTES_MAX)
    app.router.add_get("/healthz", _alive)
    app.router.add_get("/readyz", readiness.answer)
    if metrics is not None:
        app.router.add_get("/metrics", metrics)
    hear = _hearing(desk)
    app.router.add_post("/webhooks/{service}", hear)
    app.router.add_post("/webhooks/{service}/{token}", hear)
    if entrance is not None:
        app.router.add_post("/slack/events", entrance)
    return app


def webhook_url(public_url: str, service: str, token: str) -> str:
    return f"{public_url.rstrip('/')}/webhooks/{service}/{token}"


async def _alive(_request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


def _hearing(desk: WebhookDesk) -> Handler:
    async def hear(request: web.Request) -> web.Response:
        body = await request.read()
        heard = await desk.hear(
            request.match_info["service"], request.match_info.get("token", ""), request.headers, body
        )
        if isinstance(heard, WebhookChallenge):
            return web.json_response(text=heard.answer)
        # Known events get the same answer as new ones: a service must not learn to send again.
        return web.Response(status=404 if heard is Heard.REFUSED else 200)

    return hear
