"""A local Luma: generations that wait, run and end by an injected clock.

What a create call may hold it reads off the types of luma-agents 0.5.0, which also drives it
(tests/providers/test_luma_double.py); besides that a 10 s video takes neither `start_frame` nor `loop`, as they say.
"""

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web
from doubles.local_service import LocalService
from luma_agents.types import generation_create_params
from pydantic import TypeAdapter, ValidationError

from bot.clock import Clock

CREATE = TypeAdapter(generation_create_params.GenerationCreateParams)


@dataclass(slots=True, kw_only=True)
class Generation:
    id: str
    asked: dict[str, Any]
    created_at: datetime
    ending: Mapping[str, Any]


class LocalLuma(LocalService):
    def __init__(self, *, key: str, clock: Clock, film: bytes) -> None:
        super().__init__(key=key, clock=clock, film=film)
        self.queue_s, self.render_s = 5.0, 60.0
        self.generations: dict[str, Generation] = {}
        self.endings: list[Mapping[str, Any]] = []
        """How the next generations end, in order, as fields of the generation; empty: with a video."""

    def refused(self) -> web.Response:
        return web.json_response({"detail": "Invalid API key"}, status=401)

    async def create(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        if wrong := wrong_in(asked):
            return web.json_response({"detail": wrong}, status=422)
        made = Generation(
            id=str(uuid.uuid4()),
            asked=asked,
            created_at=self.clock.now(),
            ending=self.endings.pop(0) if self.endings else {},
        )
        self.generations[made.id] = made
        return web.json_response(self.shown(made), status=201)

    async def get(self, request: web.Request) -> web.StreamResponse:
        known = self.generations.get(request.match_info["id"])
        if known is None:
            return web.json_response({"detail": "Generation not found"}, status=404)
        return web.json_response(self.shown(known))

    async def files(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"data": [], "has_more": False, "next_cursor": None})

    def shown(self, generation: Generation) -> dict[str, Any]:
        names = {
            "id": generation.id,
            "type": generation.asked["type"],
            "model": generation.asked["model"],
            "created_at": generation.created_at.isoformat(),
        }
        age_s = (self.clock.now() - generation.created_at).total_seconds()
        if age_s < self.queue_s + self.render_s:
            return names | {"state": "processing" if age_s >= self.queue_s else "queued"}
        film = {"type": "video", "url": f"{self.origin}/film.mp4?signature={generation.id}"}
        return names | {"state": "completed", "output": [film]} | dict(generation.ending)


def wrong_in(asked: dict[str, Any]) -> str:
    """What is wrong with a create call; empty when nothing is."""
    try:
        CREATE.validate_python(asked, strict=True)
    except ValidationError as error:
        return str(error)
    video = asked.get("video") or {}
    strange = set(asked) - set(generation_create_params.GenerationCreateParams.__annotations__)
    if strange or asked.get("type") != "video" or asked.get("model") != "ray-3.2":
        return f"unknown fields {sorted(strange)}, or no video of ray-3.2"
    if len(video.get("keyframes", [])) != len(video.get("keyframe_indexes", [])):
        return "keyframe_indexes must match keyframes in length"
    if video.get("keyframes") and ({"start_frame", "end_frame", "loop"} & set(video)):
        return "keyframes are mutually exclusive with start_frame, end_frame and loop"
    if video.get("duration") == "10s" and ({"start_frame", "loop"} & set(video)):
        return "not supported with 10s"
    return ""


@asynccontextmanager
async def running_luma(*, key: str, clock: Clock, film: bytes) -> AsyncIterator[LocalLuma]:
    luma = LocalLuma(key=key, clock=clock, film=film)
    routes = [
        web.post("/v1/generations", luma.door("create", luma.create)),
        web.get("/v1/generations/{id}", luma.door("get", luma.get)),
        web.get("/v1/files", luma.door("files", luma.files)),
        web.get("/film.mp4", luma.door("file", luma.file, public=True)),
    ]
    async with luma.serving(routes):
        yield luma
