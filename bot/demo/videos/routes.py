"""The addresses of `/v1/videos`."""

import asyncio
import secrets
from collections.abc import Callable

from aiohttp import hdrs, web

from bot.clock import Clock
from bot.demo.videos.book import LIST_LENGTH, LIST_LENGTH_MAX, Book
from bot.demo.videos.dialects.dialect import Dialect, Refusal
from bot.demo.videos.faults import CompletedWithoutFile, ContentFault, ProgressBackwards, UnknownStatus, WebhookFirst
from bot.demo.videos.files import wrong_file
from bot.demo.videos.forms import read_form
from bot.demo.videos.job import MODERATED, Job
from bot.demo.videos.misfortune import FAULT, Handler
from bot.demo.videos.stills import spritesheet, thumbnail
from bot.demo.videos.switches import Switch

BACKWARDS_POINTS = 30


class VideoRoutes:
    """Handlers over one book. `models` empty means that every name is known."""

    def __init__(
        self,
        *,
        dialect: Dialect,
        book: Book,
        clock: Clock,
        key: Callable[[], str],
        models: tuple[str, ...],
        poll_after_ms: int | None,
    ) -> None:
        self._dialect = dialect
        self._book = book
        self._clock = clock
        self._key = key
        self._models = models
        self._poll_after_ms = poll_after_ms

    def register(self, app: web.Application) -> None:
        routes = app.router
        routes.add_post("/v1/videos", self._keyed(self._create))
        routes.add_get("/v1/videos/{id}", self._keyed(self._retrieve), allow_head=False)
        routes.add_get("/v1/videos/{id}/content", self._keyed(self._content), allow_head=False)
        routes.add_get("/v1/models", self._keyed(self._list_models), allow_head=False)
        routes.add_get("/files/{token}.mp4", self._file, allow_head=False)
        if self._dialect.has_list:
            routes.add_get("/v1/videos", self._keyed(self._list), allow_head=False)
        if self._dialect.has_delete:
            routes.add_delete("/v1/videos/{id}", self._keyed(self._delete))

    def _keyed(self, handler: Handler) -> Handler:
        async def checked(request: web.Request) -> web.StreamResponse:
            scheme, _, key = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
            if scheme.lower() != "bearer" or not secrets.compare_digest(key.encode(), self._key().encode()):
                return web.json_response(self._dialect.wrong_key(), status=401)
            return await handler(request)

        return checked

    async def _create(self, request: web.Request) -> web.StreamResponse:
        asked = self._dialect.read(await read_form(request.headers, await request.read()))
        if self._models and asked.model not in self._models:
            message = f"The model '{asked.model}' does not exist or you do not have access to it."
            raise Refusal(404, message, code="model_not_found", param="model")
        if self._book.switch is Switch.RETIRED:
            raise Refusal(410, f"The model '{asked.model}' has been shut down.", code="model_retired", param="model")
        if self._book.switch is Switch.REFUSE and self._dialect.refuses_at_submit:
            raise Refusal(400, MODERATED.message, code=MODERATED.code)
        fault = request.get(FAULT)
        job = self._book.accept(asked, fault)
        if isinstance(fault, WebhookFirst):
            await job.announced.wait()
        return web.json_response(self._dialect.shown(job, _origin(request)))

    async def _retrieve(self, request: web.Request) -> web.StreamResponse:
        job = self._book.find(request.match_info["id"])
        job.polls += 1
        shown = self._dialect.shown(job, _origin(request))
        match request.get(FAULT):
            case ProgressBackwards():
                shown["progress"] = max(0, job.shown_progress - BACKWARDS_POINTS)
            case UnknownStatus(word=word):
                shown["status"] = word
            case CompletedWithoutFile():
                await job.ended.wait()
                job.file = None
                shown = self._dialect.shown(job, _origin(request))
            case _:
                job.shown_progress = job.progress
        response = web.json_response(shown, status=self._dialect.status_of_look(job))
        if self._poll_after_ms is not None and not job.status.ended:
            response.headers["openai-poll-after-ms"] = str(self._poll_after_ms)
        return response

    async def _list(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        limit, order = query.get("limit", str(LIST_LENGTH)), query.get("order", "desc")
        if not limit.isdecimal() or int(limit) > LIST_LENGTH_MAX:
            raise Refusal(400, f"'limit' must be 0 to {LIST_LENGTH_MAX}.", code="invalid_value", param="limit")
        if order not in ("asc", "desc"):
            raise Refusal(400, "'order' must be 'asc' or 'desc'.", code="invalid_value", param="order")
        page = self._book.page(after=query.get("after"), limit=int(limit), newest_first=order == "desc")
        shown = [self._dialect.shown(job, _origin(request)) for job in page.jobs]
        ends = (page.jobs[0].id, page.jobs[-1].id) if page.jobs else (None, None)
        listing = {"object": "list", "data": shown, "first_id": ends[0], "last_id": ends[1], "has_more": page.has_more}
        return web.json_response(listing)

    async def _delete(self, request: web.Request) -> web.StreamResponse:
        job = self._book.find(request.match_info["id"])
        await self._book.delete(job)
        return web.json_response({"id": job.id, "object": "video.deleted", "deleted": True})

    async def _list_models(self, request: web.Request) -> web.StreamResponse:  # noqa: ARG002 - same for everybody
        created = int(self._clock.now().timestamp())
        offered = () if self._book.switch is Switch.RETIRED else self._models
        shown = [{"id": name, "object": "model", "created": created, "owned_by": "local"} for name in offered]
        return web.json_response({"object": "list", "data": shown})

    async def _content(self, request: web.Request) -> web.StreamResponse:
        return await self._sent(request, self._book.find(request.match_info["id"]))

    async def _file(self, request: web.Request) -> web.StreamResponse:
        """The keyless address that a relay hands out as `video_url`."""
        return await self._sent(request, self._book.find_by_token(request.match_info["token"]))

    async def _sent(self, request: web.Request, job: Job) -> web.StreamResponse:
        film = job.file
        if film is None or (job.expires_at is not None and self._clock.now() >= job.expires_at):
            raise self._dialect.no_file(job)
        job.downloads += 1
        fault = request.get(FAULT)
        if isinstance(fault, ContentFault):
            return await wrong_file(request, film, fault, self._clock)
        wanted = request.query.get("variant", "video")
        if not self._dialect.variants_by_name and "variant" in request.query and not wanted.isdecimal():
            raise Refusal(404, "Video not found")
        match wanted:
            case "video" | "0":
                return web.FileResponse(film, headers={hdrs.CONTENT_TYPE: "video/mp4"})
            case "thumbnail":
                return web.Response(body=await asyncio.to_thread(thumbnail, film), content_type="image/webp")
            case "spritesheet":
                return web.Response(body=await asyncio.to_thread(spritesheet, film), content_type="image/jpeg")
            case other:
                raise Refusal(400, f"Invalid value: '{other}'.", code="invalid_value", param="variant")


def _origin(request: web.Request) -> str:
    """Scheme, host and port as the client knows us."""
    return f"{request.scheme}://{request.host}"
