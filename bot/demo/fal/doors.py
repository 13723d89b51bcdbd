"""The addresses of fal's queue API, a handler each."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, assert_never

from aiohttp import web

from bot.demo.fal.endings import CANCELLED, VIDEO
from bot.demo.fal.faults import Answer, Operation
from bot.demo.fal.queue import FalQueue, FalRender
from bot.demo.faults import Drop, Silence, cut

Work = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Doors:
    """Every call is counted, its key checked and its planned fault played before it is worked on."""

    def __init__(self, fal: FalQueue) -> None:
        self._fal = fal

    async def submit(self, request: web.Request) -> web.StreamResponse:
        return await self._played(Operation.SUBMIT, request, self._submitted)

    async def status(self, request: web.Request) -> web.StreamResponse:
        return await self._played(Operation.STATUS, request, self._status)

    async def result(self, request: web.Request) -> web.StreamResponse:
        return await self._played(Operation.RESULT, request, self._result)

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        return await self._played(Operation.CANCEL, request, self._cancelled)

    async def pricing(self, request: web.Request) -> web.StreamResponse:
        return await self._played(Operation.PRICING, request, self._pricing)

    async def keys(self, request: web.Request) -> web.StreamResponse:
        return await self._played(Operation.KEYS, request, self._keys, public=True)

    async def file(self, request: web.Request) -> web.StreamResponse:
        return await self._played(Operation.FILE, request, self._file, public=True)

    async def _played(
        self, operation: Operation, request: web.Request, work: Work, *, public: bool = False
    ) -> web.StreamResponse:
        """Refuse a wrong key, play a planned fault, else do the work."""
        self._fal.calls[operation] += 1
        await request.read()
        if not public and request.headers.get("Authorization") != f"Key {self._fal.key}":
            return web.json_response({"detail": "Cannot access application. Authentication is required."}, status=401)
        fault = self._fal.faults.take(operation)
        if fault is not None and fault.processed:
            await work(request)
        match fault:
            case None:
                return await work(request)
            case Answer():
                return _as_told(fault)
            case Silence():
                await asyncio.Event().wait()
            case Drop():
                pass
            case _:
                assert_never(fault)
        return cut(request)

    async def _submitted(self, request: web.Request) -> web.StreamResponse:
        fal = self._fal
        try:
            arguments = await request.json()
        except ValueError:
            return web.json_response({"detail": "Request body is not valid JSON"}, status=422)
        render = FalRender(
            request_id=f"{secrets.token_hex(4)}-{secrets.token_hex(2)}-4{secrets.token_hex(8)}",
            endpoint_id=request.match_info["endpoint_id"],
            arguments=arguments,
            headers=dict(request.headers),
            webhook_url=request.query.get("fal_webhook"),
            ending=fal.endings.pop(0) if fal.endings else VIDEO,
            looks_left_in_queue=fal.looks_in_queue,
            looks_left_in_progress=fal.looks_in_progress,
        )
        fal.renders[render.request_id] = render
        body = {
            "status": "IN_QUEUE",
            "request_id": render.request_id,
            "gateway_request_id": render.request_id,
            "queue_position": 0,
        }
        return web.json_response(body | fal.urls(render), headers={"x-fal-request-id": render.request_id})

    async def _status(self, request: web.Request) -> web.StreamResponse:
        render = self._render(request)
        if render is None:
            return _gone()
        logs = [{"message": "step 1/20", "level": "INFO"}] if request.query.get("logs") in {"1", "true"} else None
        body: dict[str, Any] = {"request_id": render.request_id, **self._fal.urls(render)}
        word = render.look()
        if word == "IN_QUEUE":
            return web.json_response(body | {"status": word, "queue_position": render.looks_left_in_queue}, status=202)
        body |= {"status": word, "logs": logs}
        if word == "IN_PROGRESS":
            return web.json_response(body, status=202)
        body["metrics"] = {"inference_time": 12.5}
        if render.ending.error:
            body |= {"error": render.ending.error, "error_type": render.ending.error_type}
        return web.json_response(body)

    async def _result(self, request: web.Request) -> web.StreamResponse:
        render = self._render(request)
        if render is None:
            return _gone()
        if not render.is_done:
            return web.json_response({"detail": "Request is still in progress"}, status=400)
        ending = render.ending
        headers = {"x-fal-request-id": render.request_id, **ending.result_headers}
        return web.json_response(self._fal.result(render), status=ending.result_status, headers=headers)

    async def _cancelled(self, request: web.Request) -> web.StreamResponse:
        """fal's four words: removed from the queue, asked of the runner, too late, unknown."""
        render = self._render(request)
        if render is None:
            return web.json_response({"status": "NOT_FOUND"}, status=404)
        if render.is_done:
            return web.json_response({"status": "ALREADY_COMPLETED"}, status=400)
        render.cancel_asked = True
        if render.looks_left_in_queue == 0:
            return web.json_response({"status": "CANCELLATION_REQUESTED"}, status=202)
        render.looks_left_in_queue = render.looks_left_in_progress = 0
        render.ending, render.is_done = CANCELLED, True
        return web.json_response({"status": "OK"})

    async def _pricing(self, request: web.Request) -> web.StreamResponse:
        price = {
            "endpoint_id": request.query.get("endpoint_id", ""),
            "unit_price": 0.08,
            "unit": "seconds",
            "currency": "USD",
        }
        return web.json_response({"prices": [price], "has_more": False, "next_cursor": None})

    async def _keys(self, _: web.Request) -> web.StreamResponse:
        return web.json_response(self._fal.seal.jwks())

    async def _file(self, request: web.Request) -> web.StreamResponse:
        self._fal.file_headers.append(dict(request.headers))
        return web.Response(body=self._fal.film, content_type="video/mp4")

    def _render(self, request: web.Request) -> FalRender | None:
        render = self._fal.renders.get(request.match_info["request_id"])
        app_path = f"{request.match_info['owner']}/{request.match_info['alias']}"
        return render if render is not None and render.app_path == app_path else None


def _as_told(answer: Answer) -> web.StreamResponse:
    if isinstance(answer.body, str):
        return web.Response(text=answer.body, status=answer.status, headers=answer.headers, content_type="text/html")
    return web.json_response(answer.body, status=answer.status, headers=answer.headers)


def _gone() -> web.StreamResponse:
    return web.json_response({"detail": "Request not found"}, status=404)
