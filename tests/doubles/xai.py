"""A local xAI: deferred videos by an injected clock, 202 while they wait, refusals that look like success.

Unjudged: xai-sdk speaks gRPC alone.
"""

import re
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from aiohttp import web
from doubles.local_service import LocalService

from bot.clock import Clock

RESOLUTIONS = {
    "grok-imagine-video": {"480p", "720p"},
    "grok-imagine-video-1.5": {"480p", "720p", "1080p"},
    "grok-imagine-video-1.5-lite": {"480p", "720p", "1080p"},
}
RATIOS = {"1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3"}
PROMPT_BYTES_MAX = 4096
TICKS = 3_500_000_000


class Ending(StrEnum):
    VIDEO = "video"
    HIDDEN_REFUSAL = "hidden refusal"
    REFUSAL = "refusal"
    EXPIRED = "expired"


@dataclass(slots=True, kw_only=True)
class Deferred:
    asked: dict[str, Any]
    created_at: float
    ending: Ending


class LocalXAI(LocalService):
    def __init__(self, *, key: str, clock: Clock, film: bytes) -> None:
        super().__init__(key=key, clock=clock, film=film)
        self.wait_s, self.render_s = 10.0, 60.0
        self.requests: dict[str, Deferred] = {}
        self.endings: list[Ending] = []
        """How the next videos end, in order; none left: with a video."""

    def refused(self) -> web.Response:
        return problem(400, "Client specified an invalid argument", "Incorrect API key provided: xa***yz.")

    async def create(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        if wrong := _wrong(asked):
            return problem(422, "invalid_argument", wrong)
        request_id = str(uuid.uuid4())
        ending = self.endings.pop(0) if self.endings else Ending.VIDEO
        self.requests[request_id] = Deferred(asked=asked, created_at=self.clock.now().timestamp(), ending=ending)
        return web.json_response({"request_id": request_id})

    async def get(self, request: web.Request) -> web.StreamResponse:
        deferred = self.requests.get(request.match_info["id"])
        if deferred is None:
            return problem(404, "not_found", "no such request")
        age_s = self.clock.now().timestamp() - deferred.created_at
        if age_s < self.wait_s:
            return web.Response(status=202)
        if age_s < self.wait_s + self.render_s:
            return web.json_response({"status": "pending", "progress": int(100 * age_s / 100)}, status=202)
        return web.json_response(self._ended(deferred))

    async def models(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response({"data": [{"id": name, "object": "model"} for name in RESOLUTIONS]})

    def _ended(self, deferred: Deferred) -> dict[str, Any]:
        told = {"model": deferred.asked["model"], "usage": {"cost_in_usd_ticks": TICKS}}
        length_s = deferred.asked["duration"]
        match deferred.ending:
            case Ending.VIDEO:
                video = {"url": f"{self.origin}/film.mp4", "duration": length_s, "respect_moderation": True}
                return told | {"status": "done", "video": video}
            case Ending.HIDDEN_REFUSAL:
                video = {"url": "", "duration": length_s, "respect_moderation": False}
                return told | {"status": "done", "video": video}
            case Ending.REFUSAL:
                error = {"code": "invalid_argument", "message": "Content blocked by moderation"}
                return told | {"status": "failed", "error": error}
            case Ending.EXPIRED:
                return {"status": "expired"}


def problem(status: int, code: str, words: str) -> web.Response:
    return web.json_response({"code": code, "error": words}, status=status)


def _wrong(asked: dict[str, Any]) -> str:
    """What xAI would say to a request that it does not take; "" when it does."""
    prompt, frame = asked.get("prompt", ""), asked.get("image", {}).get("url", "data:image/png;base64,A")
    checks = {
        "model": asked.get("model") in RESOLUTIONS,
        "prompt": 0 < len(prompt.encode()) <= PROMPT_BYTES_MAX,
        "duration must be between 1 and 15": asked.get("duration") in range(1, 16),
        "resolution": asked.get("resolution") in RESOLUTIONS.get(asked.get("model", ""), ()),
        "aspect_ratio": asked.get("aspect_ratio", "16:9") in RATIOS,
        "image": bool(re.match(r"https?://|data:image/(jpeg|png|webp);base64,[A-Za-z0-9+/]", frame)),
        "generate_audio": isinstance(asked.get("generate_audio", True), bool),
    }
    return next((what for what, fits in checks.items() if not fits), "")


@asynccontextmanager
async def running_xai(*, key: str, clock: Clock, film: bytes) -> AsyncIterator[LocalXAI]:
    xai = LocalXAI(key=key, clock=clock, film=film)
    routes = [
        web.post("/v1/videos/generations", xai.door("create", xai.create)),
        web.get("/v1/videos/{id}", xai.door("get", xai.get)),
        web.get("/v1/models", xai.door("models", xai.models)),
        web.get("/film.mp4", xai.door("file", xai.file, public=True)),
    ]
    async with xai.serving(routes):
        yield xai
