"""WaveSpeedAI's predictions: one POST a model, one record to look at, one envelope around everything.

Sources, all read on 2026-11-21: WaveSpeedAI's own pages (https://wavespeed.ai/docs: submit-task, get-result,
error-codes, upload-files-api, delete-task, docs-common-api/balance), its package wavespeed 2.0.5 and its CLI
(WaveSpeedAI/wavespeed-cli).

What surprised:

* A refusal may come with HTTP 200: what counts is `code` in the envelope, 200 when all is well. A failed render has a
  `code` of its own inside (1200, 1405, 5004), which is another vocabulary.
* A first frame is uploaded before, to a link of WaveSpeedAI's own. Nothing is accepted or charged until the POST that
  comes after, and the upload is given the shorter time, so that its silence is never taken for that of the POST.
* The list of predictions shows no prompt and no key of ours, so nothing can be recognised in it, and it is not asked.
* "Delete" forgets a record. No page says that it stops a render or gives its price back, so it is no way to cancel.
"""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import quote

import httpx

from bot.catalogue.model import Protocol
from bot.clock import Clock
from bot.providers.answers import render_id_of
from bot.providers.balances import micros_left
from bot.providers.base import (
    CallsBack,
    Download,
    Picture,
    RenderRef,
    RenderRequest,
    RenderState,
    RenderStatus,
    TellsBalance,
    VideoProvider,
    WebhookEvent,
)
from bot.providers.callbacks import event_about, json_of
from bot.providers.errors import (
    CapacityFailed,
    InvalidRequest,
    Moderated,
    NotFound,
    OutcomeUnknown,
    ProviderError,
    Retired,
)
from bot.providers.transport import Answer, Call, exchange, public_download
from bot.providers.wavespeed_verdicts import failure_of, is_well, refusal_of
from bot.providers.wavespeed_webhooks import WaveSpeedSeal

_STATES = {
    "created": RenderState.QUEUED,
    "processing": RenderState.RUNNING,
    "completed": RenderState.SUCCEEDED,
    "failed": RenderState.FAILED,
    "timeout": RenderState.FAILED,
    "cancelled": RenderState.CANCELLED,
    "deleted": RenderState.CANCELLED,
}
_ENDING = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}


class WaveSpeed:
    """One account. `webhook_secret` is what its GET /webhook/secret says."""

    def __init__(
        self, client: httpx.AsyncClient, protocol: Protocol, clock: Clock, *, webhook_secret: str | None = None
    ) -> None:
        self._client = client
        self._protocol = protocol
        self._seal = WaveSpeedSeal(webhook_secret, clock) if webhook_secret else None

    async def submit(self, request: RenderRequest) -> RenderRef:
        picture_url = await self._uploaded(request.picture) if request.picture is not None else None
        answer = await exchange(
            self._client,
            Call.SUBMIT,
            "POST",
            f"/{quote(request.wire_name)}",
            params={"webhook": request.webhook_url} if request.webhook_url else None,
            json=_body(request, picture_url),
            timeout_s=self._protocol.submit_timeout_s,
        )
        if render_id := render_id_of(_record(answer).get("id")):
            return RenderRef(render_id=render_id, request_id=answer.request_id)
        raise self._refusal(answer, Call.SUBMIT) or OutcomeUnknown(
            "accepted without an id", http_status=answer.status, request_id=answer.request_id
        )

    async def poll(self, ref: RenderRef) -> RenderStatus:
        answer = await self._looked(Call.POLL, f"/predictions/{quote(ref.render_id, safe='')}/result")
        record = _record(answer)
        word = record.get("status")
        if not isinstance(word, str) or not word:
            raise CapacityFailed("an answer of another kind than a prediction", http_status=answer.status)
        state = _STATES.get(word)
        match state:
            case None:
                return RenderStatus(state=RenderState.RUNNING, unknown_word=word[:60], request_id=answer.request_id)
            case RenderState.SUCCEEDED:
                return _finished(record, answer)
            case RenderState.FAILED | RenderState.CANCELLED:
                failure = failure_of(word, record, request_id=answer.request_id)
                return RenderStatus(state=state, failure=failure, request_id=answer.request_id)
            case RenderState.QUEUED | RenderState.RUNNING:
                return RenderStatus(state=state, request_id=answer.request_id)

    def download(
        self,
        ref: RenderRef,  # noqa: ARG002 - the link is all it takes
        status: RenderStatus,
    ) -> AbstractAsyncContextManager[Download]:
        return public_download(self._client, status.result_ref)

    def adopted(self, render_id: str, wire_name: str) -> RenderRef:  # noqa: ARG002 - the id is all a look needs
        return RenderRef(render_id=render_id)

    async def cancel(self, ref: RenderRef) -> bool:  # noqa: ARG002 - the port's
        return False

    async def check(self) -> None:
        await self._balance()

    async def balance(self) -> int | None:
        return micros_left((await self._balance()).get("balance"))

    async def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent | None:
        opened = self._seal.read(headers, body) if self._seal is not None else None
        if opened is None:
            return None
        event_id, document = opened
        render_id = _id_of(document)
        return WebhookEvent(event_id=event_id, render_id=render_id) if render_id else None

    async def called_back(self, body: bytes) -> WebhookEvent | None:
        """Without the account's secret the address is the proof; with it nothing unsigned is believed."""
        render_id = _id_of(json_of(body)) if self._seal is None else ""
        return event_about(render_id, body) if render_id else None

    async def _balance(self) -> dict[str, Any]:
        answer = await self._looked(Call.CHECK, "/balance")
        if "balance" not in (record := _record(answer)):
            raise CapacityFailed("an answer of another kind than a balance", http_status=answer.status)
        return record

    async def _looked(self, call: Call, path: str) -> Answer:
        answer = await exchange(self._client, call, "GET", path, timeout_s=self._protocol.status_timeout_s)
        if (refusal := self._refusal(answer, call)) is not None:
            raise refusal
        return answer

    async def _uploaded(self, picture: Picture) -> str:
        """Its link. Free and no render yet, so whatever goes wrong here is a proof that nothing was accepted."""
        bytes_max = self._protocol.wire["picture_bytes_max"]
        if len(picture.content) > bytes_max:
            raise InvalidRequest(f"the picture has {len(picture.content)} bytes, more than {bytes_max}")
        name = f"frame.{_ENDING.get(picture.mime, 'jpg')}"
        answer = await exchange(
            self._client,
            Call.CHECK,
            "POST",
            "/media/upload/binary",
            files={"file": (name, picture.content, picture.mime)},
            timeout_s=self._protocol.status_timeout_s,
        )
        refusal = self._refusal(answer, Call.CHECK)
        if isinstance(refusal, NotFound | Retired):  # A door that is gone says nothing of the model or of a render.
            raise CapacityFailed(refusal.detail, http_status=refusal.http_status, request_id=refusal.request_id)
        if refusal is not None:
            raise refusal
        if url := _link(_record(answer).get("download_url")):
            return url
        raise CapacityFailed("the picture was uploaded, but no link to it came back", http_status=answer.status)

    def _refusal(self, answer: Answer, call: Call) -> ProviderError | None:
        return None if is_well(answer) else refusal_of(answer, call, self._protocol.not_accepted)


def _body(request: RenderRequest, picture_url: str | None) -> dict[str, Any]:
    """Every model names its own fields; which ones is the catalogue's `wire` of the model."""
    extra = request.extra
    body: dict[str, Any] = {"prompt": request.prompt, "duration": request.length_s} | _shape(request)
    if picture_url is not None:
        body["image"] = picture_url
    if request.seed is not None:
        body["seed"] = request.seed
    if (audio_field := extra.get("audio_field")) and request.audio is not None:
        body[str(audio_field)] = request.audio
    fixed = extra.get("fixed")
    return body | dict(fixed) if isinstance(fixed, Mapping) else body


def _shape(request: RenderRequest) -> dict[str, Any]:
    """Pixels in one field, or a resolution, with an aspect ratio where the model takes one."""
    extra = request.extra
    if (size_field := extra.get("size_field")) and request.picture is None:
        width, height = request.size_px
        return {str(size_field): f"{width}*{height}"}
    ratios = extra.get("aspect_ratios")
    ratio = ratios.get(request.shape.value) if isinstance(ratios, Mapping) else None
    return {"resolution": request.resolution} | ({"aspect_ratio": ratio} if ratio else {})


def _finished(record: dict[str, Any], answer: Answer) -> RenderStatus:
    outputs = record.get("outputs")
    if url := next((link for each in outputs if (link := _link(each))), "") if isinstance(outputs, list) else "":
        return RenderStatus(state=RenderState.SUCCEEDED, result_ref=url, request_id=answer.request_id)
    flags = record.get("has_nsfw_contents")
    withheld = isinstance(flags, list) and any(each is True for each in flags)
    kind = Moderated if withheld else CapacityFailed
    words = "completed, but flagged and without a video" if withheld else "completed without a video"
    failure = kind(words, http_status=answer.status, request_id=answer.request_id)
    return RenderStatus(state=RenderState.FAILED, failure=failure, request_id=answer.request_id)


def _record(answer: Answer) -> dict[str, Any]:
    """What the envelope holds; the answer itself where it has none, as the page of error codes shows it."""
    document = answer.document
    if not answer.is_success or not isinstance(document, dict):
        return {}
    inner = document.get("data")
    if isinstance(inner, dict):
        return inner
    return document if "id" in document else {}


def _id_of(document: Any) -> str | None:
    return render_id_of(document.get("id")) if isinstance(document, dict) else None


def _link(value: Any) -> str:
    return value if isinstance(value, str) and value.startswith(("https://", "http://")) else ""


_: type[VideoProvider] = WaveSpeed
_calls_back: type[CallsBack] = WaveSpeed
_tells_balance: type[TellsBalance] = WaveSpeed
