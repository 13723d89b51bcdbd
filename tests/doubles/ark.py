"""A local Ark: tasks that wait, run and end by an injected clock, a list with filters, DELETE with its two meanings.

Its judge is byteplus-python-sdk-v2 3.0.63 (tests/providers/test_ark_double.py).
"""

import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from doubles.local_service import LocalService

from bot.clock import Clock

TASKS = "/api/v3/contents/generations/tasks"
MODEL = re.compile(r"(dreamina|doubao)-seedance-2-[05](-fast|-mini)?-\d{6}")
WORDS = {
    "resolution": {"480p", "720p", "1080p", "4k"},
    "ratio": {"16:9", "4:3", "1:1", "3:4", "9:16", "21:9", "adaptive"},
}
REPEATED = ("seed", "resolution", "ratio", "duration", "generate_audio", "safety_identifier", "service_tier")
KEPT_S = 7 * 24 * 3600


@dataclass(slots=True, kw_only=True)
class Task:
    id: str
    asked: dict[str, Any]
    created_at: float
    error: dict[str, str] | None
    is_cancelled: bool = False


class LocalArk(LocalService):
    def __init__(self, *, key: str, clock: Clock, film: bytes) -> None:
        super().__init__(key=key, clock=clock, film=film)
        self.queue_s, self.render_s = 10.0, 60.0
        self.tasks: dict[str, Task] = {}
        self.errors: list[dict[str, str] | None] = []
        """How the next tasks end, in order; None and empty: with a video."""

    @property
    def base_url(self) -> str:
        return f"{self.origin}/api/v3"

    def refused(self) -> web.Response:
        return problem(401, "AuthenticationError", "The API key in the request is missing or invalid.")

    async def create(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        if (wrong := _wrong(asked)) is not None:
            return wrong
        task = Task(
            id=f"cgt-20261121-{secrets.token_hex(4)}",
            asked=asked,
            created_at=self.clock.now().timestamp(),
            error=self.errors.pop(0) if self.errors else None,
        )
        self.tasks[task.id] = task
        return web.json_response({"id": task.id}, headers={"X-Request-Id": f"021{task.id}"})

    async def get(self, request: web.Request) -> web.StreamResponse:
        task = self.tasks.get(request.match_info["id"])
        return unknown() if task is None else web.json_response(self.shown(task))

    async def delete(self, request: web.Request) -> web.StreamResponse:
        task = self.tasks.get(request.match_info["id"])
        if task is None:
            return unknown()
        match self.status(task):
            case "queued":
                task.is_cancelled = True
            case "running" | "cancelled":
                return problem(409, "InvalidAction", "The task cannot be deleted now.")
            case _:
                del self.tasks[task.id]
        return web.json_response({})

    async def list(self, request: web.Request) -> web.StreamResponse:
        wanted, status = request.query.getall("filter.task_ids", []), request.query.get("filter.status")
        now = self.clock.now().timestamp()
        shown = [
            self.shown(each)
            for each in sorted(self.tasks.values(), key=lambda task: -task.created_at)
            if now - each.created_at < KEPT_S
            and (not wanted or each.id in wanted)
            and (status is None or self.status(each) == status)
        ]
        size = int(request.query.get("page_size", 10))
        first = (int(request.query.get("page_num", 1)) - 1) * size
        return web.json_response({"total": len(shown), "items": shown[first : first + size]})

    def status(self, task: Task) -> str:
        age_s = self.clock.now().timestamp() - task.created_at
        if task.is_cancelled:
            return "cancelled"
        if age_s < self.queue_s:
            return "queued"
        if age_s < self.queue_s + self.render_s:
            return "running"
        return "failed" if task.error else "succeeded"

    def shown(self, task: Task) -> dict[str, Any]:
        status = self.status(task)
        repeated = {name: task.asked[name] for name in REPEATED if task.asked.get(name) is not None}
        times = {"created_at": int(task.created_at), "updated_at": int(self.clock.now().timestamp())}
        told = {"id": task.id, "model": task.asked["model"], "status": status, **times, **repeated}
        if status == "failed":
            return told | {"error": task.error}
        if status == "succeeded":
            usage = {"completion_tokens": 108_900, "total_tokens": 108_900}
            return told | {"content": {"video_url": f"{self.origin}/film.mp4"}, "usage": usage, "framespersecond": 24}
        return told


def problem(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message, "param": "", "type": ""}}, status=status)


def unknown() -> web.Response:
    return problem(404, "ResourceNotFound", "The specified task is not found.")


def _wrong(asked: dict[str, Any]) -> web.Response | None:
    """What Ark would say to a request that it does not take; None when it does."""
    if not MODEL.fullmatch(str(asked.get("model"))):
        return problem(404, "InvalidEndpointOrModel.NotFound", "The model does not exist.")
    kinds = [each.get("type") for each in asked.get("content", [])]
    if "text" not in kinds or set(kinds) - {"text", "image_url", "video_url", "audio_url", "draft_task"}:
        return problem(400, "InvalidParameter", "content")
    for picture in (each for each in asked["content"] if each["type"] == "image_url"):
        if not re.match(r"https?://|data:image/(jpeg|png|webp);base64,[A-Za-z0-9+/]", picture["image_url"]["url"]):
            return problem(400, "InvalidParameter", "image_url")
    for name, words in WORDS.items():
        if asked.get(name) is not None and asked[name] not in words:
            return problem(400, "InvalidParameter", name)
    longest = 30 if "-2-5-" in asked["model"] else 15
    duration = asked.get("duration")
    if duration is not None and not (isinstance(duration, int) and (duration == -1 or 4 <= duration <= longest)):
        return problem(400, "InvalidParameter", "duration")
    return None


@asynccontextmanager
async def running_ark(*, key: str, clock: Clock, film: bytes) -> AsyncIterator[LocalArk]:
    ark = LocalArk(key=key, clock=clock, film=film)
    routes = [
        web.post(TASKS, ark.door("create", ark.create)),
        web.get(TASKS, ark.door("list", ark.list)),
        web.get(f"{TASKS}/{{id}}", ark.door("get", ark.get)),
        web.delete(f"{TASKS}/{{id}}", ark.door("delete", ark.delete)),
        web.get("/film.mp4", ark.door("file", ark.file, public=True)),
    ]
    async with ark.serving(routes):
        yield ark
