"""`GET /metrics`: the numbers, for whoever has the token.

The port is often open to the world (Slack, webhooks), and a proxy on the same machine makes every caller look local: so
neither an address nor a path protects, and without a token there is no such page at all.
"""

import hmac
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Handler

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Exposition = Callable[[], Awaitable[bytes]]
"""The numbers in Prometheus's text format. Never raises: what cannot be had is left out."""


def metrics_page(exposition: Exposition, *, token: str) -> Handler:
    expected = f"Bearer {token}".encode()

    async def answer(request: web.Request) -> web.Response:
        said = request.headers.get("Authorization", "").encode(errors="surrogateescape")
        if not hmac.compare_digest(said, expected):
            return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"})
        return web.Response(body=await exposition(), headers={"Content-Type": CONTENT_TYPE})

    return answer
