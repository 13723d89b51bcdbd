"""A Slack of a few methods over a real socket, which can be told to go wrong at one call.

Every fault is named after what the caller would see and whether Slack did the work first.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.slack.client import SlackDoor, opened_slack


@dataclass(frozen=True)
class Refuse:
    """A clear no: `{"ok": false, "error": code}`."""

    code: str
    more: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Busy:
    """429."""

    seconds: int


@dataclass(frozen=True)
class Page:
    """HTML from something in between, nothing done."""

    status: int = 502


@dataclass(frozen=True)
class Drop:
    """The connection breaks before Slack does anything."""


@dataclass(frozen=True)
class DropAfter:
    """Slack does it, and the connection breaks before the answer."""


@dataclass(frozen=True)
class HangAfter:
    """Slack does it and never answers: the moment in which a test kills the caller."""


Fault = Refuse | Busy | Page | Drop | DropAfter | HangAfter


@dataclass
class Post:
    channel: str
    ts: str
    text: str
    blocks: list[Any]
    thread_ts: str | None
    edits: int = 0
    deleted: bool = False


@dataclass
class Upload:
    id: str
    name: str
    length: int
    alt_txt: str
    received: int = 0
    completed: bool = False
    title: str = ""
    comment: str = ""
    channel: str | None = None
    thread_ts: str | None = None
    ts: str = ""
    unposted: bool = False
    looks: int = 0
    deleted: bool = False


class BreakingSlack:
    def __init__(self) -> None:
        self.posts: list[Post] = []
        self.uploads: dict[str, Upload] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        """Every call with its arguments, in order."""
        self.faults: dict[str, list[Fault | None]] = defaultdict(list)
        """By method, one for each call to come; None is a call that goes well."""
        self.members = {"C1", "C2", "D9"}
        self.missing_scopes: set[str] = set()
        self.seen_after_looks = 0
        """A share shows in `files.info` only after so many looks."""
        self.hanging = asyncio.Event()
        self.url = ""
        self._counted = 0
        self._released = asyncio.Event()

    # What a test asks.

    def named(self, method: str) -> list[dict[str, Any]]:
        return [told for name, told in self.calls if name == method]

    @property
    def shared(self) -> list[Upload]:
        """Files that people can see."""
        return [each for each in self.uploads.values() if each.completed and each.channel and not each.deleted]

    # What Slack does.

    async def serve(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        told = await _told(request)
        self.calls.append((method, told))
        return await self._with_faults(method, request, lambda: self._answer(method, told))

    async def receive(self, request: web.Request) -> web.StreamResponse:
        self.calls.append(("upload", {"file": request.match_info["file"]}))
        received = 0
        async for piece in request.content.iter_chunked(1 << 16):
            received += len(piece)
        upload = self.uploads[request.match_info["file"]]

        def done() -> dict[str, Any] | str:
            upload.received = received
            return f"OK - {received}"

        return await self._with_faults("upload", request, done)

    async def _with_faults(self, method: str, request: web.Request, work: Any) -> web.StreamResponse:
        fault = self.faults[method].pop(0) if self.faults[method] else None
        match fault:
            case Refuse(code=code, more=more):
                return web.json_response({"ok": False, "error": code, **more})
            case Busy(seconds=seconds):
                return web.json_response(
                    {"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": str(seconds)}
                )
            case Page(status=status):
                return web.Response(status=status, text="<html>bad gateway</html>", content_type="text/html")
            case Drop():
                return _broken(request)
            case DropAfter():
                work()
                return _broken(request)
            case HangAfter():
                work()
                self.hanging.set()
                await self._released.wait()
                return _broken(request)
            case _:
                answer = work()
                return web.Response(text=answer) if isinstance(answer, str) else web.json_response(answer)

    def _answer(self, method: str, told: dict[str, Any]) -> dict[str, Any]:
        handler = getattr(self, "_" + method.replace(".", "_"), None)
        if handler is None:
            return {"ok": False, "error": "unknown_method"}
        error = handler(told)
        return {"ok": True, **error} if isinstance(error, dict) else {"ok": False, "error": error}

    def _chat_postMessage(self, told: dict[str, Any]) -> dict[str, Any] | str:
        channel = "D9" if told["channel"].startswith("U") else told["channel"]
        if channel not in self.members:
            return "channel_not_found"
        self._counted += 1
        ts = f"17000000{self._counted:02}.000100"
        self.posts.append(
            Post(channel, ts, told.get("text", ""), _json(told.get("blocks")) or [], told.get("thread_ts"))
        )
        return {"channel": channel, "ts": ts}

    def _chat_update(self, told: dict[str, Any]) -> dict[str, Any] | str:
        post = self._post(told)
        if post is None:
            return "message_not_found"
        post.text, post.blocks, post.edits = told["text"], _json(told.get("blocks")) or [], post.edits + 1
        return {"channel": post.channel, "ts": post.ts}

    def _chat_delete(self, told: dict[str, Any]) -> dict[str, Any] | str:
        for upload in self.shared:
            if (upload.channel, upload.ts) == (told["channel"], told["ts"]):
                upload.unposted = True
                return {}
        post = self._post(told)
        if post is None:
            return "message_not_found"
        post.deleted = True
        return {}

    def _files_getUploadURLExternal(self, told: dict[str, Any]) -> dict[str, Any] | str:
        self._counted += 1
        upload = Upload(f"F{self._counted}", told["filename"], int(told["length"]), told.get("alt_txt", ""))
        self.uploads[upload.id] = upload
        return {"file_id": upload.id, "upload_url": f"{self.url}/upload/{upload.id}"}

    def _files_completeUploadExternal(self, told: dict[str, Any]) -> dict[str, Any] | str:
        upload = self.uploads.get(told["files"][0]["id"])
        if upload is None or upload.received != upload.length or upload.completed:
            return "file_not_found"
        channel = told.get("channel_id")
        if channel is not None and channel not in self.members:
            return "channel_not_found"
        upload.completed, upload.channel, upload.thread_ts = True, channel, told.get("thread_ts")
        upload.title, upload.comment = told["files"][0]["title"], told.get("initial_comment", "")
        self._counted += 1
        upload.ts = f"17000000{self._counted:02}.000200"
        return {"files": [{"id": upload.id}]}

    def _files_info(self, told: dict[str, Any]) -> dict[str, Any] | str:
        if "files:read" in self.missing_scopes:
            return "missing_scope"
        upload = self.uploads.get(told["file"])
        if upload is None or not upload.completed:
            return "file_not_found"
        if upload.deleted:
            return "file_deleted"
        upload.looks += 1
        visible = upload.channel is not None and upload.looks > self.seen_after_looks
        shares = {"public": {upload.channel: [{"ts": upload.ts, "thread_ts": upload.thread_ts}]}} if visible else {}
        return {"file": {"id": upload.id, "mimetype": "video/mp4", "shares": shares}}

    def _files_delete(self, told: dict[str, Any]) -> dict[str, Any] | str:
        upload = self.uploads.get(told["file"])
        if upload is None or not upload.completed or upload.deleted:
            return "file_not_found"
        upload.deleted = True
        return {}

    def _post(self, told: dict[str, Any]) -> Post | None:
        found = (p for p in self.posts if (p.channel, p.ts) == (told["channel"], told["ts"]) and not p.deleted)
        return next(found, None)

    def release(self) -> None:
        self._released.set()


@asynccontextmanager
async def breaking_slack() -> AsyncIterator[tuple[BreakingSlack, SlackDoor]]:
    """The double on a free port, and the bot's own connections to it."""
    slack = BreakingSlack()
    app = web.Application(client_max_size=1 << 30)
    app.router.add_route("*", "/api/{method}", slack.serve)
    app.router.add_post("/upload/{file}", slack.receive)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    slack.url = f"http://{host}:{port}"
    try:
        async with opened_slack(token="xoxb-test", base_url=f"{slack.url}/api/", timeout_s=5) as door:
            yield slack, door
    finally:
        slack.release()
        await runner.cleanup()


async def _told(request: web.Request) -> dict[str, Any]:
    if request.content_type == "application/json":
        return dict(await request.json())
    return {**request.query, **await request.post()}


def _json(text: Any) -> Any:
    return json.loads(text) if isinstance(text, str) else text


def _broken(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()
