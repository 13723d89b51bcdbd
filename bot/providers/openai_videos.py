"""The `/v1/videos` dialect: OpenAI's own (ended 2026-09-24), bare relays, vLLM-Omni and whoever else speaks it.

What differs between them is in `Protocol.wire` (bot/catalogue/openai_videos.toml), never here under a vendor's name.
Source: sections 1, 3 and 4 of the provider facts, 2026-11-21.
"""

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx

from bot.catalogue.model import Protocol
from bot.clock import Clock
from bot.providers.base import (
    Download,
    FindsRenders,
    FoundRender,
    RenderRef,
    RenderRequest,
    RenderStatus,
    VideoProvider,
    WebhookEvent,
)
from bot.providers.errors import CapacityFailed, NotFound
from bot.providers.model_lists import ListedModels, ListsModels, models_listed
from bot.providers.refusals import refusal
from bot.providers.standard_webhooks import StandardWebhooks
from bot.providers.transport import Answer, Call, exchange, public_download
from bot.providers.video_object import found_render, id_of, status_of, video_in

PAGES_MAX = 50


class OpenAIVideos:
    """One server. Its base URL may end in `/v1` or before it: people paste both."""

    def __init__(
        self, client: httpx.AsyncClient, protocol: Protocol, clock: Clock, *, webhook_secret: str | None = None
    ) -> None:
        self._client = client
        self._protocol = protocol
        self._root = "" if client.base_url.path.rstrip("/").endswith("/v1") else "v1/"
        self._webhooks = StandardWebhooks(webhook_secret, clock) if webhook_secret else None

    async def submit(self, request: RenderRequest) -> RenderRef:
        timeout_s = self._protocol.submit_timeout_s
        body = _body(request, self._protocol.wire)
        answer = await exchange(self._client, Call.SUBMIT, "POST", f"{self._root}videos", timeout_s=timeout_s, **body)
        render_id = id_of(answer.document) if answer.is_success else None
        if render_id is None:
            raise refusal(answer, Call.SUBMIT, not_accepted=self._protocol.not_accepted)
        return RenderRef(render_id=render_id, request_id=answer.request_id)

    async def poll(self, ref: RenderRef) -> RenderStatus:
        answer = await self._look(Call.POLL, self._path(ref))
        video = video_in(answer.document)
        # vLLM-Omni answers 4xx or 5xx for a failed render, with the video object as body.
        if video is None or not (answer.is_success or id_of(video) == ref.render_id):
            raise refusal(answer, Call.POLL)
        return status_of(video, answer)

    @asynccontextmanager
    async def download(self, ref: RenderRef, status: RenderStatus) -> AsyncIterator[Download]:
        """From the address the service named, else from `/content`, where a file may outlive its link.

        Never with `variant=video`: SGLang takes it for an index and answers 404.
        """
        async with AsyncExitStack() as opened:
            try:
                if not status.result_ref:
                    raise NotFound("the service named no address")
                file = await opened.enter_async_context(public_download(self._client, status.result_ref))
            except NotFound:
                file = await opened.enter_async_context(public_download(self._client, f"{self._path(ref)}/content"))
            yield file

    async def find(self, since: datetime) -> list[FoundRender]:
        """All renders since then, back page by page. Early stop only where the list was seen to go from new to old.

        Raises:
            CapacityFailed: the list cannot prove an absence: it has no end, or a video in it cannot be recognised.
        """
        found: dict[str, FoundRender] = {}
        for _ in range(PAGES_MAX):
            page, has_more = await self._page(after=next(reversed(found), None))
            new = {each.ref.render_id: each for each in page if each.ref.render_id not in found}
            if page and not new:
                raise CapacityFailed("the list of videos goes in circles")
            found |= new
            if not (has_more and page) or _goes_back_past(since, list(found.values())):
                return _since(since, found.values())
        raise CapacityFailed(f"the list of videos goes on after {PAGES_MAX} pages")

    async def _page(self, after: str | None) -> tuple[list[FoundRender], bool]:
        size = self._protocol.wire["page_size"]
        params = {"limit": size, "order": "desc"} | ({"after": after} if after else {})
        answer = await self._look(Call.FIND, f"{self._root}videos", params)
        page = answer.document if answer.is_success else None
        if not isinstance(page, dict) or not isinstance(items := page.get("data"), list):
            raise refusal(answer, Call.FIND)
        found = [shown for each in items if (shown := found_render(each)) is not None]
        if len(found) < len(items):
            raise CapacityFailed("the list shows a video without an id, which could be ours")
        return found, bool(page.get("has_more", len(items) >= size))

    def adopted(self, render_id: str, wire_name: str) -> RenderRef:  # noqa: ARG002 - the id is all a look needs
        return RenderRef(render_id=render_id)

    async def cancel(self, ref: RenderRef) -> bool:
        """DELETE, for servers that stop running renders so. 409 while it is being stopped: nothing is confirmed yet."""
        answer = await self._look(Call.CANCEL, self._path(ref), method="DELETE")
        if answer.status == 409:
            return False
        if not answer.is_success:
            raise refusal(answer, Call.CANCEL)
        return answer.fields.get("deleted") is True

    async def check(self) -> None:
        """The list of videos or of models, whichever the catalogue says that the server has."""
        is_list = self._protocol.wire["check"] == "list"
        path, params = ("videos", {"limit": 1}) if is_list else ("models", None)
        answer = await self._look(Call.CHECK, self._root + path, params)
        if not (answer.is_success and "data" in answer.fields):
            raise refusal(answer, Call.CHECK)

    async def models_now(self) -> ListedModels | None:
        return await models_listed(self._client, self._protocol, root=self._root)

    async def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent | None:
        delivery = self._webhooks.read(headers, body) if self._webhooks else None
        if delivery is None or not isinstance(delivery[1], dict):
            return None
        event_id, event = delivery
        render_id = id_of(event.get("data"))
        if render_id is None or not str(event.get("type", "")).startswith("video."):
            return None
        return WebhookEvent(event_id=event_id, render_id=render_id)

    def _path(self, ref: RenderRef) -> str:
        return f"{self._root}videos/{quote(ref.render_id, safe='')}"

    async def _look(
        self, call: Call, path: str, params: Mapping[str, Any] | None = None, *, method: str = "GET"
    ) -> Answer:
        timeout_s = self._protocol.status_timeout_s
        return await exchange(self._client, call, method, path, params=params, timeout_s=timeout_s)


def _body(request: RenderRequest, wire: Mapping[str, Any]) -> dict[str, Any]:
    """A request in the dialect's terms: JSON, or a form where a file goes along or forms are all the server takes.

    The client key is not among the fields: OpenAI's document has none for it and refuses unknown parameters.
    """
    width, height = request.size_px
    fields: dict[str, Any] = {
        "model": request.wire_name,
        "prompt": request.prompt,
        "seconds": request.length_s if wire.get("seconds") == "integer" else str(request.length_s),
        "size": f"{width}x{height}",
    }
    if wire["seed_field"] and request.seed is not None:
        fields[wire["seed_field"]] = request.seed
    fields |= request.extra
    if wire["body"] == "json" and request.picture is None:
        return {"json": fields}
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
    if request.picture is None:
        return {"data": texts}
    suffix = request.picture.mime.rpartition("/")[2]
    file = (f"first-frame.{suffix}", request.picture.content, request.picture.mime)
    return {"data": texts, "files": {"input_reference": file}}


def _since(since: datetime, found: Iterable[FoundRender]) -> list[FoundRender]:
    young = [each for each in found if each.created_at is None or each.created_at >= since]
    if any(each.prompt is None for each in young):
        raise CapacityFailed("the list shows a video without its prompt, which could be ours")
    return young


def _goes_back_past(since: datetime, found: list[FoundRender]) -> bool:
    """Whether a list is sorted from new to old and has come to what was there before `since`."""
    times = [each.created_at for each in found if each.created_at is not None]
    if len(times) < len(found) or times[0] == times[-1]:
        return False
    return times[-1] < since and times == sorted(times, reverse=True)


_: type[VideoProvider] = OpenAIVideos
_finds_renders: type[FindsRenders] = OpenAIVideos
_lists_models: type[ListsModels] = OpenAIVideos
