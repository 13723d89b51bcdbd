"""A local double of fal's queue: submit, status, result, cancel, signed webhooks, and the shapes its failures have.

Its judge is the real fal-client 1.0.3 (tests/demo/test_demo_fal_client.py). A render advances by being looked at, so
no test waits: `looks_in_queue` looks say IN_QUEUE, `looks_in_progress` more say IN_PROGRESS, then it is COMPLETED,
whichever way it ends.
"""

import asyncio
import base64
import hashlib
import json
import secrets
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession, web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bot.clock import Clock
from bot.demo.fal_endings import CANCELLED, VIDEO, Answer, Dial, Drop, Ending, Operation, Silence

USER_ID = "github|4242"
BODY_BYTES_MAX = 64 * 1024 * 1024


@dataclass(slots=True, kw_only=True)
class FalRender:
    """One request in the queue."""

    request_id: str
    endpoint_id: str
    arguments: dict[str, Any]
    headers: Mapping[str, str]
    webhook_url: str | None
    ending: Ending
    looks_left_in_queue: int
    looks_left_in_progress: int
    is_done: bool = False
    cancel_asked: bool = False

    @property
    def app_path(self) -> str:
        """Owner and alias without the sub-path: what the returned URLs keep of an endpoint id."""
        return "/".join(self.endpoint_id.split("/")[:2])

    def look(self) -> str:
        if self.looks_left_in_queue > 0:
            self.looks_left_in_queue -= 1
            return "IN_QUEUE"
        if self.looks_left_in_progress > 0:
            self.looks_left_in_progress -= 1
            return "IN_PROGRESS"
        self.is_done = True
        return "COMPLETED"


@dataclass(slots=True, kw_only=True)
class FalQueue:
    """The running service: what it was told, and the knobs for what comes next."""

    key: str
    clock: Clock
    film: bytes
    base_url: str = ""
    advertised_url: str = ""
    """Origin of the URLs it returns; a hostile answer is played by setting another one."""
    looks_in_queue: int = 1
    looks_in_progress: int = 1
    dial: Dial = field(default_factory=Dial)
    calls: Counter[Operation] = field(default_factory=Counter)
    endings: list[Ending] = field(default_factory=list)
    """How the next renders end, in order; empty: with a video."""
    renders: dict[str, FalRender] = field(default_factory=dict)
    file_headers: list[Mapping[str, str]] = field(default_factory=list)
    signing_key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    def rotate_signing_key(self) -> None:
        self.signing_key = Ed25519PrivateKey.generate()

    def jwks(self) -> dict[str, Any]:
        """An older key first: a verifier has to try every one."""
        return {"keys": [_jwk(Ed25519PrivateKey.generate()), _jwk(self.signing_key)]}

    def webhook(self, render: FalRender) -> tuple[dict[str, str], bytes]:
        """Headers and body of the delivery that says how a render ended, signed now."""
        body = json.dumps(self._event(render)).encode()
        return self.signed(render.request_id, body), body

    def signed(self, request_id: str, body: bytes) -> dict[str, str]:
        timestamp = str(int(self.clock.now().timestamp()))
        message = "\n".join([request_id, USER_ID, timestamp, hashlib.sha256(body).hexdigest()])
        return {
            "Content-Type": "application/json",
            "X-Fal-Webhook-Request-Id": request_id,
            "X-Fal-Webhook-User-Id": USER_ID,
            "X-Fal-Webhook-Timestamp": timestamp,
            "X-Fal-Webhook-Signature": self.signing_key.sign(message.encode()).hex(),
        }

    async def deliver(self, render: FalRender) -> int:
        """Finish a render and post its webhook; the status code that came back."""
        if render.webhook_url is None:
            raise ValueError(f"{render.request_id} was submitted without fal_webhook")
        render.looks_left_in_queue = render.looks_left_in_progress = 0
        render.is_done = True
        headers, body = self.webhook(render)
        async with ClientSession() as session, session.post(render.webhook_url, data=body, headers=headers) as answer:
            return answer.status

    def _event(self, render: FalRender) -> dict[str, Any]:
        ending = render.ending
        event: dict[str, Any] = {"request_id": render.request_id, "gateway_request_id": render.request_id}
        if ending.is_good:
            return event | {"status": "OK", "payload": self.result(render)}
        words = ending.error or f"Invalid status code: {ending.result_status}"
        return event | {"status": "ERROR", "error": words, "payload": ending.result_body}

    def result(self, render: FalRender) -> object:
        if render.ending.result_body is not None:
            return render.ending.result_body
        url = f"{self.advertised_url}/files/{render.request_id}/output.mp4"
        video = {"url": url, "content_type": "video/mp4", "file_name": "output.mp4", "file_size": len(self.film)}
        return {"video": video, "seed": 42}

    def urls(self, render: FalRender) -> dict[str, str]:
        base = f"{self.advertised_url}/{render.app_path}/requests/{render.request_id}"
        return {"response_url": base, "status_url": f"{base}/status", "cancel_url": f"{base}/cancel"}


@asynccontextmanager
async def running_fal(
    *, key: str, clock: Clock, film: bytes, tls: ssl.SSLContext | None = None
) -> AsyncIterator[FalQueue]:
    """Serve on a free port of 127.0.0.1. fal-client speaks https alone: give it `tls`."""
    fal = FalQueue(key=key, clock=clock, film=film)
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
    doors = _Doors(fal)
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


class _Doors:
    """One handler for each call of the queue API."""

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
        self, operation: Operation, request: web.Request, work: Any, *, public: bool = False
    ) -> web.StreamResponse:
        """Refuse a wrong key, play a planned fault, else do the work."""
        self._fal.calls[operation] += 1
        await request.read()
        if not public and request.headers.get("Authorization") != f"Key {self._fal.key}":
            return web.json_response({"detail": "Cannot access application. Authentication is required."}, status=401)
        fault = self._fal.dial.take(operation)
        match fault:
            case Answer():
                if fault.processed:
                    await work(request)
                return _as_told(fault)
            case Drop():
                if fault.processed:
                    await work(request)
                if request.transport is not None:
                    request.transport.close()
                return web.Response()
            case Silence():
                await asyncio.Event().wait()
        answer: web.StreamResponse = await work(request)
        return answer

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
        return web.json_response(self._fal.jwks())

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


def _jwk(key: Ed25519PrivateKey) -> dict[str, str]:
    public = key.public_key().public_bytes_raw()
    return {"kty": "OKP", "crv": "Ed25519", "x": base64.urlsafe_b64encode(public).rstrip(b"=").decode()}
