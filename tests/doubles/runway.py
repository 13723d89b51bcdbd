"""A local Runway: tasks that wait, are throttled, run and end by an injected clock.

What a create call may hold it reads off the types of runwayml 5.24.0, which also drives it
(tests/providers/test_runway_double.py): a field that the model does not have is refused.
"""

import re
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from aiohttp import web
from doubles.local_service import LocalService
from pydantic import TypeAdapter, ValidationError
from runwayml.types import image_to_video_create_params, text_to_video_create_params
from typing_extensions import get_type_hints

from bot.clock import Clock

VERSION = "2024-11-06"
CREDITS_PER_S = 12
PICTURE = re.compile(r"(https://|runway://|data:image/[a-z]+;base64,[A-Za-z0-9+/]+=*$)")
PICTURE_CHARACTERS_MAX = 5_000_000


def _by_model(params: Any, union: Any) -> dict[str, Any]:
    """Which type describes a create call, by the model that it names."""
    return {get_args(get_type_hints(each, vars(params))["model"])[0]: each for each in get_args(union)}


TYPES = {
    "text_to_video": _by_model(text_to_video_create_params, text_to_video_create_params.TextToVideoCreateParams),
    "image_to_video": _by_model(image_to_video_create_params, image_to_video_create_params.ImageToVideoCreateParams),
}


@dataclass(slots=True, kw_only=True)
class Task:
    id: str
    kind: str
    asked: dict[str, Any]
    created_at: datetime
    ending: Mapping[str, Any]


class LocalRunway(LocalService):
    def __init__(self, *, key: str, clock: Clock, film: bytes) -> None:
        super().__init__(key=key, clock=clock, film=film)
        self.pending_s, self.throttled_s, self.render_s = 5.0, 10.0, 60.0
        self.credits = 1_000_000
        self.tasks: dict[str, Task] = {}
        self.endings: list[Mapping[str, Any]] = []
        """How the next tasks end, in order, as fields of the task; empty: with a video."""

    def refused(self) -> web.Response:
        return problem(401, "The API key in the request is invalid.")

    async def create(self, request: web.Request) -> web.StreamResponse:
        kind, asked = request.path.rpartition("/")[2], await request.json()
        if request.headers.get("X-Runway-Version") != VERSION:
            return problem(400, "X-Runway-Version is missing or unknown.")
        if wrong := wrong_in(kind, asked):
            return problem(400, "Validation of body failed", wrong)
        if self.credits < (credits := cost(asked)):
            return problem(400, "You do not have enough credits to run this task.")
        self.credits -= credits
        task = Task(
            id=str(uuid.uuid4()),
            kind=kind,
            asked=asked,
            created_at=self.clock.now(),
            ending=self.endings.pop(0) if self.endings else {},
        )
        self.tasks[task.id] = task
        return web.json_response({"id": task.id, "estimatedCost": {"credits": credits}})

    async def get(self, request: web.Request) -> web.StreamResponse:
        task = self.tasks.get(request.match_info["id"])
        return problem(404, "Task not found") if task is None else web.json_response(self.shown(task))

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """Stop or wipe a task; nobody learns what that cost, and it cannot be fetched again."""
        if self.tasks.pop(request.match_info["id"], None) is None:
            return problem(404, "Task not found")
        return web.Response(status=204)

    async def organization(self, request: web.Request) -> web.StreamResponse:
        limits = {"maxConcurrentGenerations": 2, "maxDailyGenerations": 50}
        used = {"dailyGenerations": len(self.tasks)}
        return web.json_response({
            "creditBalance": self.credits,
            "tier": {"maxMonthlyCreditSpend": 10_000, "models": {"gen4.5": limits}},
            "usage": {"models": {"gen4.5": used}},
        })  # fmt: skip

    def shown(self, task: Task) -> dict[str, Any]:
        names = {"id": task.id, "createdAt": task.created_at.isoformat()}
        ahead, done = {"estimatedCost": {"credits": cost(task.asked)}}, {"cost": {"credits": cost(task.asked)}}
        running_s = (self.clock.now() - task.created_at).total_seconds() - self.pending_s
        if running_s < 0:
            return names | ahead | {"status": "PENDING"}
        if (running_s := running_s - self.throttled_s) < 0:
            return names | ahead | {"status": "THROTTLED"}
        if running_s < self.render_s:
            return names | ahead | {"status": "RUNNING", "progress": running_s / self.render_s}
        film = {"status": "SUCCEEDED", "output": [f"{self.origin}/film.mp4?_jwt={task.id}"]}
        return names | done | film | dict(task.ending)


def cost(asked: Mapping[str, Any]) -> int:
    return CREDITS_PER_S * int(asked.get("duration", 5))


def wrong_in(kind: str, asked: dict[str, Any]) -> list[dict[str, Any]]:
    """The problems of a create call, as the vendor's types see them."""
    known = TYPES[kind].get(asked.get("model"))
    if known is None:
        return [{"path": ["model"], "message": "Invalid discriminator value"}]
    names = {name: re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", name) for name in asked}
    strange = [name for name, snake in names.items() if snake not in known.__annotations__]
    problems: list[dict[str, Any]] = [{"path": [name], "message": "Unrecognized key"} for name in strange]
    try:
        TypeAdapter(known).validate_python({names[name]: value for name, value in asked.items()}, strict=True)
    except ValidationError as error:
        problems += [{"path": [str(part) for part in each["loc"]], "message": each["msg"]} for each in error.errors()]
    picture = asked.get("promptImage")
    if isinstance(picture, str) and (not PICTURE.match(picture) or len(picture) > PICTURE_CHARACTERS_MAX):
        problems.append({"path": ["promptImage"], "message": "Invalid asset"})
    if isinstance(length_s := asked.get("duration", 5), int) and not 2 <= length_s <= 15:
        problems.append({"path": ["duration"], "message": "Number out of range"})
    return problems


def problem(status: int, words: str, issues: list[dict[str, Any]] | None = None) -> web.Response:
    body: dict[str, Any] = {"error": words, "docUrl": "https://docs.dev.runwayml.com/api"}
    return web.json_response(body | ({"issues": issues} if issues else {}), status=status)


@asynccontextmanager
async def running_runway(*, key: str, clock: Clock, film: bytes) -> AsyncIterator[LocalRunway]:
    runway = LocalRunway(key=key, clock=clock, film=film)
    create = runway.door("create", runway.create)
    routes = [
        web.post("/v1/text_to_video", create),
        web.post("/v1/image_to_video", create),
        web.get("/v1/tasks/{id}", runway.door("get", runway.get)),
        web.delete("/v1/tasks/{id}", runway.door("delete", runway.delete)),
        web.get("/v1/organization", runway.door("organization", runway.organization)),
        web.get("/film.mp4", runway.door("file", runway.file, public=True)),
    ]
    async with runway.serving(routes):
        yield runway
