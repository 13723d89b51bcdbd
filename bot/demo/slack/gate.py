"""Every request of the app passes here: written down, given its bad luck, and only then worked on."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from bot.demo.faults import Delay, Drop, Kill, Silence, cut
from bot.demo.slack.faults import Fault, Page, RateLimited, Refuse
from bot.demo.slack.journal import Call
from bot.demo.slack.refusals import Refusal
from bot.demo.slack.world import World

Work = Callable[[], Awaitable[web.StreamResponse]]
HTML = "<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>"


class Gate:
    def __init__(self, world: World) -> None:
        self._world = world
        self.closing = asyncio.Event()

    async def through(self, request: web.Request, method: str, args: dict[str, Any], work: Work) -> web.StreamResponse:
        """Do the work with whatever the dial has planned for it."""
        call = Call(method=method, args=args, at=self._world.clock.now())
        self._world.calls.made.append(call)
        fault = self._world.faults.take(method)
        try:
            if fault is None:
                return await self._worked(call, work)
            call.outcome = type(fault).__name__
            return await self._unlucky(request, call, fault, work)
        finally:
            self._world.feed.wake()

    async def _unlucky(self, request: web.Request, call: Call, fault: Fault, work: Work) -> web.StreamResponse:
        match fault:
            case RateLimited(retry_after_s=seconds):
                return rate_limited(seconds)
            case Delay(seconds=seconds):
                await self._world.clock.sleep(seconds)
                return await self._worked(call, work)
            case Kill():
                await self._done(call, work)
                await fault.struck()
            case Refuse() | Page() | Drop() | Silence():
                if fault.processed:
                    await self._done(call, work)
        match fault:
            case Refuse(code=code):
                return web.json_response({"ok": False, "error": code})
            case Page(status=status):
                return web.Response(status=status, text=HTML, content_type="text/html")
            case Silence():
                await self.closing.wait()
        return cut(request)

    async def _done(self, call: Call, work: Work) -> None:
        """The work without its answer; a refusal of the work is swallowed too."""
        try:
            answer = await work()
        except Refusal:
            return
        call.processed = answer.status < 400

    async def _worked(self, call: Call, work: Work) -> web.StreamResponse:
        try:
            answer = await work()
        except Refusal as no:
            call.outcome = no.code
            return web.json_response({"ok": False, "error": no.code, **no.more})
        call.outcome, call.processed = "ok", answer.status < 400
        if not call.processed:
            call.outcome = str(answer.status)
        return answer


def rate_limited(seconds: int) -> web.Response:
    headers = {"Retry-After": str(seconds)}
    return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)
