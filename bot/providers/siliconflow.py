"""SiliconFlow's videos: submit, look by POST, fetch. Nothing else is offered: no cancel, no list, no webhook.

Sources: https://api-docs.siliconflow.cn/docs/api/video-submit-post and SiliconFlow's page on its asynchronous videos,
read 2026-11-21 (B). Worth knowing:

- No idempotency key and no list: whether a submit whose answer was lost arrived, only a person can see.
- The length is the model's own (5 s); the size is one of three. A first frame goes to a model of its own.
- The link to a finished video lives for ten minutes; another look brings it again.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx

from bot.catalogue.model import Protocol
from bot.providers.answers import Answer, Call, render_id_of, tidy
from bot.providers.base import (
    Download,
    RenderRef,
    RenderRequest,
    RenderState,
    RenderStatus,
    VideoProvider,
    WebhookEvent,
)
from bot.providers.data_uris import data_uri
from bot.providers.errors import CapacityFailed, NotFound, OutcomeUnknown, ProviderError
from bot.providers.transport import error_of, exchange, public_download
from bot.providers.verdicts import kind_of_words

_WAITING: Final = {"InQueue": RenderState.QUEUED, "InProgress": RenderState.RUNNING}


class SiliconFlow:
    """One account. `client` carries the key as `Authorization: Bearer ...` and a base URL that ends in /v1.

    `Protocol.wire`: `picture_bytes_max` of a first frame inside a request.
    """

    def __init__(self, client: httpx.AsyncClient, protocol: Protocol) -> None:
        self._client, self._protocol = client, protocol

    async def submit(self, request: RenderRequest) -> RenderRef:
        """Start a render. Not repeatable: SiliconFlow knows no idempotency key."""
        body = _body(request, self._protocol.wire)
        answer = await self._asked(Call.SUBMIT, "POST", "video/submit", body, timeout_s=self._protocol.submit_timeout_s)
        render_id = render_id_of(answer.fields.get("requestId"))
        if render_id is None:
            raise OutcomeUnknown("SiliconFlow took the order and named no request", http_status=answer.status)
        return RenderRef(render_id=render_id, request_id=answer.request_id)

    async def poll(self, ref: RenderRef) -> RenderStatus:
        answer = await self._asked(Call.POLL, "POST", "video/status", {"requestId": ref.render_id})
        told = answer.fields
        match word := told.get("status"):
            case "InQueue" | "InProgress":
                return RenderStatus(state=_WAITING[word], request_id=answer.request_id)
            case "Succeed":
                return _finished(told, answer)
            case "Failed":
                return _failed(_failure(told.get("reason")), answer)
            case str():
                return RenderStatus(state=RenderState.RUNNING, unknown_word=word[:100], request_id=answer.request_id)
            case _:
                raise CapacityFailed("SiliconFlow's answer has no status", http_status=answer.status)

    @asynccontextmanager
    async def download(self, ref: RenderRef, status: RenderStatus) -> AsyncIterator[Download]:  # noqa: ARG002 - the port's
        """Open the file: a signed link that needs no key."""
        async with public_download(self._client, status.result_ref) as download:
            yield download

    def adopted(self, render_id: str, wire_name: str) -> RenderRef:  # noqa: ARG002 - the id is all a look needs
        return RenderRef(render_id=render_id)

    async def cancel(self, ref: RenderRef) -> bool:  # noqa: ARG002 - the port's
        """Never: there is no such call, and the catalogue says so."""
        return False

    async def check(self) -> None:
        """What SiliconFlow says of the account that the key belongs to; free."""
        answer = await self._asked(Call.CHECK, "GET", "user/info")
        if not isinstance(answer.fields.get("data"), dict):
            raise CapacityFailed("SiliconFlow's answer is not about an account", http_status=answer.status)

    async def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent | None:  # noqa: ARG002
        """Never one: there are no webhooks."""
        return None

    async def _asked(
        self,
        call: Call,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        timeout_s: float | None = None,
    ) -> Answer:
        """One call that succeeded; anything else is raised."""
        timeout_s = timeout_s or self._protocol.status_timeout_s
        answer = await exchange(self._client, call, method, path, json=body, timeout_s=timeout_s)
        if not answer.is_success:
            told = answer.fields
            code, words = str(told.get("code") or ""), str(told.get("message") or answer.text)
            raise error_of(answer, call=call, code=code, message=words, not_accepted=self._protocol.not_accepted)
        return answer


def _body(request: RenderRequest, wire: Mapping[str, Any]) -> dict[str, Any]:
    width, height = request.size_px
    body: dict[str, Any] = {
        "model": request.wire_name,
        "prompt": request.prompt,
        "image_size": f"{width}x{height}",
    }
    if request.seed is not None:
        body["seed"] = request.seed
    if request.picture is not None:
        body["image"] = data_uri(request.picture, bytes_max=wire["picture_bytes_max"])
    return body


def _finished(told: Mapping[str, Any], answer: Answer) -> RenderStatus:
    results = told.get("results")
    videos = results.get("videos") if isinstance(results, dict) else None
    shown = [each.get("url") for each in videos if isinstance(each, dict)] if isinstance(videos, list) else []
    url = next((each for each in shown if isinstance(each, str) and each), "")
    if not url:
        return _failed(NotFound("SiliconFlow says that it is finished, and sent no video"), answer)
    return RenderStatus(state=RenderState.SUCCEEDED, result_ref=url, request_id=answer.request_id)


def _failure(reason: object) -> ProviderError:
    """It gives no code, so the words decide; without any it is the service's own trouble."""
    words = reason if isinstance(reason, str) else ""
    return (kind_of_words(words) or CapacityFailed)(tidy(words) or "SiliconFlow says failed and nothing else")


def _failed(failure: ProviderError, answer: Answer) -> RenderStatus:
    return RenderStatus(state=RenderState.FAILED, failure=failure, request_id=answer.request_id)


_: type[VideoProvider] = SiliconFlow
