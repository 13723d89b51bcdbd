"""A local relay of the `/v1/videos/generations` dialect, in the variant that its paths and fields are given for.

Renders by the clock it is given; fields that the variant does not name are refused.
"""

import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from bot.clock import Clock


@dataclass(kw_only=True)
class Task:
    request: dict[str, Any]
    begun: datetime
    ending: str
    """made | refused | empty (done, without a link)"""


@dataclass(kw_only=True)
class RelayDouble:
    key: str
    clock: Clock
    film: bytes
    submit_path: str
    look_path: str
    fields: frozenset[str]
    render_s: float = 60
    ending: str = "made"
    base_url: str = ""
    balance: int = 100
    """So many videos are paid for."""
    lost_answers: int = 0
    """So many submits are carried out and then cut off."""
    tasks: dict[str, Task] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    _count: Any = field(default_factory=lambda: itertools.count(1))

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path}")
        if request.path.startswith("/files/"):
            known = request.path.rpartition("/")[2].removesuffix(".mp4") in self.tasks
            return web.Response(body=self.film, content_type="video/mp4") if known else web.Response(status=404)
        if request.headers.get("Authorization") != f"Bearer {self.key}":
            return _refused(401, "Invalid or expired token", "authentication_error")
        if request.path == "/v1/models":
            return web.json_response({"object": "list", "data": [{"id": "m", "object": "model"}]})
        if (request.method, request.path) == ("POST", f"/v1/{self.submit_path}"):
            return await self._submitted(request)
        task_id = request.path.rpartition("/")[2]
        if request.path == "/v1/" + self.look_path.replace("{id}", task_id) and task_id in self.tasks:
            return web.json_response(self._shown(task_id, self.tasks[task_id]))
        return _refused(404, "Task not found", "not_found_error")

    async def _submitted(self, request: web.Request) -> web.Response:
        body = await request.json()
        if unknown := set(body) - self.fields:
            return _refused(400, f"Unknown fields {sorted(unknown)}", "invalid_request_error")
        if not isinstance(body.get("duration"), int) or not body.get("prompt"):
            return _refused(400, "Invalid prompt or duration", "invalid_request_error")
        if len(self.tasks) >= self.balance:
            return _refused(402, "Insufficient quota", "insufficient_quota_error")
        task_id = f"task-{next(self._count)}"
        self.tasks[task_id] = Task(request=body, begun=self.clock.now(), ending=self.ending)
        if self.lost_answers and request.transport is not None:
            self.lost_answers -= 1
            request.transport.abort()
        return web.json_response(self._shown(task_id, self.tasks[task_id]))

    def _shown(self, task_id: str, task: Task) -> dict[str, Any]:
        done = min(1.0, (self.clock.now() - task.begun) / timedelta(seconds=self.render_s))
        shown = {"id": task_id, "object": "video.generation.task", "model": task.request["model"]}
        shown |= {"status": "processing" if done else "pending", "progress": int(100 * done), "type": "video"}
        if done < 1:
            return shown
        match task.ending:
            case "refused":
                return shown | {"status": "failed", "error": {"code": "content_policy_violation", "message": "no"}}
            case "empty":
                return shown | {"status": "completed", "results": []}
        return shown | {"status": "completed", "results": [f"{self.base_url}/files/{task_id}.mp4"]}


def _refused(status: int, message: str, kind: str) -> web.Response:
    return web.json_response({"error": {"code": status, "message": message, "type": kind}}, status=status)


@asynccontextmanager
async def running_relay(*, key: str, clock: Clock, film: bytes, wire: Mapping[str, Any]) -> AsyncIterator[RelayDouble]:
    """Serve on a free port of 127.0.0.1. `wire` is the catalogue's for the variant."""
    named = {str(value) for name, value in wire.items() if name.endswith("_field") and value}
    pixels = {"width", "height"} if wire["sends_pixels"] else set()
    double = RelayDouble(
        key=key,
        clock=clock,
        film=film,
        submit_path=wire["submit_path"],
        look_path=wire["look_path"],
        fields=frozenset({"model", "prompt"} | named | pixels),
    )
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
