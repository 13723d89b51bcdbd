"""Replicate's predictions: submit, look, search, cancel, webhooks signed with the account's own secret.

Sources: replicate 1.0.7 and Replicate's pages on lifecycle, errors and rate limits, read 2026-11-21. Worth knowing:

- No idempotency key, but a list: a lost submit is found by model, prompt and time while the list keeps its input, which
  for predictions made over the API is about an hour.
- An answer repeats the whole input. A picture inside it would make every look as large as the picture, so it is
  uploaded first, which costs nothing, and travels as an address.
- A prediction that has started is paid for even when it is stopped; one that waits is not.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlsplit

import httpx

from bot.catalogue import model as catalogue
from bot.clock import Clock
from bot.providers.answers import Answer, Call
from bot.providers.base import (
    Download,
    FindsRenders,
    FoundRender,
    Picture,
    RenderRef,
    RenderRequest,
    RenderState,
    RenderStatus,
    VideoProvider,
    WebhookEvent,
)
from bot.providers.errors import CapacityFailed, InvalidRequest, OutcomeUnknown
from bot.providers.listings import PAGES_MAX, goes_back_past
from bot.providers.replicate_input import input_of
from bot.providers.replicate_prediction import found_render, id_of, is_free_end, status_of
from bot.providers.replicate_verdicts import refusal
from bot.providers.replicate_webhooks import ReplicateWebhooks
from bot.providers.transport import exchange, public_download

PREDICTIONS: Final = "/v1/predictions"


class Replicate:
    """One account at Replicate. `client` carries the key as `Authorization: Bearer ...`.

    `Protocol.wire`: `picture_bytes_max`, the most that is uploaded.
    """

    def __init__(self, client: httpx.AsyncClient, protocol: catalogue.Protocol, clock: Clock) -> None:
        self._client, self._protocol = client, protocol
        self._webhooks = ReplicateWebhooks(self._fetch_secret, clock)

    async def submit(self, request: RenderRequest) -> RenderRef:
        """Create a prediction. Not repeatable: Replicate knows no idempotency key."""
        picture_url = await self._uploaded(request.picture) if request.picture is not None else None
        body: dict[str, Any] = {"input": input_of(request, picture_url=picture_url)}
        if request.webhook_url:
            body |= {"webhook": request.webhook_url, "webhook_events_filter": ["completed"]}
        answer = await self._asked(Call.SUBMIT, "POST", f"/v1/models/{quote(request.wire_name)}/predictions", json=body)
        prediction_id = id_of(answer.document)
        if prediction_id is None:
            raise OutcomeUnknown("Replicate took the order and named no prediction", http_status=answer.status)
        return RenderRef(render_id=prediction_id, request_id=answer.request_id)

    async def poll(self, ref: RenderRef) -> RenderStatus:
        return status_of(await self._prediction(ref, Call.POLL))

    @asynccontextmanager
    async def download(self, ref: RenderRef, status: RenderStatus) -> AsyncIterator[Download]:  # noqa: ARG002 - the port's
        """Open the file. It needs no key, and Replicate removes it about an hour after the end."""
        async with public_download(self._client, status.result_ref) as download:
            yield download

    async def find(self, since: datetime) -> list[FoundRender]:
        """Every prediction since then, back page by page.

        Raises:
            CapacityFailed: the list cannot prove an absence: it has no end, goes in circles, or shows a prediction of
                that time whose input Replicate has removed already.
        """
        found: dict[str, FoundRender] = {}
        cursor = ""
        for _ in range(PAGES_MAX):
            items, following = await self._page(cursor)
            new = {each.ref.render_id: each for each in (found_render(item, since) for item in items)}
            if items and not new.keys() - found.keys():
                raise CapacityFailed("Replicate's list of predictions goes in circles")
            found |= new
            if not following or goes_back_past(since, list(found.values())):
                return [each for each in found.values() if each.created_at is None or each.created_at >= since]
            cursor = following
        raise CapacityFailed(f"Replicate's list of predictions goes on after {PAGES_MAX} pages")

    def adopted(self, render_id: str, wire_name: str) -> RenderRef:  # noqa: ARG002 - one place for all models
        return RenderRef(render_id=render_id)

    async def cancel(self, ref: RenderRef) -> bool:
        """Stop a prediction that waits. One that has started would be paid for all the same, so it goes on."""
        if status_of(await self._prediction(ref, Call.CANCEL)).state is not RenderState.QUEUED:
            return False
        return is_free_end(await self._asked(Call.CANCEL, "POST", f"{_path(ref)}/cancel"))

    async def check(self) -> None:
        """Look at the account. It does not say what is left of its credit."""
        answer = await self._asked(Call.CHECK, "GET", "/v1/account")
        if "username" not in answer.fields:
            raise CapacityFailed("Replicate's answer is not about an account", http_status=answer.status)

    async def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent | None:
        delivery = await self._webhooks.read(headers, body)
        render_id = id_of(delivery[1]) if delivery else None
        return WebhookEvent(event_id=delivery[0], render_id=render_id) if delivery and render_id else None

    async def _prediction(self, ref: RenderRef, call: Call) -> Answer:
        return await self._asked(call, "GET", _path(ref))

    async def _page(self, cursor: str) -> tuple[list[Any], str]:
        """One page of the list, new to old, and the cursor of the next. Its address is ours, whatever `next` says."""
        answer = await self._asked(Call.FIND, "GET", PREDICTIONS, params={"cursor": cursor} if cursor else None)
        page = answer.fields
        items, following = page.get("results"), page.get("next")
        if not isinstance(items, list):
            raise CapacityFailed("Replicate's answer is no list of predictions", http_status=answer.status)
        if not following:
            return items, ""
        cursors = parse_qs(urlsplit(str(following)).query).get("cursor")
        if not cursors:
            raise CapacityFailed("Replicate's list of predictions has more and does not say where")
        return items, cursors[0]

    async def _uploaded(self, picture: Picture) -> str:
        """The address of an uploaded picture. Whatever fails here is a proof that no prediction was created."""
        bytes_max = self._protocol.wire["picture_bytes_max"]
        if len(picture.content) > bytes_max:
            raise InvalidRequest(f"the picture has {len(picture.content)} bytes, more than {bytes_max}")
        name = f"frame.{picture.mime.rpartition('/')[2]}"
        files = {"content": (name, picture.content, picture.mime)}
        answer = await self._asked(Call.CHECK, "POST", "/v1/files", files=files)
        urls = answer.fields.get("urls")
        url = urls.get("get") if isinstance(urls, dict) else None
        if not isinstance(url, str) or not url:
            raise CapacityFailed("Replicate took the picture and named no address", http_status=answer.status)
        return url

    async def _fetch_secret(self) -> str:
        answer = await self._asked(Call.CHECK, "GET", "/v1/webhooks/default/secret")
        key = answer.fields.get("key")
        return key if isinstance(key, str) else ""

    async def _asked(self, call: Call, method: str, path: str, **sent: Any) -> Answer:
        """One call that succeeded; anything else is raised."""
        is_slow = call is Call.SUBMIT or "files" in sent
        timeout_s = self._protocol.submit_timeout_s if is_slow else self._protocol.status_timeout_s
        answer = await exchange(self._client, call, method, path, timeout_s=timeout_s, **sent)
        if not answer.is_success:
            raise refusal(answer, call, not_accepted=self._protocol.not_accepted)
        return answer


def _path(ref: RenderRef) -> str:
    return f"{PREDICTIONS}/{quote(ref.render_id, safe='')}"


_: type[VideoProvider] = Replicate
_finds_renders: type[FindsRenders] = Replicate
