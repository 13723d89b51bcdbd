"""A local Interactions API of Google's, as far as videos need it. Renders by the clock it is given.

As strict as Google is known to be (provider facts 5.3): fields it does not know, a duration without its "s" and an
input of another form are refused; without `background` a POST would stay open, which is a 400 here.
"""

import base64
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aiohttp import ClientSession, web
from standardwebhooks import Webhook

from bot.clock import Clock

FIELDS = {"model", "background", "store", "input", "response_format", "generation_config", "webhook_config"}
FORMAT = {"type", "aspect_ratio", "resolution", "duration", "delivery"}
RESOLUTIONS = {"360p", "720p", "1080p", "4k"}
MODELS = ("gemini-omni-1.1-flash", "gemini-omni-1.2-flash")


@dataclass(kw_only=True)
class Interaction:
    id: str
    request: dict[str, Any]
    created: datetime
    ending: str
    """completed | words (a refusal in words) | failed"""
    cancelled: bool = False


@dataclass(kw_only=True)
class GeminiDouble:
    key: str
    clock: Clock
    film: bytes
    webhook_secret: str = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes....").decode()
    queue_s: float = 5
    render_s: float = 30
    ending: str = "completed"
    base_url: str = ""
    interactions: dict[str, Interaction] = field(default_factory=dict)
    faults: list[tuple[str, int, Any]] = field(default_factory=list)
    """(method and beginning of the path, status, body) for the next request that fits; status 0 drops the line after
    the request was carried out."""
    asked: list[str] = field(default_factory=list)
    _count: Any = field(default_factory=lambda: itertools.count(1))

    def shown(self, interaction: Interaction) -> dict[str, Any]:
        age = self.clock.now() - interaction.created
        shown: dict[str, Any] = {
            "id": interaction.id,
            "object": "interaction",
            "model": interaction.request["model"],
            "created": interaction.created.isoformat(),
            "updated": self.clock.now().isoformat(),
            "status": "in_progress" if age >= timedelta(seconds=self.queue_s) else "queued",
        }
        if interaction.cancelled:
            return shown | {"status": "cancelled", "usage": {"total_output_tokens": 0}}
        if age < timedelta(seconds=self.queue_s + self.render_s):
            return shown
        if interaction.ending == "failed":
            return shown | {"status": "failed", "errors": [{"code": "type.googleapis.com/INTERNAL", "message": "lost"}]}
        made = interaction.ending == "completed"
        film = {"type": "video", "uri": f"{self.base_url}/v1beta/files/{interaction.id}", "mime_type": "video/mp4"}
        said = {"type": "text", "text": "I cannot make this video."}
        tokens = {"modality": "video" if made else "text", "tokens": 5792 if made else 9}
        return shown | {
            "status": "completed",
            "steps": [{"type": "model_output", "content": [film if made else said]}],
            "usage": {"total_output_tokens": tokens["tokens"], "output_tokens_by_modality": [tokens]},
        }

    def event(self, interaction: Interaction, kind: str = "interaction.completed") -> tuple[dict[str, str], bytes]:
        """A delivery as Google signs it: headers and body."""
        now, event_id = self.clock.now(), f"msg_{interaction.id}"
        body = json.dumps({"type": kind, "version": "v1", "timestamp": now.isoformat(), "data": {"id": interaction.id}})
        signature = Webhook(self.webhook_secret).sign(event_id, now, body)
        stamp = str(int(now.timestamp()))
        headers = {"webhook-id": event_id, "webhook-timestamp": stamp, "webhook-signature": signature}
        return headers, body.encode()

    async def deliver(self, interaction: Interaction, url: str) -> int:
        headers, body = self.event(interaction)
        async with ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
            return answer.status

    async def serve(self, request: web.Request) -> web.StreamResponse:
        line = f"{request.method} {request.path_qs}"
        self.asked.append(line)
        fault = next((each for each in self.faults if line.startswith(each[0])), None)
        if fault is not None:
            self.faults.remove(fault)
            if fault[1]:
                return _told(fault[1], fault[2])
        if request.headers.get("x-goog-api-key") != self.key:
            return _told(400, [{"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT"}}])
        answer = await self._answer(request)
        if fault is not None and request.transport is not None:
            request.transport.abort()
        return answer

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        match [request.method, *request.path.strip("/").split("/")]:
            case ["GET", "v1beta", "models"]:
                return _told(200, {"models": [{"name": f"models/{each}"} for each in MODELS]})
            case ["POST", "v1beta", "interactions"]:
                return self._created(await request.json())
            case ["GET", "v1beta", "files", name] if name.endswith(":download"):
                known = name.removesuffix(":download") in self.interactions
                return web.Response(body=self.film, content_type="video/mp4") if known else _told(404, "gone")
            case [method, "v1beta", "interactions", name, *rest] if (found := self.interactions.get(name)) is not None:
                if (method, rest) == ("POST", ["cancel"]):
                    found.cancelled = self.shown(found)["status"] in {"queued", "in_progress"}
                if method == "DELETE":
                    del self.interactions[name]
                    return _told(200, {})
                return _told(200, self.shown(found))
        return _told(400, {"error": {"code": "invalid_request", "message": "Invalid interaction name"}})

    def _created(self, request: dict[str, Any]) -> web.Response:
        wrong = _wrong(request)
        if wrong:
            return _told(400, {"error": {"code": "invalid_request", "message": wrong}})
        interaction = Interaction(
            id=f"v1_{next(self._count)}", request=request, created=self.clock.now(), ending=self.ending
        )
        self.interactions[interaction.id] = interaction
        return _told(200, self.shown(interaction))


def _wrong(request: dict[str, Any]) -> str:
    """What Google would refuse, in words; "" for a good request."""
    wanted = request.get("response_format", {})
    if unknown := (set(request) - FIELDS) | (set(wanted) - FORMAT):
        return f"Unknown fields {sorted(unknown)}"
    if request.get("model") not in MODELS:
        return "Unknown model"
    if request.get("background") is not True:
        return "a video would keep this request open"
    duration = str(wanted.get("duration", ""))
    if not (duration.endswith("s") and duration[:-1].isdecimal() and 3 <= int(duration[:-1]) <= 10):
        return "Invalid value at 'response_format.duration'"
    if wanted.get("aspect_ratio") not in {"16:9", "9:16"} or wanted.get("resolution") not in RESOLUTIONS:
        return "Invalid value at 'response_format'"
    told = request.get("input")
    parts = [{"type": "text", "text": told}] if isinstance(told, str) else told
    if not isinstance(parts, list) or not any(each.get("type") == "text" and each.get("text") for each in parts):
        return "Invalid value at 'input'"
    return "" if all(base64.b64decode(each.get("data", ""), validate=True) is not None for each in parts) else "data"


def _told(status: int, body: Any) -> web.Response:
    return web.json_response(body, status=status)


@asynccontextmanager
async def running_gemini(*, key: str, clock: Clock, film: bytes) -> AsyncIterator[GeminiDouble]:
    """Serve on a free port of 127.0.0.1."""
    double = GeminiDouble(key=key, clock=clock, film=film)
    application = web.Application(client_max_size=32 * 1024 * 1024)
    application.router.add_route("*", "/{path:.*}", double.serve)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        double.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield double
    finally:
        await runner.cleanup()
