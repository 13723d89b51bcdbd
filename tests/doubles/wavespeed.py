"""A local WaveSpeedAI: predictions by an injected clock, uploads, signed webhooks. wavespeed 2.0.5 is its judge."""

import email
import hashlib
import hmac
import json
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from doubles.local_service import LocalService

from bot.clock import Clock

COMMON = {"prompt", "duration", "seed", "image", "last_image", "negative_prompt"}
FIELDS: Mapping[str, set[str]] = {
    "alibaba/wan-2.6/text-to-video": COMMON | {"audio", "size", "shot_type", "enable_prompt_expansion"},
    "alibaba/wan-2.6/image-to-video": COMMON | {"audio", "resolution", "shot_type", "enable_prompt_expansion"},
    "bytedance/seedance-v1.5-pro/text-to-video": COMMON
    | {"aspect_ratio", "resolution", "generate_audio", "camera_fixed"},
    "bytedance/seedance-v1.5-pro/image-to-video": COMMON
    | {"aspect_ratio", "resolution", "generate_audio", "camera_fixed"},
    "google/veo3.1-fast/text-to-video": COMMON | {"aspect_ratio", "resolution", "generate_audio"},
    "google/veo3.1-fast/image-to-video": COMMON | {"aspect_ratio", "resolution", "generate_audio"},
}
"""By model, as the vendor's own skills list them; what is not in the list is refused."""
ALLOWED: Mapping[str, set[Any]] = {
    "size": {"1280*720", "720*1280", "1920*1080", "1080*1920"},
    "resolution": {"480p", "720p", "1080p", "4k"},
    "aspect_ratio": {"21:9", "16:9", "4:3", "1:1", "3:4", "9:16"},
    "generate_audio": {True, False},
    "duration": set(range(4, 16)),
}
SECRET = "whsec_c2VjcmV0LW9mLXRoZS1kb3VibGU="


@dataclass(slots=True, kw_only=True)
class Prediction:
    model: str
    input: dict[str, Any]
    webhook: str | None
    created_at: datetime
    failure: tuple[int, str] | None


@dataclass(slots=True, kw_only=True)
class Media:
    """Files that were uploaded, by their names."""

    content: dict[str, bytes] = field(default_factory=dict)


class LocalWaveSpeed(LocalService):
    def __init__(self, *, key: str, clock: Clock, film: bytes) -> None:
        super().__init__(key=key, clock=clock, film=film)
        self.wait_s, self.render_s, self.balance = 10.0, 60.0, 156.78
        self.predictions: dict[str, Prediction] = {}
        self.media = Media()
        self.failures: list[tuple[int, str]] = []
        """How the next predictions fail, (code, words), in order; none left: with a video."""

    def refused(self) -> web.Response:
        return problem(401, "Unauthorized")

    async def create(self, request: web.Request) -> web.StreamResponse:
        model, asked = request.match_info["model"], await request.json()
        if model not in FIELDS:
            return problem(404, "model not found")
        if wrong := _wrong(model, asked):
            return problem(400, wrong, code=1401)
        failure = self.failures.pop(0) if self.failures else None
        if "image" in asked and asked["image"].removeprefix(f"{self.origin}/media/") not in self.media.content:
            failure = (1402, "Failed to download image from the provided URL.")
        prediction_id = uuid.uuid4().hex
        self.predictions[prediction_id] = Prediction(
            model=model,
            input=asked,
            webhook=request.query.get("webhook"),
            created_at=self.clock.now(),
            failure=failure,
        )
        return well(self.shown(prediction_id))

    async def result(self, request: web.Request) -> web.StreamResponse:
        prediction_id = request.match_info["id"]
        if prediction_id not in self.predictions:
            return problem(404, "Task not found")
        return well(self.shown(prediction_id))

    async def told_balance(self, _request: web.Request) -> web.StreamResponse:
        return well({"balance": self.balance})

    async def upload(self, request: web.Request) -> web.StreamResponse:
        head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
        parts = email.message_from_bytes(
            head + await request.read()
        ).walk()  # the door has read the body: no multipart()
        part = next((each for each in parts if each.get_param("name", header="Content-Disposition") == "file"), None)
        content = part.get_payload(decode=True) if part is not None else None
        if part is None or not isinstance(content, bytes):
            return problem(400, "file is required", code=1400)
        url = self._kept(content)
        return well({"type": "image", "download_url": url, "filename": part.get_filename(), "size": len(content)})

    async def ticket(self, request: web.Request) -> web.StreamResponse:
        """How the package uploads: an address to put the bytes to, and the link that they will have."""
        asked = await request.json()
        if not {"filename", "size"} <= asked.keys():
            return problem(400, "filename and size are required", code=1400)
        url = self._kept(b"")
        name = url.rpartition("/")[2]
        put = {"method": "PUT", "url": f"{self.origin}/put/{name}", "headers": {}}
        return well({"upload": put, "download_url": url})

    async def put(self, request: web.Request) -> web.StreamResponse:
        self.media.content[request.match_info["name"]] = await request.read()
        return web.Response()

    def shown(self, prediction_id: str) -> dict[str, Any]:
        """A prediction as a look shows it at this moment."""
        made = self.predictions[prediction_id]
        age_s = (self.clock.now() - made.created_at).total_seconds()
        status = "created" if age_s < self.wait_s else "processing"
        record = {
            "id": prediction_id,
            "model": made.model,
            "outputs": [],
            "urls": {"get": f"{self.origin}/api/v3/predictions/{prediction_id}/result"},
            "status": status,
            "created_at": made.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f123Z"),
            "error": "",
        }
        if age_s < self.wait_s + self.render_s:
            return record
        if made.failure is not None:
            code, words = made.failure
            return record | {"status": "failed", "code": code, "error": words}
        return record | {"status": "completed", "outputs": [f"{self.origin}/film.mp4"], "has_nsfw_contents": [False]}

    def delivery(self, prediction_id: str) -> tuple[dict[str, str], bytes]:
        """Headers and body of its webhook, sealed at this moment."""
        body = json.dumps(self.shown(prediction_id) | {"input": self.predictions[prediction_id].input}).encode()
        event_id, sent = uuid.uuid4().hex, str(int(self.clock.now().timestamp()))
        key = SECRET.removeprefix("whsec_").encode()
        seal = hmac.new(key, f"{event_id}.{sent}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {"webhook-id": event_id, "webhook-timestamp": sent, "webhook-signature": f"v3,{seal}"}
        return headers, body

    def _kept(self, content: bytes) -> str:
        name = f"{uuid.uuid4().hex}.jpg"
        self.media.content[name] = content
        return f"{self.origin}/media/{name}"


def well(inner: Any) -> web.Response:
    return web.json_response({"code": 200, "message": "success", "data": inner})


def problem(status: int, message: str, *, code: int | None = None) -> web.Response:
    return web.json_response({"code": code or status, "message": message}, status=status)


def _wrong(model: str, asked: Mapping[str, Any]) -> str:
    if not asked.get("prompt"):
        return "prompt is required"
    if ("image" in asked) != model.endswith("image-to-video"):
        return "image is required" if model.endswith("image-to-video") else "image is not a parameter"
    if unknown := asked.keys() - FIELDS[model]:
        return f"unknown parameter {sorted(unknown)[0]}"
    return next((f"{name} is invalid" for name, may in ALLOWED.items() if name in asked and asked[name] not in may), "")


@asynccontextmanager
async def running_wavespeed(*, key: str, clock: Clock, film: bytes) -> AsyncIterator[LocalWaveSpeed]:
    service = LocalWaveSpeed(key=key, clock=clock, film=film)
    routes = [
        web.get("/api/v3/balance", service.door("balance", service.told_balance)),
        web.post("/api/v3/media/upload/binary", service.door("upload", service.upload)),
        web.post("/api/v3/media/uploads", service.door("ticket", service.ticket)),
        web.put("/put/{name}", service.door("put", service.put, public=True)),
        web.get("/api/v3/predictions/{id}/result", service.door("result", service.result)),
        web.post("/api/v3/{model:.+}", service.door("create", service.create)),
        web.get("/film.mp4", service.door("file", service.file, public=True)),
    ]
    async with service.serving(routes):
        yield service
