"""xAI's Grok Imagine over REST: submit, look, fetch; nothing else is offered.

Sources: section 11.2 of the provider facts (xai-sdk 1.21.0's messages A, clients of the REST API C). Worth knowing:

- A look at a render at work is a 202, often without a body; some replies leave `status` out when the video is there.
- A refusal hides behind success: `done` with `respect_moderation` false, with or without an address. It is charged.
- No idempotency key, no list, no cancel and no webhook: a lost submit stays open until a person decides.
- What was charged is told in ticks, ten thousand millions to a dollar.
"""

import re
from collections.abc import AsyncIterator, Mapping, Set
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import quote

import httpx

from bot.catalogue.model import Protocol
from bot.clock import Clock
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
from bot.providers.errors import (
    AuthFailed,
    CapacityFailed,
    InvalidRequest,
    Moderated,
    NotFound,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    TimedOut,
)
from bot.providers.model_lists import ListedModels, ListsModels, models_listed
from bot.providers.transport import exchange, public_download
from bot.providers.verdicts import error_of, kind_of_words, seen_as

TICKS_IN_A_MICRO_DOLLAR: Final = 10_000
_KINDS: Final[dict[str, type[ProviderError]]] = {
    "invalid_argument": InvalidRequest,
    "failed_precondition": InvalidRequest,
    "permission_denied": AuthFailed,
    "unauthenticated": AuthFailed,
    "resource_exhausted": RateLimited,
    "not_found": NotFound,
    "deadline_exceeded": TimedOut,
}
_NO_MONEY = re.compile(r"available credits|spending limit|prepaid credits|out of credits", re.I)
_WRONG_KEY = re.compile(r"incorrect api key|invalid api key|api key .{0,20}(invalid|disabled|blocked)", re.I)


class XAI:
    """One account. `client` carries the key as `Authorization: Bearer ...`; its base URL ends before `/v1`."""

    def __init__(self, client: httpx.AsyncClient, protocol: Protocol, clock: Clock) -> None:  # noqa: ARG002 - as all are
        self._client, self._protocol = client, protocol

    async def submit(self, request: RenderRequest) -> RenderRef:
        """Start a render. Not repeatable: xAI knows no idempotency key."""
        answer = await exchange(
            self._client,
            Call.SUBMIT,
            "POST",
            "v1/videos/generations",
            json=_body(request, self._protocol.wire),
            timeout_s=self._protocol.submit_timeout_s,
        )
        render_id = render_id_of(answer.fields.get("request_id")) if answer.is_success else None
        if render_id is None:
            raise _refusal(answer, Call.SUBMIT, not_accepted=self._protocol.not_accepted)
        return RenderRef(render_id=render_id, request_id=answer.request_id)

    async def poll(self, ref: RenderRef) -> RenderStatus:
        answer = await self._look(Call.POLL, f"v1/videos/{quote(ref.render_id, safe='')}")
        if answer.status == 202 and not answer.fields.get("status"):
            return RenderStatus(state=RenderState.RUNNING, request_id=answer.request_id)
        if not answer.is_success:
            raise _refusal(answer, Call.POLL)
        return _status(answer)

    @asynccontextmanager
    async def download(self, ref: RenderRef, status: RenderStatus) -> AsyncIterator[Download]:  # noqa: ARG002 - the port's
        """Open the file: a link that needs no key and does not live long."""
        async with public_download(self._client, status.result_ref) as download:
            yield download

    def adopted(self, render_id: str, wire_name: str) -> RenderRef:  # noqa: ARG002 - the id is all a look needs
        return RenderRef(render_id=render_id)

    async def cancel(self, ref: RenderRef) -> bool:  # noqa: ARG002 - the port's
        """Never: xAI has no way to stop a video, and the catalogue says so."""
        return False

    async def check(self) -> None:
        """The list of models: free, and shown to a valid key only."""
        answer = await self._look(Call.CHECK, self._protocol.wire["check"])
        if not (answer.is_success and isinstance(answer.document, dict)):
            raise _refusal(answer, Call.CHECK)

    async def models_now(self) -> ListedModels | None:
        return await models_listed(self._client, self._protocol)

    async def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent | None:  # noqa: ARG002
        """Always None: xAI sends none."""
        return None

    async def _look(self, call: Call, path: str) -> Answer:
        return await exchange(self._client, call, "GET", path, timeout_s=self._protocol.status_timeout_s)


def _part(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = document.get(name)
    return part if isinstance(part, dict) else {}


def _refusal(answer: Answer, call: Call, *, not_accepted: Set[tuple[int, str]] = frozenset()) -> ProviderError:
    """`{code, error}`, or an error of OpenAI's shape. A wrong key is a 400 here, and no money a 403 or 429 (C)."""
    document = answer.fields
    error = document.get("error")
    said: Mapping[str, Any] = error if isinstance(error, dict) else {"code": document.get("code"), "message": error}
    code = str(said.get("code") or "")
    words = str(said.get("message") or "") or answer.text
    shared = error_of(answer, call=call, code=code, message=words, not_accepted=not_accepted)
    kind: type[ProviderError] = type(shared)
    if answer.status in {400, 403, 422, 429}:
        if _WRONG_KEY.search(words):
            kind = AuthFailed
        elif _NO_MONEY.search(words):
            kind = QuotaExhausted
    return seen_as(kind, shared)


def _status(answer: Answer) -> RenderStatus:
    """What one look says.

    Raises:
        CapacityFailed: neither a status nor a video, so it says nothing.
    """
    document = answer.fields
    video = _part(document, "video")
    word = document.get("status") or ("done" if video else None)
    request_id, cost = answer.request_id, _cost_usd_micros(document)
    match word:
        case "pending":
            return RenderStatus(state=RenderState.RUNNING, progress=_progress(document), request_id=request_id)
        case "done":
            url = video.get("url")
            if video.get("respect_moderation") is False:
                failure: ProviderError = Moderated(
                    "xAI made the video and keeps it back: it does not respect moderation"
                )
            elif isinstance(url, str) and url:
                return RenderStatus(
                    state=RenderState.SUCCEEDED, result_ref=url, cost_usd_micros=cost, request_id=request_id
                )
            else:
                failure = NotFound("xAI says it is finished, and sent no video")
        case "failed":
            failure = _failure(_part(document, "error"))
        case "expired":
            failure = NotFound("xAI says that the render has expired")
        case str() if word:
            return RenderStatus(state=RenderState.RUNNING, unknown_word=word[:100], request_id=request_id)
        case _:
            raise CapacityFailed("xAI's answer has no status", http_status=answer.status)
    return RenderStatus(state=RenderState.FAILED, failure=failure, cost_usd_micros=cost, request_id=request_id)


def _failure(error: Mapping[str, Any]) -> ProviderError:
    """Words before the code: what was turned down for its content is an `invalid_argument` too."""
    code, words = str(error.get("code") or ""), str(error.get("message") or "")
    kind = kind_of_words(words) or _KINDS.get(code.lower()) or CapacityFailed
    return kind(f"xAI says: {tidy(words) or tidy(code) or 'no explanation'}", code=tidy(code)[:100])


def _progress(document: Mapping[str, Any]) -> float | None:
    """0 to 100 becomes 0 to 1; anything else is none."""
    match document.get("progress"):
        case bool():
            return None
        case int() | float() as said if 0 <= said <= 100:
            return said / 100
        case _:
            return None


def _cost_usd_micros(document: Mapping[str, Any]) -> int | None:
    match _part(document, "usage").get("cost_in_usd_ticks"):
        case bool():
            return None
        case int() as ticks if ticks >= 0:
            return -(-ticks // TICKS_IN_A_MICRO_DOLLAR)
        case _:
            return None


def _body(request: RenderRequest, wire: Mapping[str, Any]) -> dict[str, Any]:
    """A request in xAI's terms. With a first frame its own shape is kept."""
    body: dict[str, Any] = {
        "model": request.wire_name,
        "prompt": request.prompt,
        "duration": request.length_s,
        "resolution": request.resolution,
    }
    if request.picture is not None:
        body["image"] = {"url": data_uri(request.picture, bytes_max=wire["picture_bytes_max"])}
    else:
        body["aspect_ratio"] = wire["aspect_ratios"][request.shape.value]
    if request.audio is not None:
        body["generate_audio"] = request.audio
    return body


_: type[VideoProvider] = XAI
_lists_models: type[ListsModels] = XAI
