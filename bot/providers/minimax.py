"""MiniMax's V2 API: H3 and H3 Max from their maker.

Source: MiniMax's OpenAPI document of V2, read 2026-11-21 (B); section 11.4 of the provider facts. Worth knowing:

- No idempotency key, and the list shows neither prompt nor anything of ours: a lost submit cannot be told from others.
- DELETE means two things: a task that waits is cancelled for nothing, one that ended loses its record and its film. So
  only what was just seen to wait is deleted.
- Callbacks are unsigned, and only sent to who answers a challenge first. What becomes of an order whose challenge is
  not answered is not known, so none is asked for unless the operator wants it (`[services.minimax] webhooks = true`).
- A task can be looked at for seven days. Its film's link is short-lived, and a new look brings a new one.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import quote

import httpx

from bot.catalogue.model import Protocol
from bot.clock import Clock
from bot.providers.answers import Answer, Call
from bot.providers.base import (
    CallsBack,
    Download,
    PollsMany,
    RenderRef,
    RenderRequest,
    RenderState,
    RenderStatus,
    VideoProvider,
    WebhookChallenge,
    WebhookEvent,
)
from bot.providers.callbacks import event_about, json_of
from bot.providers.data_uris import data_uri
from bot.providers.errors import ProviderError
from bot.providers.minimax_task import id_in, refusal, status_of
from bot.providers.transport import exchange, public_download
from bot.providers.video_object import id_of

TASKS: Final = "v2/video_generation"
LOOKS: Final = "v2/query/video_generation"


class MiniMax:
    """One account. `client` carries the API key as `Authorization: Bearer ...`."""

    def __init__(self, client: httpx.AsyncClient, protocol: Protocol, clock: Clock) -> None:  # noqa: ARG002 - as all are
        self._client, self._protocol = client, protocol

    async def submit(self, request: RenderRequest) -> RenderRef:
        """Start a render. Not repeatable: MiniMax knows no idempotency key."""
        answer = await exchange(
            self._client,
            Call.SUBMIT,
            "POST",
            TASKS,
            json=_body(request, self._protocol.wire),
            timeout_s=self._protocol.submit_timeout_s,
        )
        render_id = id_in(answer.document) if answer.is_success else None
        if render_id is None:
            raise refusal(answer, Call.SUBMIT, not_accepted=self._protocol.not_accepted)
        return RenderRef(render_id=render_id, request_id=answer.request_id)

    async def poll(self, ref: RenderRef) -> RenderStatus:
        return await self._looked(ref, Call.POLL)

    async def poll_many(self, refs: Sequence[RenderRef]) -> Mapping[str, RenderStatus | ProviderError]:
        """Through the list's filter of ids. Whatever it leaves out is looked at alone by the caller."""
        wanted = [each.render_id for each in refs]
        params = {"page_num": 1, "page_size": len(wanted), "filter.task_ids": wanted}
        answer = await self._asked(Call.POLL, "GET", LOOKS, params)
        told: dict[str, RenderStatus | ProviderError] = {}
        for task in _items(answer, Call.POLL):
            if (render_id := task.get("id")) in wanted:
                try:
                    told[render_id] = status_of(task, answer)
                except ProviderError as error:
                    told[render_id] = error
        return told

    @asynccontextmanager
    async def download(self, ref: RenderRef, status: RenderStatus) -> AsyncIterator[Download]:  # noqa: ARG002 - the port's
        """Open the file: a signed link that needs no key."""
        async with public_download(self._client, status.result_ref) as download:
            yield download

    def adopted(self, render_id: str, wire_name: str) -> RenderRef:  # noqa: ARG002 - the id is all a look needs
        return RenderRef(render_id=render_id)

    async def cancel(self, ref: RenderRef) -> bool:
        """Only a task that still waits is cancelled, which is free; a running one cannot be stopped."""
        if (await self._looked(ref, Call.CANCEL)).state is not RenderState.QUEUED:
            return False
        answer = await self._asked(Call.CANCEL, "DELETE", f"{TASKS}/{quote(ref.render_id, safe='')}")
        if answer.status in {400, 404, 409, 422}:
            return False  # It began to run in between.
        if not answer.is_success or not isinstance(answer.document, dict):
            raise refusal(answer, Call.CANCEL)
        return answer.document.get("status") == "cancelled"

    async def check(self) -> None:
        """The list's first line: free, and shown to a valid key only."""
        _items(await self._asked(Call.CHECK, "GET", LOOKS, {"page_num": 1, "page_size": 1}), Call.CHECK)

    async def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent | None:  # noqa: ARG002
        """Always None: nothing in a callback proves who sent it."""
        return None

    async def called_back(self, body: bytes) -> WebhookEvent | WebhookChallenge | None:
        """A task, as a look would show it; before the first one a challenge, to be repeated within three seconds."""
        told = json_of(body)
        if isinstance(told, dict) and isinstance(challenge := told.get("challenge"), str):
            return WebhookChallenge(answer=json.dumps({"challenge": challenge[:1000]}))
        task = told.get("task", told) if isinstance(told, dict) else None
        render_id = id_of(task)
        return event_about(render_id, body) if render_id is not None else None

    async def _looked(self, ref: RenderRef, call: Call) -> RenderStatus:
        answer = await self._asked(call, "GET", f"{LOOKS}/{quote(ref.render_id, safe='')}")
        task = answer.fields.get("task") if answer.is_success else None
        if not isinstance(task, dict):
            raise refusal(answer, call)
        return status_of(task, answer)

    async def _asked(self, call: Call, method: str, url: str, params: Mapping[str, Any] | None = None) -> Answer:
        timeout_s = self._protocol.status_timeout_s
        return await exchange(self._client, call, method, url, params=params, timeout_s=timeout_s)


def _items(answer: Answer, call: Call) -> list[Mapping[str, Any]]:
    """The tasks that a list shows. An empty one may be left out where the service counts none."""
    page = answer.fields if answer.is_success else {}
    items = page.get("items", [] if page.get("total") == 0 else None)
    if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
        raise refusal(answer, call)
    return items


def _body(request: RenderRequest, wire: Mapping[str, Any]) -> dict[str, Any]:
    """A request in MiniMax's terms. With a first frame its own shape is kept, whatever else is said."""
    model: Mapping[str, Any] = request.extra
    content: list[dict[str, Any]] = [{"type": "text", "text": request.prompt}]
    ratio = wire["ratios"][request.shape.value]
    if request.picture is not None:
        url = data_uri(request.picture, bytes_max=wire["picture_bytes_max"])
        content.append({"type": "image_url", "image_url": {"url": url}, "role": "first_frame"})
        ratio = "adaptive"
    body = {
        "model": request.wire_name,
        "content": content,
        "resolution": model["resolutions"][request.resolution],
        "duration": request.length_s,
        "ratio": ratio,
    }
    return body | ({"callback_url": request.webhook_url} if request.webhook_url else {})


_: type[VideoProvider] = MiniMax
_polls_many: type[PollsMany] = MiniMax
_calls_back: type[CallsBack] = MiniMax
