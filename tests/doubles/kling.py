"""A local Kling: one set of tasks behind both of its styles, rendered by an injected clock, with signed callbacks.

Unjudged: no package of the vendor's and none by others speaks the current style from Python 3.11. Callbacks are signed
by the `standardwebhooks` library, which Kling's page recommends; tokens of the older style are read by PyJWT.
"""

import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import jwt
from aiohttp import web
from doubles.local_service import LocalService
from standardwebhooks import Webhook

from bot.clock import Clock

BATCH_MAX = 20
SETTINGS = {"resolution", "duration", "aspect_ratio", "audio", "multi_shot"}
MODELS = {"kling-3.0": {"720p", "1080p", "4k"}, "kling-3.0-turbo": {"720p", "1080p"}}
OMNI = {"kling-3.0-omni": {"720p", "1080p", "4k"}}


@dataclass(slots=True, kw_only=True)
class Task:
    id: str
    external_id: str
    asked: dict[str, Any]
    kind: str
    created_at: float
    failure: str


class LocalKling(LocalService):
    def __init__(self, *, key: str, clock: Clock, film: bytes, access_key: str = "", secret_key: str = "") -> None:
        super().__init__(key=key, clock=clock, film=film)
        self.access_key, self.secret_key = access_key, secret_key
        self.queue_s, self.render_s, self.parallel_max = 10.0, 60.0, 200
        self.tasks: dict[str, Task] = {}
        self.failures: list[str] = []
        """Why the next tasks fail, in order; "" and none left: they do not."""

    def refused(self) -> web.Response:
        return said(401, code=1002, message="Authentication error")

    def has_key(self, request: web.Request) -> bool:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or token == self.key or not request.path.startswith("/v1/"):
            return scheme == "Bearer" and token == self.key
        now = self.clock.now().timestamp()
        try:
            claims = jwt.decode(token, self.secret_key, algorithms=["HS256"], options=NO_WALL_CLOCK)
        except jwt.InvalidTokenError:
            return False
        return bool(claims["iss"] == self.access_key and claims["nbf"] <= now < claims["exp"] <= now + 1800)

    async def create(self, request: web.Request) -> web.StreamResponse:
        kind, model, asked = request.match_info["kind"], request.match_info["model"], await request.json()
        if (wrong := _wrong(kind, model, asked)) is not None:
            return wrong
        return self._started(kind, asked, asked["options"]["external_task_id"], _shown)

    async def create_old(self, request: web.Request) -> web.StreamResponse:
        kind, asked = request.match_info["kind"], await request.json()
        fits = asked.get("model_name") == "kling-v3" and asked.get("mode") in {"std", "pro"}
        if not fits or not isinstance(asked["duration"], str) or ("image" in asked) != (kind == "image2video"):
            return said(400, code=1201, message="parameters")
        return self._started(kind, asked, asked["external_task_id"], _shown_old)

    async def tasks_by_id(self, request: web.Request) -> web.StreamResponse:
        by_key = request.query.get("external_task_ids", "")
        wanted = (by_key or request.query.get("task_ids", "")).split(",")
        if len(wanted) > BATCH_MAX or bool(by_key) == ("task_ids" in request.query):
            return said(400, code=1201, message="task_ids is invalid")
        met = [each for each in self.tasks.values() if (each.external_id if by_key else each.id) in wanted]
        return said(200, data=[_shown(self, each) for each in met])

    async def tasks_since(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        since = 0.0 if asked.get("cursor") else int(asked["start_time"]) / 1000
        met = [each for each in self.tasks.values() if each.created_at >= since]
        first, size = int(asked.get("cursor") or 0), min(asked["limit"], 100)
        shown = [_shown(self, each) for each in met[first : first + size]]
        has_more = len(met) > first + size
        cursor = str(first + size) if has_more else ""
        return said(200, data={"result": shown, "count": len(shown), "next_cursor": cursor, "has_more": has_more})

    async def task_old(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        for task in self.tasks.values():
            if name in {task.id, task.external_id} and task.kind == request.match_info["kind"]:
                return said(200, data=_shown_old(self, task))
        return said(400, code=1201, message=f"Task not found by id/external id: {name}")

    async def tasks_old(self, request: web.Request) -> web.StreamResponse:
        page, size = int(request.query["pageNum"]), int(request.query["pageSize"])
        met = [each for each in self.tasks.values() if each.kind == request.match_info["kind"]][::-1]
        return said(200, data=[_shown_old(self, each) for each in met[(page - 1) * size : page * size]])

    def status(self, task: Task) -> str:
        age_s = self.clock.now().timestamp() - task.created_at
        if age_s < self.queue_s:
            return "submitted"
        if age_s < self.queue_s + self.render_s:
            return "processing"
        return "failed" if task.failure else "succeeded"

    def callback(self, task_id: str, secret: str) -> tuple[dict[str, str], bytes]:
        """Headers and body of what Kling would send about a task now."""
        body, event_id, now = json.dumps(_shown(self, self.tasks[task_id])), secrets.token_hex(8), self.clock.now()
        signature = Webhook(secret).sign(event_id, now, body)
        sent = str(int(now.timestamp()))
        return {"Webhook-Id": event_id, "Webhook-Timestamp": sent, "Webhook-Signature": signature}, body.encode()

    def _started(self, kind: str, asked: dict[str, Any], external_id: str, shown: Any) -> web.Response:
        if any(each.external_id == external_id for each in self.tasks.values()):
            return said(400, code=1201, message=f"external_task_id {external_id} already exists")
        at_work = [each for each in self.tasks.values() if self.status(each) in {"submitted", "processing"}]
        if len(at_work) >= self.parallel_max:
            return said(429, code=1303, message="parallel task over resource pack limit")
        task = Task(
            id=str(893605946402811985 + len(self.tasks)),
            external_id=external_id,
            asked=asked,
            kind=kind,
            created_at=self.clock.now().timestamp(),
            failure=self.failures.pop(0) if self.failures else "",
        )
        self.tasks[task.id] = task
        return said(200, data=shown(self, task))


NO_WALL_CLOCK: Any = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}


def said(status: int, *, code: int = 0, message: str = "SUCCEED", data: Any = None) -> web.Response:
    told = {"code": code, "message": message, "request_id": secrets.token_hex(8)}
    return web.json_response(told | ({} if data is None else {"data": data}), status=status)


def _shown(kling: LocalKling, task: Task) -> dict[str, Any]:
    status, created_ms = kling.status(task), int(task.created_at * 1000)
    told = {"id": task.id, "status": status, "message": task.failure if status == "failed" else ""}
    told |= {"external_id": task.external_id, "create_time": created_ms, "update_time": created_ms, "outputs": []}
    if status == "succeeded":
        told["outputs"] = [{"type": "video", "id": "v-1", "url": f"{kling.origin}/film.mp4", "duration": "1"}]
        told["billing"] = [{"charge_type": "cash", "cash_type": "balance", "amount": "0.63", "currency": "USD"}]
    return told


def _shown_old(kling: LocalKling, task: Task) -> dict[str, Any]:
    new = _shown(kling, task)
    videos = [{"id": "v-1", "url": each["url"], "duration": "1"} for each in new["outputs"]]
    return {
        "task_id": task.id,
        "task_status": "succeed" if new["status"] == "succeeded" else new["status"],
        "task_status_msg": new["message"],
        "task_info": {"external_task_id": task.external_id},
        "task_result": {"videos": videos} if videos else {},
        "created_at": new["create_time"],
        "updated_at": new["update_time"],
    }


def _wrong(kind: str, model: str, asked: dict[str, Any]) -> web.Response | None:
    """What Kling would say to a request that it does not take; None when it does."""
    known = OMNI if kind == "omni-video" else MODELS
    if model not in known:
        return said(404, code=1203, message="The requested resource does not exist")
    settings, contents = asked.get("settings", {}), asked.get("contents", [])
    types = [each["type"] for each in contents]
    words = asked.get("prompt") or next((each["text"] for each in contents if each["type"] == "prompt"), "")
    has_frame = "first_frame" in types
    fits = (
        bool(words)
        and ("prompt" in asked) == (kind == "text-to-video")
        and has_frame == (kind == "image-to-video" or (kind == "omni-video" and has_frame))
        and set(settings) <= SETTINGS - ({"audio", "multi_shot"} if model.endswith("turbo") else set())
        and settings["resolution"] in known[model]
        and settings["duration"] in range(3, 16)
        and (settings.get("aspect_ratio") in {"16:9", "9:16", "1:1"}) != has_frame
        and settings.get("audio", "off") in {"native", "off"}
    )
    return None if fits else said(400, code=1201, message="invalid parameters")


@asynccontextmanager
async def running_kling(
    *, key: str, clock: Clock, film: bytes, access_key: str = "", secret_key: str = ""
) -> AsyncIterator[LocalKling]:
    kling = LocalKling(key=key, clock=clock, film=film, access_key=access_key, secret_key=secret_key)
    old = "/v1/videos/{kind:text2video|image2video}"
    routes = [
        web.get("/tasks", kling.door("tasks", kling.tasks_by_id)),
        web.post("/tasks", kling.door("list", kling.tasks_since)),
        web.post(old, kling.door("create", kling.create_old)),
        web.get(old, kling.door("list", kling.tasks_old)),
        web.get(f"{old}/{{name}}", kling.door("tasks", kling.task_old)),
        web.get("/film.mp4", kling.door("file", kling.file, public=True)),
        web.post("/{kind:(text|image)-to-video|omni-video}/{model}", kling.door("create", kling.create)),
    ]
    async with kling.serving(routes):
        yield kling
