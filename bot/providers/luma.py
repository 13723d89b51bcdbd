"""Luma's generations, for Ray: submit, look. Nothing else is offered: no cancel, no list of generations, no webhook.

Source: luma-agents 0.5.0, read 2026-11-21. Worth knowing:

- No idempotency key and no list: whether a submit whose answer was lost arrived, only a person can see.
- A first frame goes as the only keyframe, pinned to frame 0: `start_frame` is refused for 10 s.
- The link to a finished video lives for an hour; another look brings a fresh one.
"""

import base64
from collections.abc import AsyncIterator, Mapping, Set
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import quote

import httpx

from bot.catalogue import model as catalogue
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
from bot.providers.errors import CapacityFailed, InvalidRequest, NotFound, OutcomeUnknown, ProviderError
from bot.providers.transport import exchange, public_download
from bot.providers.verdicts import error_of, kind_of_code

_KINDS: Final[dict[str, type[ProviderError]]] = {
    "output_not_found": NotFound,
    "image_too_large": InvalidRequest,
    "unsupported_format": InvalidRequest,
    "corrupt_input": InvalidRequest,
    "invalid_request": InvalidRequest,
}
"""Besides the codes that services share (content_moderated, budget_exhausted, rate_limited); generation_failed and any
new one are trouble of the service."""


class Luma:
    """One account at Luma. `client` carries the key as `Authorization: Bearer ...` and a base URL that ends in /v1.

    `Protocol.wire`: `aspect_ratios` from our shape to Luma's word, `picture_bytes_max`.
    """

    def __init__(self, client: httpx.AsyncClient, protocol: catalogue.Protocol) -> None:
        self._client, self._protocol = client, protocol

    async def submit(self, request: RenderRequest) -> RenderRef:
        """Create a generation. Not repeatable: Luma knows no idempotency key."""
        answer = await self._asked(Call.SUBMIT, "POST", "generations", json=self._arguments(request))
        generation_id = render_id_of(answer.fields.get("id"))
        if generation_id is None:
            raise OutcomeUnknown("Luma took the order and named no generation", http_status=answer.status)
        return RenderRef(render_id=generation_id, request_id=answer.request_id)

    async def poll(self, ref: RenderRef) -> RenderStatus:
        answer = await self._asked(Call.POLL, "GET", f"generations/{quote(ref.render_id, safe='')}")
        generation = answer.fields
        match word := generation.get("state"):
            case "queued":
                return RenderStatus(state=RenderState.QUEUED, request_id=answer.request_id)
            case "processing":
                return RenderStatus(state=RenderState.RUNNING, request_id=answer.request_id)
            case "completed":
                if url := _video_url(generation.get("output")):
                    return RenderStatus(state=RenderState.SUCCEEDED, result_ref=url, request_id=answer.request_id)
                return _failed(NotFound("Luma says it is finished, and sent no video"), answer)
            case "failed":
                return _failed(_failure_of(generation), answer)
            case str():
                return RenderStatus(state=RenderState.RUNNING, unknown_word=word[:100], request_id=answer.request_id)
            case _:
                raise CapacityFailed("Luma's answer has no state", http_status=answer.status)

    @asynccontextmanager
    async def download(self, ref: RenderRef, status: RenderStatus) -> AsyncIterator[Download]:  # noqa: ARG002 - the port's
        async with public_download(self._client, status.result_ref) as download:
            yield download

    def adopted(self, render_id: str, wire_name: str) -> RenderRef:  # noqa: ARG002 - the port's
        return RenderRef(render_id=render_id)

    async def cancel(self, ref: RenderRef) -> bool:  # noqa: ARG002 - the port's
        """Never: Luma has no way to stop a generation, and the catalogue says so."""
        return False

    async def check(self) -> None:
        """List the account's uploads, of which there are none: free, and only a valid key is answered."""
        answer = await self._asked(Call.CHECK, "GET", "files", params={"limit": 1})
        if not isinstance(answer.fields.get("data"), list):
            raise CapacityFailed("Luma's answer is no list of files", http_status=answer.status)

    async def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent | None:  # noqa: ARG002
        """Never: Luma sends none."""
        return None

    def _arguments(self, request: RenderRequest) -> dict[str, Any]:
        ratios = self._protocol.wire["aspect_ratios"]
        if request.shape.value not in ratios:
            raise InvalidRequest(f"the catalogue has no word for the shape {request.shape.value} at Luma")
        video: dict[str, Any] = {"duration": f"{request.length_s}s", "resolution": request.resolution}
        if (picture := request.picture) is not None:
            if len(picture.content) > (most := self._protocol.wire["picture_bytes_max"]):
                raise InvalidRequest(f"the picture has {len(picture.content)} bytes, more than {most}")
            frame = {"data": base64.b64encode(picture.content).decode(), "media_type": picture.mime}
            video |= {"keyframes": [frame], "keyframe_indexes": [0]}
        return {
            "type": "video",
            "model": request.wire_name,
            "prompt": request.prompt,
            "aspect_ratio": ratios[request.shape.value],
            "video": video,
        }

    async def _asked(self, call: Call, method: str, path: str, **sent: Any) -> Answer:
        """One call that succeeded; anything else is raised."""
        timeout_s = self._protocol.submit_timeout_s if call is Call.SUBMIT else self._protocol.status_timeout_s
        answer = await exchange(self._client, call, method, path, timeout_s=timeout_s, **sent)
        if not answer.is_success:
            raise _refusal(answer, call, self._protocol.not_accepted)
        return answer


def _refusal(answer: Answer, call: Call, not_accepted: Set[tuple[int, str]]) -> ProviderError:
    """The package does not say how an HTTP refusal looks, so the usual places are looked at."""
    document = answer.fields
    error = document.get("error")
    inner: dict[str, Any] = error if isinstance(error, dict) else document
    code = inner.get("failure_code") or inner.get("code") or ""
    said = next((each for each in (inner.get(name) for name in ("message", "detail", "error")) if each), answer.text)
    return error_of(answer, call=call, code=str(code), message=str(said), not_accepted=not_accepted)


def _failure_of(generation: dict[str, Any]) -> ProviderError:
    code, words = generation.get("failure_code"), generation.get("failure_reason")
    code = code if isinstance(code, str) else ""
    kind = _KINDS.get(code) or kind_of_code(code) or CapacityFailed
    told = tidy(words) if isinstance(words, str) else ""
    return kind(f"Luma says: {told or code or 'it failed'}", code=tidy(code)[:100])


def _failed(failure: ProviderError, answer: Answer) -> RenderStatus:
    return RenderStatus(state=RenderState.FAILED, failure=failure, request_id=answer.request_id)


def _video_url(output: Any) -> str:
    """The first video among the outputs; one without a type counts as a video."""
    for each in output if isinstance(output, list) else ():
        if isinstance(each, dict) and each.get("type", "video") == "video" and isinstance(each.get("url"), str):
            return str(each["url"])
    return ""


_: type[VideoProvider] = Luma
