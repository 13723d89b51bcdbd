"""Kling's older style, for accounts with an access key and a secret: flat bodies, one place to look per kind of video.

Source: section 7 of the provider facts; Kling's document-api as others keep it, 2026-06 to 2026-10 (C). The newer style
refuses these keys (401, 1002); the older one takes the new API keys too, so a client that carries one needs no pair.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import httpx
import jwt

from bot.catalogue.model import Protocol
from bot.clock import Clock
from bot.providers.answers import Answer, Call
from bot.providers.base import (
    CallsBack,
    Download,
    FindsRenders,
    FoundRender,
    RenderRef,
    RenderRequest,
    RenderStatus,
    VideoProvider,
    WebhookEvent,
)
from bot.providers.errors import CapacityFailed, NotFound, OutcomeUnknown, ProviderError
from bot.providers.kling import event_of, picture_text, unsigned_event
from bot.providers.kling_task import data_of, found_render, id_of, status_of
from bot.providers.kling_verdicts import is_duplicate, refusal, request_id_of
from bot.providers.standard_webhooks import StandardWebhooks
from bot.providers.transport import exchange, public_download

PAGE_SIZE: Final = 500
PAGES_MAX: Final = 20
KINDS: Final = ("text2video", "image2video")
TOKEN_LIVES_FOR: Final = timedelta(minutes=30)
CLOCKS_APART: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class KeyPair:
    """An access key and its secret. The secret never travels: it signs a token for each request."""

    access_key: str
    secret_key: str

    def token(self, now: datetime) -> str:
        claims = {"iss": self.access_key, "exp": now + TOKEN_LIVES_FOR, "nbf": now - CLOCKS_APART}
        return jwt.encode(claims, self.secret_key, algorithm="HS256")


class KlingLegacy:
    """One account. With `keys` every request carries a token of its own, without them what `client` carries.

    `Model.wire_name` is the kind of video and the model: `text2video/kling-v3`. The kind is kept in `poll_ref`.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        protocol: Protocol,
        clock: Clock,
        *,
        keys: KeyPair | None = None,
        webhook_secret: str | None = None,
    ) -> None:
        self._client, self._protocol, self._clock, self._keys = client, protocol, clock, keys
        self._webhooks = StandardWebhooks(webhook_secret, clock) if webhook_secret else None

    async def submit(self, request: RenderRequest) -> RenderRef:
        """Start a render, or find the one that the same key has started before."""
        kind, _, model = request.wire_name.partition("/")
        timeout_s = self._protocol.submit_timeout_s
        body = _body(request, model, self._protocol.wire)
        answer = await self._call(Call.SUBMIT, "POST", kind, timeout_s=timeout_s, json=body)
        if is_duplicate(answer):
            return await self._started_before(kind, request.client_key)
        render_id = id_of(data_of(answer))
        if render_id is None:
            raise refusal(answer, Call.SUBMIT, not_accepted=self._protocol.not_accepted)
        return RenderRef(render_id=render_id, poll_ref=kind, request_id=request_id_of(answer))

    async def poll(self, ref: RenderRef) -> RenderStatus:
        if ref.poll_ref not in KINDS:
            raise NotFound("this render is kept under a kind that is not Kling's")
        return await self._task(ref.poll_ref, ref.render_id, Call.POLL)

    @asynccontextmanager
    async def download(self, ref: RenderRef, status: RenderStatus) -> AsyncIterator[Download]:  # noqa: ARG002 - the port's
        """Open the file: a signed link, kept for 30 days, that needs no key."""
        async with public_download(self._client, status.result_ref) as download:
            yield download

    async def find(self, since: datetime) -> list[FoundRender]:
        """Every task of both kinds since then. Early stop only where a page was seen to go from new to old."""
        found: dict[str, FoundRender] = {}
        for kind in KINDS:
            found |= await self._listed(kind, since)
        return [each for each in found.values() if each.created_at is None or each.created_at >= since]

    def adopted(self, render_id: str, wire_name: str) -> RenderRef:
        return RenderRef(render_id=render_id, poll_ref=wire_name.partition("/")[0])

    async def cancel(self, ref: RenderRef) -> bool:  # noqa: ARG002 - the port's
        """Never: Kling has no way to stop a video, and the catalogue says so."""
        return False

    async def check(self) -> None:
        """The list's first line, which costs nothing (seen live)."""
        answer = await self._look(Call.CHECK, KINDS[0], {"pageNum": 1, "pageSize": 1})
        if not isinstance(data_of(answer), list):
            raise refusal(answer, Call.CHECK)

    async def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent | None:
        return event_of(self._webhooks, headers, body)

    async def called_back(self, body: bytes) -> WebhookEvent | None:
        return unsigned_event(self._webhooks, body)

    async def _task(self, kind: str, name: str, call: Call) -> RenderStatus:
        answer = await self._look(call, f"{kind}/{quote(name, safe='')}")
        record = data_of(answer)
        if id_of(record) is None:
            raise refusal(answer, call)
        return status_of(record, answer)

    async def _started_before(self, kind: str, client_key: str) -> RenderRef:
        """The task that a refused repetition speaks of: our key stands where its id would. Not shown: still open."""
        try:
            answer = await self._look(Call.FIND, f"{kind}/{quote(client_key, safe='')}")
        except ProviderError as error:
            raise OutcomeUnknown(f"Kling has this order already, and cannot be asked: {error.detail}") from None
        render_id = id_of(data_of(answer))
        if render_id is None:
            raise OutcomeUnknown("Kling has this order already, and does not show it")
        return RenderRef(render_id=render_id, poll_ref=kind, request_id=request_id_of(answer))

    async def _listed(self, kind: str, since: datetime) -> dict[str, FoundRender]:
        found: dict[str, FoundRender] = {}
        for page in range(1, PAGES_MAX + 1):
            answer = await self._look(Call.FIND, kind, {"pageNum": page, "pageSize": PAGE_SIZE})
            records = data_of(answer)
            if not isinstance(records, list):
                raise refusal(answer, Call.FIND)
            shown = [found_render(each, poll_ref=kind) for each in records]
            found |= {each.ref.render_id: each for each in shown}
            if len(shown) < PAGE_SIZE or _goes_back_past(since, shown):
                return found
        raise CapacityFailed(f"Kling's list of tasks goes on after {PAGES_MAX} pages")

    async def _look(self, call: Call, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        return await self._call(call, "GET", path, timeout_s=self._protocol.status_timeout_s, params=params)

    async def _call(self, call: Call, method: str, path: str, *, timeout_s: float, **sent: Any) -> Answer:
        headers = {"Authorization": f"Bearer {self._keys.token(self._clock.now())}"} if self._keys else None
        url = f"v1/videos/{path}"
        return await exchange(self._client, call, method, url, timeout_s=timeout_s, headers=headers, **sent)


def _goes_back_past(since: datetime, shown: list[FoundRender]) -> bool:
    times = [each.created_at for each in shown if each.created_at is not None]
    return len(times) == len(shown) and times == sorted(times, reverse=True) and times[-1] < since < times[0]


def _body(request: RenderRequest, model: str, wire: Mapping[str, Any]) -> dict[str, Any]:
    """`Model.wire`: `fixed` fields that go along as they are. Every length is text here."""
    facts: Mapping[str, Any] = request.extra
    body: dict[str, Any] = dict(facts.get("fixed", {}))
    body |= {"model_name": model, "prompt": request.prompt, "duration": str(request.length_s)}
    body |= {"mode": wire["modes"][request.resolution], "external_task_id": request.client_key}
    if request.picture is not None:  # Its shape is the video's: there is no field for another.
        body["image"] = picture_text(request, wire["picture_bytes_max"])
    else:
        body["aspect_ratio"] = wire["aspect_ratios"][request.shape.value]
    return body | ({"callback_url": request.webhook_url} if request.webhook_url else {})


_: type[VideoProvider] = KlingLegacy
_finds_renders: type[FindsRenders] = KlingLegacy
_calls_back: type[CallsBack] = KlingLegacy
