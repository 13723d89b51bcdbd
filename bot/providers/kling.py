"""Kling, as it speaks since June 2026: a plain API key, the model in the path, all tasks looked at in one place.

Source: section 7 of the provider facts; Kling's document-api as others keep it, 2026-09 and 2026-10 (C). Worth knowing:

- `external_task_id` is unique in an account. A repetition is refused with "already exists" and costs nothing, so a lost
  submit is repeated with the same key, and the refusal leads to the task that the first one started.
- No task can be cancelled, none has progress, and a batch of looks with one id that Kling does not like is refused
  as a whole.
- Text alone goes under `prompt`, text with a picture under `contents`; an omni model always takes `contents`.
"""

import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import httpx

from bot.catalogue.model import Protocol
from bot.clock import Clock
from bot.providers.answers import Answer, Call
from bot.providers.base import (
    CallsBack,
    Download,
    FindsRenders,
    FoundRender,
    PollsMany,
    RenderRef,
    RenderRequest,
    RenderStatus,
    VideoProvider,
    WebhookEvent,
)
from bot.providers.callbacks import event_about, json_of
from bot.providers.errors import CapacityFailed, InvalidRequest, NotFound, OutcomeUnknown, ProviderError
from bot.providers.kling_task import client_key_of, data_of, found_render, id_of, records_in, status_of
from bot.providers.kling_verdicts import is_duplicate, refusal, request_id_of
from bot.providers.standard_webhooks import StandardWebhooks
from bot.providers.transport import exchange, public_download

PAGE_SIZE = 500
PAGES_MAX = 50


class Kling:
    """One account. `client` carries the API key as `Authorization: Bearer ...`.

    Callbacks are signed only after a secret was made in Kling's console; without one they are a reason to look, if they
    come to the address that Kling alone was told.
    """

    def __init__(
        self, client: httpx.AsyncClient, protocol: Protocol, clock: Clock, *, webhook_secret: str | None = None
    ) -> None:
        self._client, self._protocol = client, protocol
        self._webhooks = StandardWebhooks(webhook_secret, clock) if webhook_secret else None

    async def submit(self, request: RenderRequest) -> RenderRef:
        """Start a render, or find the one that the same key has started before."""
        answer = await exchange(
            self._client,
            Call.SUBMIT,
            "POST",
            request.wire_name,
            json=_body(request, self._protocol.wire),
            timeout_s=self._protocol.submit_timeout_s,
        )
        if is_duplicate(answer):
            return await self._started_before(request.client_key)
        render_id = id_of(data_of(answer))
        if render_id is None:
            raise refusal(answer, Call.SUBMIT, not_accepted=self._protocol.not_accepted)
        return RenderRef(render_id=render_id, request_id=request_id_of(answer))

    async def poll(self, ref: RenderRef) -> RenderStatus:
        answer = await self._look(Call.POLL, params={"task_ids": ref.render_id})
        for record in _records(answer, Call.POLL):
            if id_of(record) == ref.render_id:
                return status_of(record, answer)
        raise NotFound("Kling does not know this task", http_status=answer.status)

    async def poll_many(self, refs: Sequence[RenderRef]) -> Mapping[str, RenderStatus | ProviderError]:
        """Up to `poll_batch_max` tasks in one look. One odd id spoils it for all: then each is looked at alone."""
        answer = await self._look(Call.POLL, params={"task_ids": ",".join(each.render_id for each in refs)})
        try:
            records = _records(answer, Call.POLL)
        except (InvalidRequest, NotFound):
            return {}
        asked = {each.render_id for each in refs}
        told = {render_id: record for record in records if (render_id := id_of(record)) in asked and render_id}
        return {render_id: _status_or_error(record, answer) for render_id, record in told.items()}

    @asynccontextmanager
    async def download(self, ref: RenderRef, status: RenderStatus) -> AsyncIterator[Download]:  # noqa: ARG002 - the port's
        """Open the file: a signed link, kept for 30 days, that needs no key."""
        async with public_download(self._client, status.result_ref) as download:
            yield download

    async def find(self, since: datetime) -> list[FoundRender]:
        """Every video task since then, page by page.

        Raises:
            CapacityFailed: the list has no end, goes in circles, or shows a task that cannot be told from ours.
        """
        found: dict[str, FoundRender] = {}
        cursor = ""
        for _ in range(PAGES_MAX):
            records, cursor = await self._page(since, cursor)
            new = {each.ref.render_id: each for each in map(found_render, records)}
            if cursor and not new.keys() - found.keys():
                raise CapacityFailed("Kling's list of tasks goes in circles")
            found |= new
            if not cursor:
                return [each for each in found.values() if each.created_at is None or each.created_at >= since]
        raise CapacityFailed(f"Kling's list of tasks goes on after {PAGES_MAX} pages")

    def adopted(self, render_id: str, wire_name: str) -> RenderRef:  # noqa: ARG002 - one place for all models
        return RenderRef(render_id=render_id)

    async def cancel(self, ref: RenderRef) -> bool:  # noqa: ARG002 - the port's
        """Never: Kling has no way to stop a video, and the catalogue says so."""
        return False

    async def check(self) -> None:
        """Look at a task that is none: the right key is told so, a wrong one is refused. Costs nothing (seen live)."""
        _records(await self._look(Call.CHECK, params={"task_ids": "0"}), Call.CHECK)

    async def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent | None:
        return event_of(self._webhooks, headers, body)

    async def called_back(self, body: bytes) -> WebhookEvent | None:
        return unsigned_event(self._webhooks, body)

    async def _started_before(self, client_key: str) -> RenderRef:
        """The task that a refused repetition speaks of. Not shown yet: as open as before."""
        try:
            answer = await self._look(Call.FIND, params={"external_task_ids": client_key})
            records = _records(answer, Call.FIND)
        except ProviderError as error:
            raise OutcomeUnknown(f"Kling has this order already, and cannot be asked: {error.detail}") from None
        for record in records:
            render_id = id_of(record)
            if render_id is not None and client_key_of(record) == client_key:
                return RenderRef(render_id=render_id, request_id=request_id_of(answer))
        raise OutcomeUnknown("Kling has this order already, and does not show it")

    async def _page(self, since: datetime, cursor: str) -> tuple[list[Mapping[str, Any]], str]:
        """Tasks and the next page's cursor, "" after the last. A cursor makes the service forget the times."""
        wanted = {
            "start_time": str(int(since.timestamp() * 1000)),
            "limit": PAGE_SIZE,
            "filters": [{"key": "product_type", "values": ["video"]}],
        }
        answer = await self._look(Call.FIND, method="POST", json=wanted | ({"cursor": cursor} if cursor else {}))
        data = data_of(answer)
        listed = data.get("result") if isinstance(data, dict) else None
        if not isinstance(data, dict) or not isinstance(listed, list):
            raise refusal(answer, Call.FIND)
        following = data.get("next_cursor") if data.get("has_more") else ""
        if data.get("has_more") and not (isinstance(following, str) and following):
            raise CapacityFailed("Kling's list of tasks has more and does not say where")
        return listed, str(following)

    async def _look(
        self, call: Call, *, method: str = "GET", params: Mapping[str, str] | None = None, json: Any = None
    ) -> Answer:
        timeout_s = self._protocol.status_timeout_s
        return await exchange(self._client, call, method, "tasks", params=params, json=json, timeout_s=timeout_s)


def event_of(webhooks: StandardWebhooks | None, headers: Mapping[str, str], body: bytes) -> WebhookEvent | None:
    """The task that a genuine callback speaks of: it is a task record, of the new style or the old."""
    delivery = webhooks.read(headers, body) if webhooks else None
    render_id = id_of(delivery[1]) if delivery else None
    return WebhookEvent(event_id=delivery[0], render_id=render_id) if delivery and render_id else None


def unsigned_event(webhooks: StandardWebhooks | None, body: bytes) -> WebhookEvent | None:
    """The same of a callback that nobody signed; none is believed where there is a secret to sign with."""
    render_id = id_of(json_of(body)) if webhooks is None else None
    return event_about(render_id, body) if render_id is not None else None


def picture_text(request: RenderRequest, bytes_max: int) -> str:
    """The first frame as bare base64: Kling takes the prefix of a data URI for part of the picture.

    Raises:
        InvalidRequest: it is larger than Kling takes inside a request.
    """
    content = request.picture.content if request.picture else b""
    if len(content) > bytes_max:
        raise InvalidRequest(f"the picture has {len(content)} bytes, more than {bytes_max}")
    return base64.b64encode(content).decode()


def _records(answer: Answer, call: Call) -> list[Mapping[str, Any]]:
    records = records_in(data_of(answer))
    if records is None:
        raise refusal(answer, call)
    return records


def _status_or_error(record: Mapping[str, Any], answer: Answer) -> RenderStatus | ProviderError:
    try:
        return status_of(record, answer)
    except ProviderError as error:
        return error


def _body(request: RenderRequest, wire: Mapping[str, Any]) -> dict[str, Any]:
    """`Model.wire`: `settings` that go along as they are, and `contents` true for models that take nothing else."""
    model: Mapping[str, Any] = request.extra
    resolution = wire["resolutions"].get(request.resolution, request.resolution)
    settings = {"resolution": resolution, "duration": request.length_s, **model.get("settings", {})}
    body: dict[str, Any] = {"settings": settings}
    prompt = {"type": "prompt", "text": request.prompt}
    if request.picture is not None:  # Its shape is the video's: there is no field for another.
        frame = {"type": "first_frame", "url": picture_text(request, wire["picture_bytes_max"])}
        body["contents"] = [prompt, frame]
    else:
        body["settings"]["aspect_ratio"] = wire["aspect_ratios"][request.shape.value]
        body |= {"contents": [prompt]} if model.get("contents") else {"prompt": request.prompt}
    options = {"external_task_id": request.client_key, "watermark_info": {"enabled": False}}
    return body | {"options": options | ({"callback_url": request.webhook_url} if request.webhook_url else {})}


_: type[VideoProvider] = Kling
_finds_renders: type[FindsRenders] = Kling
_polls_many: type[PollsMany] = Kling
_calls_back: type[CallsBack] = Kling
