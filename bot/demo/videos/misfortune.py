"""The layer every call passes: it writes the journal and lets faults and switches happen to the answer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, assert_never

from aiohttp import hdrs, web

from bot.clock import Clock, NewId
from bot.demo.faults import Delay, Drop, Kill, Silence, cut
from bot.demo.videos.book import Book
from bot.demo.videos.calls import Call, Calls, Operation
from bot.demo.videos.dialects.dialect import Dialect, Refusal
from bot.demo.videos.faults import Fault, Faults, Html, OtherJson, Status, WireFault
from bot.demo.videos.switches import Switch

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
FAULT: Final = web.RequestKey("fault", object)
"""A fault the handler itself has to act out."""
_OPERATIONS: Final = {
    ("POST", "/v1/videos"): Operation.CREATE,
    ("GET", "/v1/videos"): Operation.LIST,
    ("GET", "/v1/videos/{id}"): Operation.RETRIEVE,
    ("DELETE", "/v1/videos/{id}"): Operation.DELETE,
    ("GET", "/v1/videos/{id}/content"): Operation.CONTENT,
    ("GET", "/files/{token}.mp4"): Operation.CONTENT,
    ("GET", "/v1/models"): Operation.MODELS,
}
_PAGE = "<!doctype html><html><head><title>Gateway</title></head><body><h1>Something else</h1></body></html>"


class Misfortune:
    """An aiohttp middleware. `closing` ends the silences when the service stops."""

    def __init__(
        self, *, clock: Clock, new_id: NewId, dialect: Dialect, book: Book, calls: Calls, faults: Faults
    ) -> None:
        self._clock = clock
        self._new_id = new_id
        self._dialect = dialect
        self._book = book
        self._calls = calls
        self._faults = faults
        self.closing = asyncio.Event()

    @web.middleware
    async def handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        call = await self._noted(request)
        fault = self._faults.take(call.operation)
        if fault is not None:
            call.fault = type(fault).__name__
        try:
            response = await self._answer(request, handler, call, fault)
        except ConnectionError:
            call.outcome = "the client left"
            raise
        if call.outcome == "under way":
            call.outcome, call.status = "answered", response.status
        if not response.prepared:
            response.headers["x-request-id"] = f"req_{self._new_id()}"
        return response

    async def _noted(self, request: web.Request) -> Call:
        resource = request.match_info.route.resource
        place = (request.method, resource.canonical if resource is not None else "")
        headers = dict(request.headers)
        if hdrs.AUTHORIZATION in headers:
            headers[hdrs.AUTHORIZATION] = headers[hdrs.AUTHORIZATION].partition(" ")[0]
        call = Call(
            operation=_OPERATIONS.get(place, Operation.OTHER),
            method=request.method,
            path=request.path_qs,
            at=self._clock.now(),
            headers=headers,
            body=await request.read(),
        )
        self._calls.add(call)
        return call

    async def _answer(
        self, request: web.Request, handler: Handler, call: Call, fault: Fault | None
    ) -> web.StreamResponse:
        if self._book.switch.latency_s:
            await self._clock.sleep(self._book.switch.latency_s)
        if self._book.switch is Switch.ERRORS:
            return self._instead(Status(code=503))
        if isinstance(fault, WireFault):
            return await self._spoiled(request, handler, call, fault)
        if fault is not None:
            request[FAULT] = fault
        loses = call.operation is Operation.CREATE and self._book.switch is Switch.LOSE
        response = await self._worked(request, handler)
        if loses and response.status < 400:
            call.outcome = "processed, then cut"
            return cut(request)
        return response

    async def _spoiled(
        self, request: web.Request, handler: Handler, call: Call, fault: WireFault
    ) -> web.StreamResponse:
        match fault:
            case Status() | Html() | OtherJson():
                if fault.processed:
                    await self._worked(request, handler)
                return self._instead(fault)
            case Drop(processed=processed):
                if processed:
                    await self._worked(request, handler)
                call.outcome = "processed, then cut" if processed else "cut"
                return cut(request)
            case Silence(processed=processed):
                if processed:
                    await self._worked(request, handler)
                call.outcome = "processed, then silent" if processed else "silent"
                await self.closing.wait()
                return cut(request)
            case Delay(seconds=seconds):
                await self._clock.sleep(seconds)
                return await self._worked(request, handler)
            case Kill():
                await self._worked(request, handler)
                call.outcome = "processed, then killed"
                await fault.struck()
                return cut(request)
            case _:
                assert_never(fault)

    async def _worked(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refusal as refusal:
            return web.json_response(self._dialect.error(refusal), status=refusal.status)
        except web.HTTPException as error:
            status = 404 if error.status == 405 else error.status
            words = Refusal(status, f"Invalid URL ({request.method} {request.path})")
            return web.json_response(self._dialect.error(words), status=status)

    def _instead(self, fault: Status | Html | OtherJson) -> web.Response:
        match fault:
            case Html(code=code):
                return web.Response(status=code, text=_PAGE, content_type="text/html")
            case OtherJson(body=body):
                return web.json_response(body)
            case Status(code=code, body=str(page), headers=headers):
                return web.Response(status=code, text=page, content_type="text/html", headers=headers)
            case Status(code=code, body=body, headers=headers):
                words = self._dialect.error(Refusal(code, f"HTTP {code}")) if body is None else body
                return web.json_response(words, status=code, headers=headers)
            case _:
                assert_never(fault)
