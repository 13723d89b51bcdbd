"""Seedance on Ark: BytePlus, Volcengine, and relays that pass Ark's own dialect through.

What differs between them is in `Protocol.wire` (bot/catalogue/ark_*.toml). Sources: byteplus-python-sdk-v2 3.0.63,
litellm 1.109.1, apiyi-sdk 0.2.0, section 8 of the provider facts, 2026-11-21. Worth knowing:

- No idempotency key, and a task never repeats its prompt. But it repeats `safety_identifier`, a text of the caller's
  own: our client key travels there, so a lost submit is found in the list by it.
- DELETE means two things: it takes a waiting task out of the queue, and it wipes the record of a finished one. So
  `cancel` looks before and after, or a paid video could be lost by asking too late.
- The callback is not signed: it is believed for the address it comes to, and only as a reason to look. Many renders are
  looked at with one request.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

import httpx

from bot.catalogue.model import Protocol, Shape
from bot.clock import Clock
from bot.providers.answers import Answer, Call
from bot.providers.ark_task import found_render, status_of, task_in
from bot.providers.ark_verdicts import refusal
from bot.providers.base import (
    CallsBack,
    Download,
    FindsRenders,
    FoundRender,
    RenderRef,
    RenderRequest,
    RenderState,
    RenderStatus,
    VideoProvider,
    WebhookEvent,
)
from bot.providers.callbacks import event_about, json_of
from bot.providers.data_uris import data_uri
from bot.providers.errors import CapacityFailed, ProviderError
from bot.providers.listings import could_be_lost, found_since, must_remember
from bot.providers.transport import exchange, public_download
from bot.providers.video_object import id_of

TASKS: Final = "contents/generations/tasks"
PAGE_SIZE: Final = 100
RATIOS: Final = {Shape.WIDE: "16:9", Shape.VERTICAL: "9:16", Shape.SQUARE: "1:1"}
RESOLUTIONS: Final = {"2160p": "4k"}
"""Ark's words where they are not ours."""


class Ark:
    """One account. `client` carries the key as a bearer token and a base URL that ends in `/api/v3`."""

    def __init__(self, client: httpx.AsyncClient, protocol: Protocol, clock: Clock) -> None:
        self._client, self._protocol, self._clock = client, protocol, clock

    async def submit(self, request: RenderRequest) -> RenderRef:
        body, timeout_s = _body(request, self._protocol.wire), self._protocol.submit_timeout_s
        answer = await exchange(self._client, Call.SUBMIT, "POST", TASKS, json=body, timeout_s=timeout_s)
        render_id = id_of(answer.document) if answer.is_success else None
        if render_id is None:
            raise refusal(answer, Call.SUBMIT, not_accepted=self._protocol.not_accepted)
        return RenderRef(render_id=render_id, request_id=answer.request_id)

    async def poll(self, ref: RenderRef) -> RenderStatus:
        return await self._looked(ref, Call.POLL)

    async def poll_many(self, refs: Sequence[RenderRef]) -> Mapping[str, RenderStatus | ProviderError]:
        """Through the list's filter of ids. Whatever it leaves out is looked at alone by the caller."""
        wanted = [each.render_id for each in refs]
        params = {"page_num": 1, "page_size": len(wanted), "filter.task_ids": wanted}
        answer = await self._asked(Call.POLL, "GET", TASKS, params)
        seen = {id_of(item): task_in(item) for item in _items(answer, Call.POLL)[0]}
        return {each: status_of(task, answer.request_id) for each in wanted if (task := seen.get(each)) is not None}

    @asynccontextmanager
    async def download(self, ref: RenderRef, status: RenderStatus) -> AsyncIterator[Download]:  # noqa: ARG002 - the port's
        """The link is signed, needs no key and is good for a day."""
        async with public_download(self._client, status.result_ref) as download:
            yield download

    async def find(self, since: datetime) -> list[FoundRender]:
        """By the client key that a task repeats.

        Raises:
            CapacityFailed: the list cannot prove an absence; a task of that time without a key could be ours.
        """
        must_remember(since, self._clock, self._protocol.wire["list_retention_s"])
        found = await found_since(since, self._page)
        if any(not each.client_key and could_be_lost(each, since) for each in found):
            raise CapacityFailed("the list shows a task without a safety_identifier, which could be ours")
        return found

    async def _page(self, number: int) -> tuple[list[FoundRender], int]:
        answer = await self._asked(Call.FIND, "GET", TASKS, {"page_num": number, "page_size": PAGE_SIZE})
        items, total = _items(answer, Call.FIND)
        shown = [each for item in items if (each := found_render(item, self._protocol.wire["client_key_field"]))]
        if total is None or len(shown) < len(items):
            raise CapacityFailed("the list has no count or shows a task without an id, which could be ours")
        return shown, total

    def adopted(self, render_id: str, wire_name: str) -> RenderRef:  # noqa: ARG002 - the id is all a look needs
        return RenderRef(render_id=render_id)

    async def cancel(self, ref: RenderRef) -> bool:
        """Only a task that still waits is taken out of the queue, which is free; a running one cannot be stopped."""
        if (await self._looked(ref, Call.CANCEL)).state is not RenderState.QUEUED:
            return False
        answer = await self._asked(Call.CANCEL, "DELETE", _path(ref))
        if answer.status in {400, 404, 409}:
            return False  # It began to run in between.
        if not answer.is_success:
            raise refusal(answer, Call.CANCEL)
        return (await self._looked(ref, Call.CANCEL)).state is RenderState.CANCELLED

    async def check(self) -> None:
        """A list that is free and answers to a valid key only; where it lies is the catalogue's `check`."""
        where = str(self._client.base_url.join(self._protocol.wire["check"]))
        answer = await self._asked(Call.CHECK, "GET", where)
        if not (answer.is_success and isinstance(answer.document, dict)):
            raise refusal(answer, Call.CHECK)

    async def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent | None:  # noqa: ARG002
        """Always None: nothing in a callback proves who sent it."""
        return None

    async def called_back(self, body: bytes) -> WebhookEvent | None:
        """The body is the task, as a look would show it."""
        render_id = id_of(json_of(body))
        return event_about(render_id, body) if render_id is not None else None

    async def _looked(self, ref: RenderRef, call: Call) -> RenderStatus:
        answer = await self._asked(call, "GET", _path(ref))
        task = task_in(answer.document) if answer.is_success else None
        if task is None:
            raise refusal(answer, call)
        return status_of(task, answer.request_id)

    async def _asked(self, call: Call, method: str, url: str, params: Mapping[str, Any] | None = None) -> Answer:
        timeout_s = self._protocol.status_timeout_s
        return await exchange(self._client, call, method, url, params=params, timeout_s=timeout_s)


def _path(ref: RenderRef) -> str:
    return f"{TASKS}/{quote(ref.render_id, safe='')}"


def _items(answer: Answer, call: Call) -> tuple[list[Any], int | None]:
    """What a list shows, and how many tasks it says that there are."""
    page = answer.document if answer.is_success else None
    total = page.get("total") if isinstance(page, dict) else None
    items = [] if total == 0 else page.get("items") if isinstance(page, dict) else None
    if not isinstance(items, list):
        raise refusal(answer, call)
    return items, total if isinstance(total, int) and not isinstance(total, bool) else None


def _body(request: RenderRequest, wire: Mapping[str, Any]) -> dict[str, Any]:
    """A request in Ark's terms. With a first frame the ratio is said too, for the picture was fitted to it."""
    content: list[dict[str, Any]] = [{"type": "text", "text": request.prompt}]
    if request.picture is not None:
        url = data_uri(request.picture, bytes_max=wire["picture_bytes_max"])
        content.append({"type": "image_url", "image_url": {"url": url}, "role": "first_frame"})
    body: dict[str, Any] = {
        "model": request.wire_name,
        "content": content,
        "resolution": RESOLUTIONS.get(request.resolution, request.resolution),
        "ratio": RATIOS[request.shape],
        "duration": request.length_s,
        "watermark": False,
    }
    if request.audio is not None:
        body["generate_audio"] = request.audio
    if request.seed is not None:
        body["seed"] = request.seed
    if request.webhook_url is not None:
        body["callback_url"] = request.webhook_url
    if field := wire["client_key_field"]:
        body[field] = request.client_key
    return body


_: type[VideoProvider] = Ark
_finds_renders: type[FindsRenders] = Ark
_calls_back: type[CallsBack] = Ark
