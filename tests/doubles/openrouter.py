"""A local OpenRouter: jobs that wait, run and end by an injected clock, a bill, two doors to the file, signed webhooks.

Its judge is openrouter 1.3.84 (tests/providers/test_openrouter_double.py).
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from doubles.local_service import LocalService

from bot.clock import Clock

ROOT = "/api/v1"
MODELS: dict[str, dict[str, Any]] = {
    "minimax/hailuo-3-max": {
        "supported_durations": [5, 6, 7, 8, 9, 10],
        "supported_resolutions": ["768p", "480p"],
        "supported_aspect_ratios": ["21:9", "16:9", "4:3", "1:1"],
        "supported_frame_images": ["first_frame", "last_frame"],
        "pricing_skus": {"duration_seconds_480p": "0.05", "duration_seconds_768p": "0.08"},
    },
    "x-ai/grok-imagine-video": {
        "supported_durations": list(range(1, 16)),
        "supported_resolutions": ["480p", "720p"],
        "supported_aspect_ratios": ["16:9", "9:16", "1:1"],
        "supported_frame_images": ["first_frame"],
        "pricing_skus": {"cents_per_video_output_second_480p": "5", "cents_per_video_output_second_720p": "7"},
    },
}
SUPPORTED = {
    "duration": "supported_durations",
    "resolution": "supported_resolutions",
    "aspect_ratio": "supported_aspect_ratios",
}


@dataclass(slots=True, kw_only=True)
class Job:
    id: str
    asked: dict[str, Any]
    created_at: float
    error: str


class LocalOpenRouter(LocalService):
    def __init__(self, *, key: str, clock: Clock, film: bytes, webhook_secret: str) -> None:
        super().__init__(key=key, clock=clock, film=film)
        self.queue_s, self.render_s = 5.0, 60.0
        self.webhook_secret = webhook_secret
        self.has_copy = True
        """Whether OpenRouter keeps a copy of its own, and so a signed address."""
        self.jobs: dict[str, Job] = {}
        self.errors: list[str] = []
        """How the next jobs end, in order; "" and empty: with a video."""

    @property
    def base_url(self) -> str:
        return f"{self.origin}{ROOT}"

    def refused(self) -> web.Response:
        return problem(401, "No auth credentials found")

    async def create(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        if (wrong := _wrong(asked)) is not None:
            return wrong
        job = Job(
            id=f"gen-vid-{int(self.clock.now().timestamp())}-{secrets.token_hex(10)}",
            asked=asked,
            created_at=self.clock.now().timestamp(),
            error=self.errors.pop(0) if self.errors else "",
        )
        self.jobs[job.id] = job
        return web.json_response(self.shown(job), status=202)

    async def get(self, request: web.Request) -> web.StreamResponse:
        job = self.jobs.get(request.match_info["id"])
        return problem(404, "Job not found") if job is None else web.json_response(self.shown(job))

    async def content(self, request: web.Request) -> web.StreamResponse:
        job = self.jobs.get(request.match_info["id"])
        if job is None:
            return problem(404, "Job not found")
        if self.status(job) != "completed":
            return problem(409, "Job is not completed")
        return await self.file(request)

    async def models(self, _request: web.Request) -> web.StreamResponse:
        unsaid = ("creativity", "generate_audio", "seed", "supported_sizes", "upscale_factor")
        named = dict.fromkeys(unsaid) | {"allowed_passthrough_parameters": [], "created": 1_700_000_000}
        listed = [named | model | {"id": name, "canonical_slug": name, "name": name} for name, model in MODELS.items()]
        return web.json_response({"data": listed})

    async def about_key(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response({"data": {"label": "sk-or-..."}})

    def webhook(self, job: Job) -> tuple[dict[str, str], bytes]:
        """Headers and body as OpenRouter's own page of webhooks has them, signed now."""
        status = self.status(job)
        event = {"type": f"video.generation.{status}", "data": {"id": job.id, "status": status}}
        body, sent = json.dumps(event).encode(), str(int(self.clock.now().timestamp()))
        seal = hmac.new(self.webhook_secret.encode(), sent.encode() + b"," + body, hashlib.sha256).hexdigest()
        named = {"X-OpenRouter-Signature": f"t={sent},v1={seal}", "X-OpenRouter-Idempotency-Key": secrets.token_hex(8)}
        return named | {"Content-Type": "application/json"}, body

    def status(self, job: Job) -> str:
        age_s = self.clock.now().timestamp() - job.created_at
        if age_s < self.queue_s:
            return "pending"
        if age_s < self.queue_s + self.render_s:
            return "in_progress"
        return "failed" if job.error else "completed"

    def shown(self, job: Job) -> dict[str, Any]:
        status = self.status(job)
        told: dict[str, Any] = {"id": job.id, "polling_url": f"{ROOT}/videos/{job.id}", "status": status}
        if status == "failed":
            return told | {"error": job.error}
        if status == "completed":
            told |= {"unsigned_urls": [f"{self.base_url}/videos/{job.id}/content?index=0"]}
            told |= {"usage": {"cost": 0.08 * job.asked["duration"], "is_byok": False}}
            if self.has_copy:
                told |= {"urls": [f"{self.origin}/film.mp4?seal=1"], "expires_at": int(job.created_at) + 86_400}
        return told


def problem(status: int, message: str) -> web.Response:
    return web.json_response({"error": {"code": status, "message": message, "metadata": None}}, status=status)


def _wrong(asked: dict[str, Any]) -> web.Response | None:
    """What OpenRouter would say to a request that it does not take; None when it does."""
    model = MODELS.get(str(asked.get("model")))
    if model is None:
        return problem(404, "No endpoints found")
    for name, supported in SUPPORTED.items():
        if asked.get(name) is not None and asked[name] not in model[supported]:
            return problem(400, f"{name} {asked[name]} is not supported by this model")
    frames = {each["frame_type"] for each in asked.get("frame_images") or []}
    if not frames <= set(model["supported_frame_images"]) or not asked.get("prompt"):
        return problem(400, "prompt or frame_images")
    if not str(asked.get("callback_url") or "https://").startswith("https://"):
        return problem(400, "callback_url must be HTTPS")
    return None


@asynccontextmanager
async def running_openrouter(
    *, key: str, clock: Clock, film: bytes, webhook_secret: str
) -> AsyncIterator[LocalOpenRouter]:
    local = LocalOpenRouter(key=key, clock=clock, film=film, webhook_secret=webhook_secret)
    routes = [
        web.post(f"{ROOT}/videos", local.door("create", local.create)),
        web.get(f"{ROOT}/videos/models", local.door("models", local.models, public=True)),
        web.get(f"{ROOT}/videos/{{id}}", local.door("get", local.get)),
        web.get(f"{ROOT}/videos/{{id}}/content", local.door("content", local.content)),
        web.get(f"{ROOT}/key", local.door("key", local.about_key)),
        web.get("/film.mp4", local.door("file", local.file, public=True)),
    ]
    async with local.serving(routes):
        yield local
