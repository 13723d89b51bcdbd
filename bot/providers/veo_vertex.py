"""Veo on Vertex (Google Cloud): a long-running prediction, looked at by POST, its film in the operator's own bucket.

Sources: google-genai 3.4.0 (models.py, operations.py, _operations_converters.py); section 5.2 of the provider facts,
2026-11-21. Worth knowing:

- Without a bucket the film would come inside the answer to a look, far above what we read of one: so there is always
  a bucket, and the service account must be allowed to write there and to read.
- A refusal is `done` without an error: `raiMediaFilteredCount` and its reasons in place of a video.
- No cancel, no list, no idempotency key, and no webhook but Pub/Sub.
"""

import base64
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import quote

import httpx

from bot.catalogue import model as catalogue
from bot.catalogue.model import Shape
from bot.providers.answers import Answer, Call, tidy
from bot.providers.base import (
    Download,
    RenderRef,
    RenderRequest,
    RenderState,
    RenderStatus,
    VideoProvider,
    WebhookEvent,
)
from bot.providers.errors import CapacityFailed, InvalidRequest, Moderated, NotFound, OutcomeUnknown, ProviderError
from bot.providers.google_verdicts import failure_of, refusal
from bot.providers.transport import exchange, public_download

ASPECT_RATIOS: Final = {Shape.WIDE: "16:9", Shape.VERTICAL: "9:16"}
PICTURE_BYTES_MAX: Final = 8 * 1024 * 1024
"""In base64 a third more travels; Google takes pictures of 20 MB, the smaller bound is ours."""
_OPERATION: Final = re.compile(
    r"projects/[\w.:-]+/locations/[\w-]+/(publishers/google/models/[\w.-]+)/operations/[\w-]{1,200}"
)
_IN_BUCKET: Final = re.compile(r"gs://([a-z0-9][\w.-]{1,220})/(.{1,1024})")


def vertex_base_url(project: str, location: str) -> str:
    """Where one project's predictions live; "global" has a host without a region."""
    host = "aiplatform.googleapis.com" if location == "global" else f"{location}-aiplatform.googleapis.com"
    return f"https://{host}/v1/projects/{quote(project, safe=':')}/locations/{location}"


class VeoVertex:
    """One project on Vertex.

    `client` has `vertex_base_url` as base URL and no key; `files` has `https://storage.googleapis.com`; `token` gives a
    bearer token that is good now; `bucket` is `gs://name/folder` where Google puts the films.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        protocol: catalogue.Protocol,
        *,
        files: httpx.AsyncClient,
        token: Callable[[], Awaitable[str]],
        bucket: str,
    ) -> None:
        """Raises: ValueError, when the bucket is not written as `gs://name`."""
        if not bucket.startswith("gs://"):
            raise ValueError("write the bucket for Veo's films as gs://name or gs://name/folder")
        self._client, self._protocol, self._files = client, protocol, files
        self._token, self._bucket = token, bucket.rstrip("/") + "/"

    async def submit(self, request: RenderRequest) -> RenderRef:
        body = _body(request, self._bucket)
        model = f"publishers/google/models/{quote(request.wire_name, safe='')}"
        answer = await self._asked(
            Call.SUBMIT, "POST", f"{model}:predictLongRunning", body, timeout_s=self._protocol.submit_timeout_s
        )
        if not answer.is_success:
            raise refusal(answer, Call.SUBMIT, not_accepted=self._protocol.not_accepted)
        name = answer.fields.get("name")
        if not (isinstance(name, str) and _OPERATION.fullmatch(name)):
            raise OutcomeUnknown("Google took the order and named no operation", http_status=answer.status)
        return RenderRef(render_id=name, request_id=answer.request_id)

    async def poll(self, ref: RenderRef) -> RenderStatus:
        operation = _OPERATION.fullmatch(ref.render_id)
        if operation is None:
            raise NotFound("this is not the name of an operation on Vertex")
        answer = await self._asked(
            Call.POLL, "POST", f"{operation[1]}:fetchPredictOperation", {"operationName": ref.render_id}
        )
        if not answer.is_success:
            raise refusal(answer, Call.POLL)
        told = answer.document
        if not isinstance(told, dict) or not isinstance(told.get("name"), str):
            raise CapacityFailed("Google's answer is no operation", http_status=answer.status)
        match told.get("done", False):
            case False:
                return RenderStatus(state=RenderState.RUNNING, request_id=answer.request_id)
            case True:
                return _ended(told, answer.request_id)
            case word:
                return RenderStatus(state=RenderState.RUNNING, unknown_word=tidy(str(word))[:60])

    @asynccontextmanager
    async def download(self, ref: RenderRef, status: RenderStatus) -> AsyncIterator[Download]:  # noqa: ARG002 - the port's
        """Open the film in the bucket, where it stays until its owner deletes it."""
        place = _IN_BUCKET.fullmatch(status.result_ref)
        if place is None:
            raise NotFound("Google named no place in a bucket")
        url = f"/storage/v1/b/{place[1]}/o/{quote(place[2], safe='')}?alt=media"
        async with public_download(self._files, url, headers=await self._signed()) as download:
            yield download

    def adopted(self, render_id: str, wire_name: str) -> RenderRef:  # noqa: ARG002 - an operation's name has the model in it
        return RenderRef(render_id=render_id)

    async def cancel(self, ref: RenderRef) -> bool:  # noqa: ARG002 - the port's
        """Never: Vertex has no call for it, and the catalogue says so."""
        return False

    async def check(self) -> None:
        """Ask for the first of Google's models, which is free; the token for it shows whether the account is good."""
        url = str(self._client.base_url.copy_with(path="/v1beta1/publishers/google/models"))
        answer = await self._asked(Call.CHECK, "GET", url, params={"pageSize": 1})
        if not (answer.is_success and "publisherModels" in answer.fields):
            raise refusal(answer, Call.CHECK)

    async def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent | None:  # noqa: ARG002
        """Never one: Vertex tells through Pub/Sub alone."""
        return None

    async def _signed(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {await self._token()}"}

    async def _asked(
        self,
        call: Call,
        method: str,
        url: str,
        body: Mapping[str, Any] | None = None,
        *,
        params: Mapping[str, Any] | None = None,
        timeout_s: float | None = None,
    ) -> Answer:
        return await exchange(
            self._client,
            call,
            method,
            url,
            json=body,
            params=params,
            headers=await self._signed(),
            timeout_s=timeout_s or self._protocol.status_timeout_s,
        )


def _body(request: RenderRequest, bucket: str) -> dict[str, Any]:
    """One prediction of one video.

    Raises:
        InvalidRequest: a shape that Veo does not make, or a picture above our bound.
    """
    if request.shape not in ASPECT_RATIOS:
        raise InvalidRequest(f"Veo makes no {request.shape} videos")
    instance: dict[str, Any] = {"prompt": request.prompt}
    if request.picture is not None:
        if len(request.picture.content) > PICTURE_BYTES_MAX:
            raise InvalidRequest(f"the picture has {len(request.picture.content)} bytes, more than {PICTURE_BYTES_MAX}")
        content = base64.b64encode(request.picture.content).decode()
        instance["image"] = {"bytesBase64Encoded": content, "mimeType": request.picture.mime}
    parameters: dict[str, Any] = {
        "sampleCount": 1,
        "durationSeconds": request.length_s,
        "aspectRatio": ASPECT_RATIOS[request.shape],
        "resolution": request.resolution,
        "generateAudio": request.audio is not False,
        "storageUri": bucket,
    }
    if request.seed is not None:
        parameters["seed"] = request.seed
    return {"instances": [instance], "parameters": parameters}


def _ended(operation: dict[str, Any], request_id: str) -> RenderStatus:
    if operation.get("error"):
        return _failed(failure_of([operation["error"]], "Google says failed and nothing else"), request_id)
    response = operation.get("response")
    response = response if isinstance(response, dict) else {}
    videos = response.get("videos")
    shown = [each for each in videos if isinstance(each, dict)] if isinstance(videos, list) else []
    place = next((each["gcsUri"] for each in shown if isinstance(each.get("gcsUri"), str)), "")
    if place:
        return RenderStatus(state=RenderState.SUCCEEDED, result_ref=place, request_id=request_id)
    reasons = response.get("raiMediaFilteredReasons")
    if reasons or response.get("raiMediaFilteredCount"):
        words = "; ".join(str(each) for each in reasons) if isinstance(reasons, list) else ""
        return _failed(Moderated(f"Google filtered the video: {tidy(words) or 'no reason given'}"), request_id)
    return _failed(NotFound("Google says done and put no video into the bucket"), request_id)


def _failed(failure: ProviderError, request_id: str) -> RenderStatus:
    return RenderStatus(state=RenderState.FAILED, failure=failure, request_id=request_id)


_: type[VideoProvider] = VeoVertex
