"""The local fal on a port of this machine."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from bot.clock import Clock
from bot.demo.fal.doors import Doors
from bot.demo.fal.queue import FalQueue
from bot.demo.fal.seal import Seal

BODY_BYTES_MAX = 64 * 1024 * 1024


@asynccontextmanager
async def running_fal(
    *, key: str, clock: Clock, film: bytes, tls: ssl.SSLContext | None = None
) -> AsyncIterator[FalQueue]:
    """Serve on a free port of 127.0.0.1. fal-client speaks https alone: give it `tls`."""
    fal = FalQueue(key=key, seal=Seal(clock), film=film)
    runner = web.AppRunner(_application(fal), shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        port = runner.addresses[0][1]
        fal.base_url = fal.advertised_url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        yield fal
    finally:
        await runner.cleanup()


def _application(fal: FalQueue) -> web.Application:
    doors = Doors(fal)
    application = web.Application(client_max_size=BODY_BYTES_MAX)
    application.add_routes(
        [
            web.get("/.well-known/jwks.json", doors.keys),
            web.get("/v1/models/pricing", doors.pricing),
            web.get("/files/{request_id}/{name}", doors.file),
            web.get("/{owner}/{alias}/requests/{request_id}/status", doors.status),
            web.put("/{owner}/{alias}/requests/{request_id}/cancel", doors.cancel),
            web.get("/{owner}/{alias}/requests/{request_id}", doors.result),
            web.post("/{endpoint_id:.+}", doors.submit),
        ]
    )
    return application
