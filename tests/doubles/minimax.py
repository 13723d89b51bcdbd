"""A local MiniMax (V2): tasks that wait, run and end by an injected clock, a filtered list, a DELETE of two meanings.

MiniMax has no package for V2. litellm 1.109.1, whose pins and ours do not meet, was led through it once by hand on
2026-11-21: create, looks, list, film and a wrong key.
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

MODELS = {"MiniMax-H3": ({"768P", "2K"}, 4), "MiniMax-H3-Max": ({"480P", "768P"}, 5)}
RATIOS = {"21:9", "16:9", "4:3", "1:1", "3:4", "9:16"}
FIELDS = {"model", "content", "resolution", "duration", "ratio", "extra", "callback_url"}
KEPT_S = 7 * 24 * 3600
ERRORS = {
    400: "bad_request_error",
    401: "authorized_error",
    402: "insufficient_balance_error",
    422: "unprocessable_entity_error",
    429: "rate_limit_error",
    500: "server_error",
}


@dataclass(slots=True, kw_only=True)
class Task:
    id: str
    asked: dict[str, Any]
    created_at: float
    error: dict[str, str] | None
    is_cancelled: bool = False


class LocalMiniMax(LocalService):
    def __init__(self, *, key: str, clock: Clock, film: bytes) -> None:
        super().__init__(key=key, clock=clock, film=film)
        self.queue_s, self.render_s, self.in_flight_max = 10.0, 60.0, 30
        self.tasks: dict[str, Task] = {}
        self.errors: list[dict[str, str] | None] = []
        """How the next tasks end, in order; None and none left: with a video."""

    def refused(self) -> web.Response:
        words = "login fail: Please carry the API secret key in the 'Authorization' field of the request header"
        return problem(401, words, 1004)

    async def create(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        if wrong := _wrong(asked):
            return problem(400, f"invalid params, {wrong}", 2013)
        if sum(self.status(each) in {"queued", "running"} for each in self.tasks.values()) >= self.in_flight_max:
            return problem(429, "rate limit, please retry later", 1002)
        task = Task(
            id=str(424010985738629 + len(self.tasks)),
            asked=asked,
            created_at=self.clock.now().timestamp(),
            error=self.errors.pop(0) if self.errors else None,
        )
        self.tasks[task.id] = task
        return web.json_response({"task_id": task.id})

    async def get(self, request: web.Request) -> web.StreamResponse:
        task = self._kept().get(request.match_info["id"])
        if task is None:
            return problem(400, "invalid params, invalid task_id", 2013)
        return web.json_response({"task": self.shown(task)})

    async def list(self, request: web.Request) -> web.StreamResponse:
        wanted, size = request.query.getall("filter.task_ids", []), int(request.query.get("page_size", 20))
        met = [self.shown(each) for each in self._kept().values() if not wanted or each.id in wanted][::-1]
        first = (int(request.query.get("page_num", 1)) - 1) * size
        return web.json_response({"items": met[first : first + size], "total": len(met)})

    async def delete(self, request: web.Request) -> web.StreamResponse:
        task = self._kept().get(request.match_info["id"])
        if task is None:
            return problem(400, "record not found", 2013)
        match self.status(task):
            case "queued":
                task.is_cancelled = True
                done = "cancelled"
            case "running" | "cancelled":
                return problem(400, "task cannot be deleted now", 2013)
            case _:
                del self.tasks[task.id]
                done = "deleted"
        return web.json_response({"task_id": task.id, "action": done, "status": done})

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
        status, repeated = self.status(task), {name: task.asked[name] for name in ("model", "resolution", "duration")}
        times = {"created_at": int(task.created_at), "updated_at": int(self.clock.now().timestamp())}
        told = {"id": task.id, "status": status, "usage": {}, "task_type": "generation", **repeated, **times}
        if status == "failed":
            return told | {"error": task.error}
        if status == "succeeded":
            link = f"{self.origin}/film.mp4?sign={secrets.token_hex(8)}"
            return told | {"content": {"url": link}, "usage": {"total_seconds": task.asked["duration"]}}
        return told

    def _kept(self) -> dict[str, Task]:
        now = self.clock.now().timestamp()
        return {each.id: each for each in self.tasks.values() if now - each.created_at < KEPT_S}


def problem(status: int, message: str, code: int) -> web.Response:
    error = {"type": ERRORS[status], "message": f"{message} ({code})", "http_code": str(status)}
    return web.json_response({"type": "error", "error": error, "request_id": secrets.token_hex(16)}, status=status)


def _wrong(asked: dict[str, Any]) -> str:
    """What MiniMax would say to a request that it does not take; "" when it does."""
    resolutions, shortest_s = MODELS.get(asked.get("model", ""), (set(), 0))
    content = asked.get("content", [])
    texts = [each["text"] for each in content if each.get("type") == "text"]
    frames = [each for each in content if each.get("type") == "image_url"]
    links = [each["image_url"]["url"] for each in frames]
    checks = {
        "unknown field": set(asked) <= FIELDS,
        "model": bool(resolutions),
        "content must include a non-empty text item (prompt is required)": len(texts) == 1
        and 0 < len(texts[0]) <= 7000,
        "resolution": asked.get("resolution") in resolutions,
        "duration": asked.get("duration") in range(shortest_s, 16),
        "ratio": asked.get("ratio") == "adaptive" if frames else asked.get("ratio") in RATIOS,
        "role": all(each.get("role") == "first_frame" for each in frames) and len(frames) <= 1,
        "image_url": all(
            re.match(r"https?://|data:image/(jpeg|png|webp);base64,[A-Za-z0-9+/]", link) for link in links
        ),
    }
    return next((what for what, fits in checks.items() if not fits), "")


@asynccontextmanager
async def running_minimax(*, key: str, clock: Clock, film: bytes) -> AsyncIterator[LocalMiniMax]:
    minimax = LocalMiniMax(key=key, clock=clock, film=film)
    routes = [
        web.post("/v2/video_generation", minimax.door("create", minimax.create)),
        web.delete("/v2/video_generation/{id}", minimax.door("delete", minimax.delete)),
        web.get("/v2/query/video_generation", minimax.door("list", minimax.list)),
        web.get("/v2/query/video_generation/{id}", minimax.door("get", minimax.get)),
        web.get("/film.mp4", minimax.door("file", minimax.file, public=True)),
    ]
    async with minimax.serving(routes):
        yield minimax
