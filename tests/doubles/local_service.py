"""What doubles of services share: a port of this machine, one key, planned trouble, and a film to fetch."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.clock import Clock
from bot.demo.faults import Dial, Drop, Silence, cut
from bot.media.animatic import AnimaticRequest, render_animatic

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Answer with this, before or after the work. Text goes as a page, anything else as JSON."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    processed: bool = False


Fault = Answer | Drop | Silence


class LocalService:
    """One double. `faults.add("create", Drop(processed=True))` starts a render and cuts the line before the answer."""

    def __init__(self, *, key: str, clock: Clock, film: bytes) -> None:
        self.key, self.clock, self.film = key, clock, film
        self.faults: Dial[str, Fault] = Dial()
        self.calls: Counter[str] = Counter()
        self.origin = ""

    def refused(self) -> web.Response:
        """How this service answers to a wrong key."""
        raise NotImplementedError

    def has_key(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == f"Bearer {self.key}"

    def door(self, place: str, work: Handler, *, public: bool = False) -> Handler:
        """Count, look at the key, play what was planned, else do the work."""

        async def played(request: web.Request) -> web.StreamResponse:
            self.calls[place] += 1
            await request.read()
            if not public and not self.has_key(request):
                return self.refused()
            fault = self.faults.take(place)
            if fault is None:
                return await work(request)
            if fault.processed:
                await work(request)
            if isinstance(fault, Answer):
                if isinstance(fault.body, str):
                    page = fault.body
                    return web.Response(status=fault.status, text=page, content_type="text/html", headers=fault.headers)
                return web.json_response(fault.body, status=fault.status, headers=fault.headers)
            if isinstance(fault, Silence):
                await asyncio.Event().wait()
            return cut(request)

        return played

    async def file(self, _request: web.Request) -> web.StreamResponse:
        """The film, to whoever has its address."""
        return web.Response(body=self.film, content_type="video/mp4")

    @asynccontextmanager
    async def serving(self, routes: Sequence[web.RouteDef]) -> AsyncIterator[None]:
        application = web.Application(client_max_size=64 * 1024 * 1024)
        application.add_routes(routes)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield
        finally:
            await runner.cleanup()


def a_film(folder: Path) -> bytes:
    """A real MP4 of one second."""
    path = folder / "film.mp4"
    render_animatic(AnimaticRequest(prompt="a wave", length_s=1, size_px=(128, 72), audio=True, label="double"), path)
    return path.read_bytes()
