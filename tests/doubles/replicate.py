"""A local Replicate: predictions that start, run and end by an injected clock, uploads, a list that forgets inputs.

Its judge is replicate 1.0.7 (tests/providers/test_replicate_double.py). Inputs are checked against the schema that
Replicate's page shows of kwaivgi/kling-v3-video.
"""

import base64
import email
import email.policy
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiohttp import ClientSession, web
from doubles.local_service import LocalService
from jsonschema import Draft202012Validator
from standardwebhooks import Webhook

from bot.clock import Clock

MODEL = "kwaivgi/kling-v3-video"
INPUT = Draft202012Validator({
    "type": "object",
    "required": ["prompt"],
    "additionalProperties": False,
    "properties": {
        "prompt": {"type": "string", "maxLength": 2500},
        "negative_prompt": {"type": "string", "maxLength": 2500},
        "start_image": {"type": "string", "pattern": "^https?://"},
        "end_image": {"type": "string", "pattern": "^https?://"},
        "mode": {"enum": ["standard", "pro"]},
        "aspect_ratio": {"enum": ["16:9", "9:16", "1:1"]},
        "duration": {"type": "integer", "minimum": 3, "maximum": 15},
        "generate_audio": {"type": "boolean"},
        "multi_prompt": {"type": "string"},
    },
})  # fmt: skip
INPUT_KEPT = timedelta(hours=1)
PAGE = 100


@dataclass(slots=True, kw_only=True)
class Prediction:
    id: str
    input: dict[str, Any]
    created_at: datetime
    error: str | None
    webhook: str | None
    stopped_at: datetime | None = None


class LocalReplicate(LocalService):
    def __init__(self, *, key: str, clock: Clock, film: bytes) -> None:
        super().__init__(key=key, clock=clock, film=film)
        self.start_s, self.run_s = 10.0, 60.0
        self.credit_usd = 100.0
        self.secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
        self.predictions: dict[str, Prediction] = {}
        self.uploads: dict[str, bytes] = {}
        self.errors: list[str | None] = []
        """How the next predictions end, in order; None and empty: with a video."""

    def refused(self) -> web.Response:
        return problem(401, "Unauthenticated", "You did not pass a valid authentication token")

    async def create(self, request: web.Request) -> web.StreamResponse:
        if f"{request.match_info['owner']}/{request.match_info['name']}" != MODEL:
            return problem(404, "Not found", "The requested resource could not be found.")
        asked = await request.json()
        wrong = [
            f"- input.{'.'.join(map(str, each.path))}: {each.message}" for each in INPUT.iter_errors(asked["input"])
        ]
        if wrong or set(asked) - {"input", "webhook", "webhook_events_filter", "stream"}:
            return problem(422, "Input validation failed", "\n".join(wrong) or "unknown field")
        if self.credit_usd <= 0:
            return problem(402, "Insufficient credit", "You have insufficient credit to run this model.")
        made = Prediction(
            id=secrets.token_hex(13),
            input=asked["input"],
            created_at=self.clock.now(),
            error=self.errors.pop(0) if self.errors else None,
            webhook=asked.get("webhook"),
        )
        self.predictions[made.id] = made
        return web.json_response(self.shown(made), status=201)

    async def get(self, request: web.Request) -> web.StreamResponse:
        known = self.predictions.get(request.match_info["id"])
        return unknown() if known is None else web.json_response(self.shown(known))

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        known = self.predictions.get(request.match_info["id"])
        if known is None:
            return unknown()
        if self.age_s(known) < self.start_s + self.run_s and known.stopped_at is None:
            known.stopped_at = self.clock.now()
        return web.json_response(self.shown(known))

    async def list(self, request: web.Request) -> web.StreamResponse:
        newest_first = sorted(self.predictions.values(), key=lambda each: each.created_at, reverse=True)
        first = int(request.query.get("cursor", 0))
        following = first + PAGE
        base = f"{self.origin}/v1/predictions"
        return web.json_response({
            "previous": f"{base}?cursor={first - PAGE}" if first else None,
            "next": f"{base}?cursor={following}" if following < len(newest_first) else None,
            "results": [self.shown(each) for each in newest_first[first:following]],
        })  # fmt: skip

    async def upload(self, request: web.Request) -> web.StreamResponse:
        kind, body = request.headers["Content-Type"], await request.read()
        form = email.message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body, policy=email.policy.HTTP)
        parts = {each.get_param("name", header="content-disposition"): each for each in form.iter_parts()}
        part = parts["content"]
        name = secrets.token_hex(8)
        self.uploads[name] = part.get_payload(decode=True)
        return web.json_response(
            {
                "id": name,
                "name": part.get_filename(),
                "content_type": part.get_content_type(),
                "size": len(self.uploads[name]),
                "etag": "x",
                "checksums": {},
                "metadata": {},
                "created_at": self.clock.now().isoformat(),
                "expires_at": (self.clock.now() + timedelta(hours=24)).isoformat(),
                "urls": {"get": f"{self.origin}/v1/files/{name}"},
            },
            status=201,
        )

    async def account(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"type": "organization", "username": "acme", "name": "Acme", "github_url": None})

    async def webhook_secret(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"key": self.secret})

    def event(self, prediction: Prediction) -> tuple[dict[str, str], bytes]:
        """A delivery as Replicate signs it: headers and body."""
        body, now, event_id = json.dumps(self.shown(prediction)), self.clock.now(), f"msg_{prediction.id}"
        signature = Webhook(self.secret).sign(event_id, now, body)
        stamp = str(int(now.timestamp()))
        return {"webhook-id": event_id, "webhook-timestamp": stamp, "webhook-signature": signature}, body.encode()

    async def deliver(self, prediction: Prediction) -> int:
        headers, body = self.event(prediction)
        async with ClientSession() as session:
            async with session.post(str(prediction.webhook), data=body, headers=headers) as answer:
                return answer.status

    def age_s(self, prediction: Prediction) -> float:
        return (self.clock.now() - prediction.created_at).total_seconds()

    def shown(self, prediction: Prediction) -> dict[str, Any]:
        ends_at = prediction.created_at + timedelta(seconds=self.start_s + self.run_s)
        starts_at = prediction.created_at + timedelta(seconds=self.start_s)
        now = prediction.stopped_at or self.clock.now()
        is_over = prediction.stopped_at is not None or now >= ends_at
        is_removed = is_over and self.clock.now() - ends_at > INPUT_KEPT
        shown: dict[str, Any] = {
            "id": prediction.id,
            "model": MODEL,
            "version": "hidden",
            "input": {} if is_removed else prediction.input,
            "output": None,
            "logs": "",
            "error": None,
            "data_removed": is_removed,
            "metrics": {},
            "created_at": prediction.created_at.isoformat(),
            "started_at": starts_at.isoformat() if now >= starts_at else None,
            "completed_at": min(now, ends_at).isoformat() if is_over else None,
            "urls": {"get": f"{self.origin}/v1/predictions/{prediction.id}"},
            "status": "processing" if now >= starts_at else "starting",
        }
        if prediction.stopped_at is not None:
            return shown | {"status": "canceled"}
        if not is_over:
            share = int((now - starts_at).total_seconds() / self.run_s * 100)
            return shown | ({"logs": f"{share:3d}%|##  | {share}/100"} if now >= starts_at else {})
        if prediction.error is not None:
            return shown | {"status": "failed", "error": prediction.error}
        return shown | {"status": "succeeded", "output": None if is_removed else f"{self.origin}/film.mp4"}


def problem(status: int, title: str, detail: str) -> web.Response:
    body = {"title": title, "detail": detail, "status": status}
    return web.json_response(body, status=status, content_type="application/problem+json")


def unknown() -> web.Response:
    return problem(404, "Not found", "The requested resource could not be found.")


@asynccontextmanager
async def running_replicate(*, key: str, clock: Clock, film: bytes) -> AsyncIterator[LocalReplicate]:
    local = LocalReplicate(key=key, clock=clock, film=film)
    routes = [
        web.post("/v1/models/{owner}/{name}/predictions", local.door("create", local.create)),
        web.get("/v1/predictions", local.door("list", local.list)),
        web.get("/v1/predictions/{id}", local.door("get", local.get)),
        web.post("/v1/predictions/{id}/cancel", local.door("cancel", local.cancel)),
        web.post("/v1/files", local.door("upload", local.upload)),
        web.get("/v1/account", local.door("account", local.account)),
        web.get("/v1/webhooks/default/secret", local.door("secret", local.webhook_secret)),
        web.get("/film.mp4", local.door("file", local.file, public=True)),
    ]
    async with local.serving(routes):
        yield local
