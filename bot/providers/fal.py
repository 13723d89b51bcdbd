"""fal's queue: submit, look, fetch the result, cancel; signed webhooks.

Sources: fal-client 1.0.3 and fal's queue, webhook, retry, error and platform pages, read 2026-11-21. Worth knowing:

- There is no FAILED. A failed render is COMPLETED with `error`, or its result answers 4xx or 5xx.
- No idempotency key and no list: a lost answer to a submit leaves only the webhook to find the render by.
- fal repeats a render itself up to ten times when its own machines fail (503, 504, lost runners). Those are not billed,
  so we let it: `x-fal-no-retry` would buy nothing but more failures. No `X-Fal-Request-Timeout` either: it would throw
  a render away that waits in the queue, and waiting costs nothing; our own bound is the model's `wait_max_s`.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

from bot.catalogue import model as catalogue
from bot.clock import Clock
from bot.providers.answers import Answer, Call, read_answer, render_id_of
from bot.providers.balances import micros_left
from bot.providers.base import (
    Download,
    RenderRef,
    RenderRequest,
    RenderState,
    RenderStatus,
    TellsBalance,
    VideoProvider,
    WebhookEvent,
)
from bot.providers.errors import CapacityFailed, NotFound, OutcomeUnknown, ProviderError
from bot.providers.fal_addresses import FalAddresses
from bot.providers.fal_input import arguments_of
from bot.providers.fal_verdicts import (
    CANCELLED,
    code_of,
    failure_in_status,
    is_verdict,
    refusal,
    said_in_status,
)
from bot.providers.fal_webhooks import FalSignatures
from bot.providers.transport import exchange, public_download, translated


class Fal:
    """One account at fal. `client` carries the key as `Authorization: Key ...` and the queue's base URL."""

    def __init__(self, client: httpx.AsyncClient, protocol: catalogue.Protocol, clock: Clock) -> None:
        self._client, self._protocol = client, protocol
        self._at = FalAddresses(client.base_url, protocol.wire)
        self._signatures = FalSignatures(self._fetch_keys, clock)

    async def submit(self, request: RenderRequest) -> RenderRef:
        """Put a render into the queue. Not repeatable: fal knows no idempotency key."""
        answer = await exchange(
            self._client,
            Call.SUBMIT,
            "POST",
            self._at.submit(request.wire_name),
            params={"fal_webhook": request.webhook_url} if request.webhook_url else None,
            json=arguments_of(request),
            timeout_s=self._protocol.submit_timeout_s,
        )
        if not 200 <= answer.status < 300:
            raise refusal(answer, Call.SUBMIT, not_accepted=self._protocol.not_accepted)
        accepted = answer.fields
        request_id = render_id_of(accepted.get("request_id"))
        if request_id is None:
            raise OutcomeUnknown("fal took the order and named no request", http_status=answer.status)
        return RenderRef(
            render_id=request_id,
            poll_ref=self._at.kept(request.wire_name, request_id, accepted),
            request_id=request_id,
        )

    async def poll(self, ref: RenderRef) -> RenderStatus:
        """Look once, and when fal says COMPLETED fetch the result, which alone says whether there is a video."""
        answer = await self._looked(ref, "status")
        if not 200 <= answer.status < 300:
            raise refusal(answer, Call.POLL)
        document = answer.fields
        match word := document.get("status"):
            case "IN_QUEUE":
                return RenderStatus(state=RenderState.QUEUED, request_id=ref.request_id)
            case "IN_PROGRESS":
                return RenderStatus(state=RenderState.RUNNING, request_id=ref.request_id)
            case "COMPLETED":
                return await self._ended(ref, document)
            case str():
                return RenderStatus(state=RenderState.RUNNING, unknown_word=word[:100], request_id=ref.request_id)
            case _:
                raise CapacityFailed("fal's answer has no status", http_status=answer.status)

    @asynccontextmanager
    async def download(self, ref: RenderRef, status: RenderStatus) -> AsyncIterator[Download]:  # noqa: ARG002 - the port's
        """Open the file. It lies on fal's public file server for at least 7 days and needs no key."""
        async with public_download(self._client, status.result_ref) as download:
            yield download

    def adopted(self, render_id: str, wire_name: str) -> RenderRef:
        """The ref that fal-client would make from the id a webhook brought."""
        kept = self._at.kept(wire_name, render_id, {})
        return RenderRef(render_id=render_id, poll_ref=kept, request_id=render_id)

    async def cancel(self, ref: RenderRef) -> bool:
        """True only for 200 OK: fal took it out of the queue. 202 CANCELLATION_REQUESTED asks a running model to stop,
        which it may or may not do, so it may still be charged; 400 ALREADY_COMPLETED and 404 NOT_FOUND come too late.
        """
        answer = await exchange(
            self._client,
            Call.CANCEL,
            "PUT",
            self._at.of(ref.poll_ref, "cancel"),
            timeout_s=self._protocol.status_timeout_s,
        )
        if answer.status in {200, 202, 400, 404}:
            return answer.status == 200 and answer.fields.get("status") == "OK"
        raise refusal(answer, Call.CANCEL)

    async def check(self) -> None:
        """Ask for one model's price, which fal answers to a valid key only and charges nothing for.

        It does not see a lock for an exhausted balance: only calls that cost are refused then (fal's issue 1147).
        """
        answer = await exchange(
            self._client,
            Call.CHECK,
            "GET",
            self._at.pricing,
            params={"endpoint_id": self._protocol.wire["check_endpoint"]},
            timeout_s=self._protocol.status_timeout_s,
        )
        if not 200 <= answer.status < 300:
            raise refusal(answer, Call.CHECK)

    async def balance(self) -> int | None:
        """The account's credits, which fal tells to keys with the admin scope alone; to others it says nothing.

        Source: https://fal.ai/docs/platform-apis/v1/account/billing, read 2026-11-21 (B).
        """
        answer = await exchange(
            self._client,
            Call.CHECK,
            "GET",
            self._at.billing,
            params={"expand": "credits"},
            timeout_s=self._protocol.status_timeout_s,
        )
        if answer.status == 403:
            return None
        if not 200 <= answer.status < 300:
            raise refusal(answer, Call.CHECK)
        told = answer.fields.get("credits")
        if not isinstance(told, dict) or told.get("currency") != "USD":
            return None
        return micros_left(told.get("current_balance"))

    async def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent | None:
        request_id = await self._signatures.request_id_of(headers, body)
        return WebhookEvent(event_id=request_id, render_id=request_id) if request_id else None

    async def _ended(self, ref: RenderRef, document: dict[str, Any]) -> RenderStatus:
        """The end of a render. A result that cannot be read now is raised: the next look reads it again."""
        if document.get("error_type") == CANCELLED:
            return RenderStatus(
                state=RenderState.CANCELLED, failure=said_in_status(document), request_id=ref.request_id
            )
        if failure := failure_in_status(document):
            return _failed(ref, failure)
        answer = await self._looked(ref, "response")
        if 200 <= answer.status < 300:
            if url := _video_url(answer.fields):
                return RenderStatus(state=RenderState.SUCCEEDED, result_ref=url, request_id=ref.request_id)
            if document.get("error"):
                return _failed(ref, said_in_status(document))
            return _failed(ref, NotFound("fal says it is finished, and sent no video"))
        verdict = refusal(answer, Call.POLL)
        if code_of(answer) == CANCELLED:
            return RenderStatus(state=RenderState.CANCELLED, failure=verdict, request_id=ref.request_id)
        if is_verdict(answer):
            return _failed(ref, verdict)
        if document.get("error"):
            return _failed(ref, said_in_status(document))
        raise verdict

    async def _looked(self, ref: RenderRef, what: str) -> Answer:
        return await exchange(
            self._client, Call.POLL, "GET", self._at.of(ref.poll_ref, what), timeout_s=self._protocol.status_timeout_s
        )

    async def _fetch_keys(self) -> Any:
        """fal's public keys. The request is made outside the client, so that our own key stays out of it."""
        timeout_s = self._protocol.status_timeout_s
        request = httpx.Request(
            "GET",
            self._at.keys,
            headers={"Accept-Encoding": "identity"},
            extensions={"timeout": httpx.Timeout(timeout_s).as_dict()},
        )
        with translated(Call.CHECK):
            async with asyncio.timeout(timeout_s):
                response = await self._client.send(request, stream=True, follow_redirects=False)
                try:
                    return (await read_answer(response, Call.CHECK)).document
                finally:
                    await response.aclose()


def _failed(ref: RenderRef, failure: ProviderError) -> RenderStatus:
    return RenderStatus(state=RenderState.FAILED, failure=failure, request_id=ref.request_id)


def _video_url(result: dict[str, Any]) -> str:
    video = result.get("video")
    url = video.get("url") if isinstance(video, dict) else None
    return url if isinstance(url, str) else ""


_: type[VideoProvider] = Fal
_tells_balance: type[TellsBalance] = Fal
