"""The demo's page: a small workspace in a browser. Static files, the workspace's files, and one WebSocket per page.

A page is sent its person's whole screen after each change (a demo's screen is a few kilobytes, and a whole one cannot
drift from the truth) and sends back what hands do: `{"id": 1, "door": "click", "args": {...}}`.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from aiohttp import WSMsgType, web

from bot.demo.page_doors import Hand, Refused
from bot.demo.services import Service
from bot.demo.slack import LocalSlack, NotOffered
from bot.demo.slack.feed import Changes
from bot.demo.videos import Switch
from bot.demo.videos.crew import Crew, working_crew

_log = logging.getLogger(__name__)

HOST: Final = "127.0.0.1"
PAGE: Final = Path(__file__).with_name("page")
ASSETS: Final = frozenset(each.name for each in PAGE.iterdir() if each.suffix in {".js", ".css", ".svg"})
PICTURE_BYTES_MAX: Final = 24 * 1024 * 1024
"""More than the bot takes, so that its own answer to a picture that is too large can be seen."""
FRAME_S: Final = 0.03
"""Changes that come together are shown together."""
STOP_S: Final = 0.5
PLAYED: Final = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/avif", "video/mp4")
"""What a browser may show in place; anything else is a download, so no picture can bring a script."""
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self'; media-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
POSITIONS: Final = (
    (Switch.NORMAL, "Working", "does its work."),
    (Switch.DOWN, "Down", "cannot be reached. Nothing is sent there, so nothing can be charged."),
    (Switch.ERRORS, "Errors", "answers with errors. Whether an order arrived is found out, not guessed."),
    (Switch.SLOW, "Slow", "takes six times as long, and answers late."),
    (Switch.STUCK, "Stuck", "hangs at 99 %. Put it back to Working, and the video arrives."),
    (Switch.REFUSE, "Refuses all", "turns every prompt down. A refusal never moves to another service by itself."),
    (Switch.LOSE, "Loses the answer", "takes an order, and its answer is lost. Nothing is sent or paid twice."),
    (Switch.RETIRED, "Shut down", "says that it has ended for good. The bot believes it: Working does not undo that."),
)  # fmt: skip
"""Each with the end of a sentence that begins with the service's name."""


class Page:
    """One page server; make it with `running`."""

    def __init__(
        self, slack: LocalSlack, services: Sequence[Service], manifest: dict[str, Any], prompts: Sequence[str]
    ) -> None:
        self._slack = slack
        self._services = services
        self._crew: Crew
        features = manifest["features"]
        self._shortcuts = [
            {"id": each["callback_id"], "name": each["name"], "type": each["type"]}
            for each in features.get("shortcuts", [])
        ]
        self._command = features["slash_commands"][0]["command"]
        self._prompts = list(prompts)
        self._open: set[web.WebSocketResponse] = set()
        self.port = 0

    @classmethod
    @asynccontextmanager
    async def running(
        cls,
        slack: LocalSlack,
        services: Sequence[Service],
        *,
        manifest: dict[str, Any],
        prompts: Sequence[str],
        port: int = 0,
    ) -> AsyncIterator["Page"]:
        """Serve until the block ends. `manifest` is the app's: its command and the names of its shortcuts are shown.

        Raises:
            OSError: the port is taken.
        """
        page = cls(slack, services, manifest, prompts)
        runner = web.AppRunner(page._application(), handle_signals=False, access_log=None, shutdown_timeout=STOP_S)
        async with working_crew() as page._crew:
            await runner.setup()
            try:
                await web.TCPSite(runner, HOST, port).start()
                page.port = int(runner.addresses[0][1])
                yield page
            finally:
                for each in tuple(page._open):
                    await each.close()
                await runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}/"

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[self._only_this_page], client_max_size=PICTURE_BYTES_MAX)
        app.on_response_prepare.append(_dressed)
        app.router.add_get("/", self._index)
        app.router.add_get("/page/{name}", self._asset)
        app.router.add_get("/files/{id}", self._file)
        app.router.add_post("/upload", self._upload)
        app.router.add_get("/ws", self._socket)
        return app

    @web.middleware
    async def _only_this_page(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Other sites in the same browser can reach 127.0.0.1 too; they have another Host or Origin."""
        hosts = {f"{HOST}:{self.port}", f"localhost:{self.port}"}
        origin = request.headers.get("Origin", "")
        if request.host not in hosts or (origin and origin.removeprefix("http://") not in hosts):
            raise web.HTTPForbidden(text="This page answers only to itself.")
        answered: web.StreamResponse = await handler(request)
        return answered

    async def _index(self, _: web.Request) -> web.StreamResponse:
        return web.FileResponse(PAGE / "index.html")

    async def _asset(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["name"] not in ASSETS:
            raise web.HTTPNotFound
        return web.FileResponse(PAGE / request.match_info["name"])

    async def _file(self, request: web.Request) -> web.StreamResponse:
        """The bytes of a file of the workspace; Range is answered, or nobody could seek in a video."""
        file = self._slack.workspace.files.get(request.match_info["id"])
        if file is None or not file.is_completed or file.is_deleted or not file.path.exists():
            raise web.HTTPNotFound
        if file.mimetype in PLAYED:
            return web.FileResponse(file.path, headers={"Content-Type": file.mimetype})
        return web.FileResponse(
            file.path, headers={"Content-Type": "application/octet-stream", "Content-Disposition": "attachment"}
        )

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        try:
            content = await request.read()
        except web.HTTPRequestEntityTooLarge:
            raise web.HTTPBadRequest(text=f"The demo takes files up to {PICTURE_BYTES_MAX // 1024**2} MB.") from None
        kind = request.content_type if request.content_type.startswith("image/") else "application/octet-stream"
        name = Path(request.query.get("name", "")).name or "picture"
        try:
            file = await self._slack.upload_picture(request.query.get("as", ""), content, name, mimetype=kind)
        except NotOffered as no:
            raise web.HTTPBadRequest(text=str(no)) from None
        return web.json_response({"id": file.id})

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(heartbeat=20.0)
        await socket.prepare(request)
        hand = Hand(self._slack, self._services, request.query.get("as", ""))
        changes = self._slack.changes()
        moved = asyncio.Event()
        moved.set()
        self._open.add(socket)
        watching = self._crew.start(_watched(changes, moved))
        sending = self._crew.start(self._sent(socket, hand, moved))
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._crew.start(self._done(socket, hand, json.loads(message.data), moved))
        finally:
            self._open.discard(socket)
            watching.cancel()
            sending.cancel()
            await changes.aclose()
        return socket

    async def _done(
        self, socket: web.WebSocketResponse, hand: Hand, told: dict[str, Any], moved: asyncio.Event
    ) -> None:
        """Do what a hand did. One task each: a click is not held up by an answer that takes three seconds."""
        try:
            answer = await hand.do(str(told.get("door")), told.get("args") or {})
        except Refused as no:
            answer = {"error": str(no)}
        except Exception:  # noqa: BLE001 - one boundary: a fault of one door must not take the page down
            _log.exception("The door %s failed", told.get("door"))
            answer = {"error": "The demo itself has a fault here; its terminal says more."}
        moved.set()
        with contextlib.suppress(ConnectionError):
            await socket.send_json({"type": "answer", "id": told.get("id"), **answer})

    async def _sent(self, socket: web.WebSocketResponse, hand: Hand, moved: asyncio.Event) -> None:
        with contextlib.suppress(ConnectionError):
            while not socket.closed:
                await moved.wait()
                moved.clear()
                await socket.send_json(self._screen(hand))
                await asyncio.sleep(FRAME_S)

    def _screen(self, hand: Hand) -> dict[str, Any]:
        positions = [{"position": each, "name": name, "says": says} for each, name, says in POSITIONS]
        return {
            "type": "screen",
            "screen": self._slack.snapshot(hand.user),
            "services": [_shown(each) for each in self._services],
            "positions": positions,
            "shortcuts": self._shortcuts,
            "command": self._command,
            "prompts": self._prompts,
        }


def _shown(service: Service) -> dict[str, Any]:
    bill = service.billed_usd_micros
    return {
        "name": service.offer.name,
        "label": service.offer.label,
        "says": service.offer.says,
        "position": service.videos.switched,
        "taken": service.taken,
        "bill": f"${bill / 1_000_000:.2f}" if bill else "",
    }


async def _watched(changes: Changes, moved: asyncio.Event) -> None:
    async for _ in changes:
        moved.set()


async def _dressed(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
