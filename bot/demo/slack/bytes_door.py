"""The bytes of files: in through the granted URL, streamed to disk; out to the app that shows its token."""

from collections.abc import AsyncIterator

from aiohttp import BodyPartReader, web

from bot.demo.slack.gate import Gate
from bot.demo.slack.workspace import SlackFile
from bot.demo.slack.world import World

PIECE_BYTES = 256 * 1024
LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Slack</title></head><body>Sign in to your workspace</body></html>"


class BytesDoor:
    def __init__(self, world: World, gate: Gate) -> None:
        self._world = world
        self._gate = gate

    def register(self, app: web.Application) -> None:
        app.router.add_post("/upload/v1/{secret}", self.upload)
        app.router.add_get("/files-pri/{address}/download/{name}", self.download)
        app.router.add_get("/files-pri/{address}/{name}", self.download)

    async def upload(self, request: web.Request) -> web.StreamResponse:
        secret = request.match_info["secret"]
        file = next((each for each in self._world.workspace.files.values() if each.secret == secret), None)
        told = {"file": file.id if file else "", "content_length": request.content_length}
        return await self._gate.through(request, "upload", told, lambda: self._receive(request, file))

    async def _receive(self, request: web.Request, file: SlackFile | None) -> web.StreamResponse:
        """Raw or multipart, never held in memory. Until it is completed an upload may be repeated.

        Written in the loop, a piece at a time: the default threads belong to whoever shares the process with us.
        """
        if file is None or file.is_completed:
            return web.Response(status=404, text="upload URL expired")
        received, beginning = 0, file.path.with_suffix(".part")
        try:
            with beginning.open("wb") as target:
                async for piece in _pieces(request):
                    received += len(piece)
                    if received > file.length:
                        return web.Response(status=400, text=f"more than the {file.length} bytes announced")
                    target.write(piece)
        except ConnectionResetError:  # the sender has died in the middle; nobody is left to read this
            return web.Response(status=400, text="the body was cut off")
        if received != file.length:
            return web.Response(status=400, text=f"{received} bytes, but {file.length} were announced")
        beginning.replace(file.path)
        file.received = received
        return web.Response(text=f"OK - {received}")

    async def download(self, request: web.Request) -> web.StreamResponse:
        file_id = request.match_info["address"].rpartition("-")[2]
        return await self._gate.through(request, "download", {"file": file_id}, lambda: self._send(request, file_id))

    async def _send(self, request: web.Request, file_id: str) -> web.StreamResponse:
        """Without token or scope: a login page with status 200, as Slack does (Slack facts section 9)."""
        app, file = self._world.app, self._world.workspace.files.get(file_id)
        allowed = request.headers.get("Authorization") == f"Bearer {app.bot_token}" and not app.is_revoked
        if not allowed or "files:read" not in app.scopes:
            return web.Response(text=LOGIN_PAGE, content_type="text/html")
        if file is None or file.is_deleted or not file.path.exists():
            return web.Response(status=404, text="file not found")
        return web.FileResponse(file.path, headers={"Content-Type": file.mimetype or "application/octet-stream"})


async def _pieces(request: web.Request) -> AsyncIterator[bytes]:
    if not request.content_type.startswith("multipart/"):
        async for piece in request.content.iter_chunked(PIECE_BYTES):
            yield piece
        return
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        while piece := await part.read_chunk(PIECE_BYTES):
            yield bytes(piece)
        return
