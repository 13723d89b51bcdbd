"""OpenRouter's videos: one dialect and one bill for the models of many makers.

Sources: openrouter 1.3.84, section 11.1 of the provider facts, 2026-11-21. Worth knowing:

- No idempotency key, no list, no cancel: a lost answer to a submit leaves only the webhook to find the video by.
- `urls` are signed and need no key, `unsigned_urls` need it: the names say whether the address is signed.
- A finished job says what it cost.
"""

import math
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

import httpx

from bot.catalogue.model import Protocol, Shape
from bot.clock import Clock
from bot.providers.answers import Answer, Call
from bot.providers.balances import micros_left
from bot.providers.base import (
    Download,
    RenderRef,
    RenderRequest,
    RenderStatus,
    TellsBalance,
    VideoProvider,
    WebhookEvent,
)
from bot.providers.data_uris import data_uri
from bot.providers.errors import AuthFailed, NotFound
from bot.providers.model_lists import ListedModels, ListsModels, models_listed
from bot.providers.openrouter_webhooks import OpenRouterWebhooks
from bot.providers.refusals import refusal
from bot.providers.transport import exchange, public_download
from bot.providers.video_object import id_of, status_of, video_in

RATIOS: Final = {Shape.WIDE: "16:9", Shape.VERTICAL: "9:16", Shape.SQUARE: "1:1"}


class OpenRouter:
    """One workspace. `client` carries the key as a bearer token and a base URL that ends in `/api/v1`."""

    def __init__(
        self, client: httpx.AsyncClient, protocol: Protocol, clock: Clock, *, webhook_secret: str | None = None
    ) -> None:
        self._client, self._protocol = client, protocol
        self._webhooks = OpenRouterWebhooks(webhook_secret, clock) if webhook_secret else None

    async def submit(self, request: RenderRequest) -> RenderRef:
        body, timeout_s = _body(request, self._protocol.wire), self._protocol.submit_timeout_s
        if self._webhooks is None:
            body.pop("callback_url", None)  # What comes could not be told from a forgery.
        answer = await exchange(self._client, Call.SUBMIT, "POST", "videos", json=body, timeout_s=timeout_s)
        render_id = id_of(answer.document) if answer.is_success else None
        if render_id is None:
            raise refusal(answer, Call.SUBMIT, not_accepted=self._protocol.not_accepted)
        return RenderRef(render_id=render_id, request_id=answer.request_id)

    async def poll(self, ref: RenderRef) -> RenderStatus:
        answer = await self._look(Call.POLL, _path(ref))
        video = video_in(answer.document) if answer.is_success else None
        if video is None:
            raise refusal(answer, Call.POLL)
        return replace(status_of(video, answer), cost_usd_micros=_cost(video.get("usage")))

    @asynccontextmanager
    async def download(self, ref: RenderRef, status: RenderStatus) -> AsyncIterator[Download]:
        """From the signed address of OpenRouter's own copy, else through its door to the maker's."""
        async with AsyncExitStack() as opened:
            try:
                if not status.result_ref:
                    raise NotFound("OpenRouter keeps no copy of its own")
                file = await opened.enter_async_context(public_download(self._client, status.result_ref))
            except NotFound:
                content = f"{_path(ref)}/content?index=0"
                file = await opened.enter_async_context(public_download(self._client, content))
            yield file

    def adopted(self, render_id: str, wire_name: str) -> RenderRef:  # noqa: ARG002 - the id is all a look needs
        return RenderRef(render_id=render_id)

    async def cancel(self, ref: RenderRef) -> bool:  # noqa: ARG002 - the port's
        """Always False: there is no such call, and the catalogue says so."""
        return False

    async def check(self) -> None:
        """What OpenRouter says about our key; the list of models is shown to everybody."""
        await self._told("key")

    async def balance(self) -> int | None:
        """What the tightest budget on our key leaves; without one the credits, which only some keys may see.

        Source: openrouter 1.3.84, operations/getcurrentkey.py and credits.py (A).
        """
        key = await self._told("key")
        budget = key.get("effective_budget")
        bound = budget.get("remaining_usd") if isinstance(budget, dict) else key.get("limit_remaining")
        if (left := micros_left(bound)) is not None:
            return left
        try:
            credits = await self._told("credits")
        except AuthFailed:
            return None
        bought, used = micros_left(credits.get("total_credits")), micros_left(credits.get("total_usage"))
        return None if bought is None or used is None else max(0, bought - used)

    async def _told(self, what: str) -> dict[str, Any]:
        answer = await self._look(Call.CHECK, what)
        if not (answer.is_success and "data" in answer.fields):
            raise refusal(answer, Call.CHECK)
        told = answer.document["data"]
        return told if isinstance(told, dict) else {}

    async def models_now(self) -> ListedModels | None:
        return await models_listed(self._client, self._protocol)

    async def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent | None:
        return self._webhooks.read(headers, body) if self._webhooks else None

    async def _look(self, call: Call, path: str) -> Answer:
        return await exchange(self._client, call, "GET", path, timeout_s=self._protocol.status_timeout_s)


def _path(ref: RenderRef) -> str:
    return f"videos/{quote(ref.render_id, safe='')}"


def _cost(usage: Any) -> int | None:
    """Dollars as a number to whole micro-dollars, rounded up."""
    dollars = usage.get("cost") if isinstance(usage, dict) else None
    if isinstance(dollars, bool) or not isinstance(dollars, int | float) or not math.isfinite(dollars) or dollars < 0:
        return None
    return math.ceil(round(dollars * 1_000_000, 3))


def _body(request: RenderRequest, wire: Mapping[str, Any]) -> dict[str, Any]:
    """`Model.wire`: `resolutions`, from our word to the model's where they differ."""
    resolutions = request.extra.get("resolutions")
    words = resolutions if isinstance(resolutions, Mapping) else {}
    body: dict[str, Any] = {
        "model": request.wire_name,
        "prompt": request.prompt,
        "duration": request.length_s,
        "resolution": words.get(request.resolution, request.resolution),
        "aspect_ratio": RATIOS[request.shape],
    }
    if request.picture is not None:
        url = data_uri(request.picture, bytes_max=wire["picture_bytes_max"])
        body["frame_images"] = [{"type": "image_url", "image_url": {"url": url}, "frame_type": "first_frame"}]
    if request.audio is not None:
        body["generate_audio"] = request.audio
    if request.seed is not None:
        body["seed"] = request.seed
    if request.webhook_url is not None and request.webhook_url.startswith("https://"):
        body["callback_url"] = request.webhook_url
    return body


_: type[VideoProvider] = OpenRouter
_lists_models: type[ListsModels] = OpenRouter
_tells_balance: type[TellsBalance] = OpenRouter
