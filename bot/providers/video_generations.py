"""The `/v1/videos/generations` dialect, which relays speak: submit JSON, look by id, fetch the file by its link.

Nobody owns it: paths and field names differ, and are data (`Protocol.wire` in bot/catalogue/video_generations.toml):
`submit_path` and `look_path` (with `{id}`) below `/v1`; `duration_field`, `aspect_field`, `resolution_field`,
`audio_field`, `seed_field`, `picture_field` (each "" where there is none); `picture_in_list`; `sends_pixels` for width
and height in place of words. No idempotency key, no list, no cancel; callbacks are unsigned, so none is asked for.
Sources: docs.evolink.ai and docs.newapi.pro, public client code; 2026-11-21.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

import httpx

from bot.catalogue.model import Protocol, Shape
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
from bot.providers.errors import InvalidRequest, Moderated, NotFound, ProviderError
from bot.providers.refusals import code_and_message, refusal
from bot.providers.transport import Answer, Call, exchange, public_download
from bot.providers.verdicts import kind_of_words
from bot.providers.video_object import id_of, status_of, video_in

ASPECT_RATIOS: Final = {Shape.WIDE: "16:9", Shape.VERTICAL: "9:16", Shape.SQUARE: "1:1"}
PICTURE_BYTES_MAX: Final = 8 * 1024 * 1024
"""As a data URI a third more travels; the relays name no limit for a request's body, so this is ours."""
_NESTED: Final = (
    "result",
    "output",
    "task_result",
    "video",
    "content",
    "data",
    "videos",
    "results",
    "urls",
    "creations",
)
_NESTED_DEPTH_MAX: Final = 4


class VideoGenerations:
    """One relay. Its base URL may end in `/v1` or before it: people paste both."""

    def __init__(self, client: httpx.AsyncClient, protocol: Protocol) -> None:
        self._client, self._protocol = client, protocol
        self._root = "" if client.base_url.path.rstrip("/").endswith("/v1") else "v1/"

    async def submit(self, request: RenderRequest) -> RenderRef:
        wire = self._protocol.wire
        answer = await exchange(
            self._client,
            Call.SUBMIT,
            "POST",
            f"{self._root}{wire['submit_path']}",
            json=_body(request, wire),
            timeout_s=self._protocol.submit_timeout_s,
        )
        render_id = id_of(answer.document) if answer.is_success else None
        if render_id is None:
            raise refusal(answer, Call.SUBMIT, not_accepted=self._protocol.not_accepted)
        return RenderRef(render_id=render_id, request_id=answer.request_id)

    async def poll(self, ref: RenderRef) -> RenderStatus:
        path = str(self._protocol.wire["look_path"]).replace("{id}", quote(ref.render_id, safe=""))
        answer = await self._look(Call.POLL, path)
        video = video_in(answer.document)
        if video is None or not answer.is_success:
            raise refusal(answer, Call.POLL)
        status = status_of(video, answer)
        return _with_file(status, video) if status.state is RenderState.SUCCEEDED else status

    @asynccontextmanager
    async def download(self, ref: RenderRef, status: RenderStatus) -> AsyncIterator[Download]:  # noqa: ARG002 - the port's
        """Open the file by the link of the last look; the dialect has no other door to it."""
        async with public_download(self._client, status.result_ref) as download:
            yield download

    def adopted(self, render_id: str, wire_name: str) -> RenderRef:  # noqa: ARG002 - the id is all a look needs
        return RenderRef(render_id=render_id)

    async def cancel(self, ref: RenderRef) -> bool:  # noqa: ARG002 - the port's
        """Never: the dialect has no call for it, and the catalogue says so."""
        return False

    async def check(self) -> None:
        """The list of models, which these relays have for their other wares too."""
        answer = await self._look(Call.CHECK, "models")
        if not (answer.is_success and "data" in answer.fields):
            raise refusal(answer, Call.CHECK)

    async def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent | None:  # noqa: ARG002
        """Never one: callbacks of this dialect are unsigned, and whatever is unsigned is not genuine."""
        return None

    async def _look(self, call: Call, path: str) -> Answer:
        return await exchange(
            self._client, call, "GET", f"{self._root}{path}", timeout_s=self._protocol.status_timeout_s
        )


def _body(request: RenderRequest, wire: Mapping[str, Any]) -> dict[str, Any]:
    """The request in this relay's words.

    Raises:
        InvalidRequest: a picture where the relay takes none inside a request, or one above our bound.
    """
    width, height = request.size_px
    fields: dict[str, Any] = {
        "model": request.wire_name,
        "prompt": request.prompt,
        wire["duration_field"]: request.length_s,
    }
    if wire["sends_pixels"]:
        fields |= {"width": width, "height": height}
    wanted = {
        wire["aspect_field"]: ASPECT_RATIOS[request.shape],
        wire["resolution_field"]: request.resolution,
        wire["audio_field"]: request.audio,
        wire["seed_field"]: request.seed,
    }
    fields |= {name: value for name, value in wanted.items() if name and value is not None}
    if request.picture is not None:
        if not wire["picture_field"]:
            raise InvalidRequest("this relay takes pictures by their address only")
        picture = data_uri(request.picture, bytes_max=PICTURE_BYTES_MAX)
        fields[wire["picture_field"]] = [picture] if wire["picture_in_list"] else picture
    return {**fields, **request.extra}


def _with_file(status: RenderStatus, video: dict[str, Any]) -> RenderStatus:
    """A success with the link to its file; without one it is a failure, however it calls itself."""
    if _was_filtered(video):
        failure: ProviderError = Moderated("the service says that the video was filtered")
    elif link := status.result_ref or _link_in(video):
        return replace(status, result_ref=link)
    else:
        code, words = code_and_message(video, "")
        kind = kind_of_words(f"{code} {words}") or NotFound
        failure = kind(f"finished without a video: {words or 'no explanation'}", code=code[:100])
    return replace(status, state=RenderState.FAILED, result_ref="", failure=failure)


def _was_filtered(video: dict[str, Any]) -> bool:
    """xAI's mark, which relays of Grok pass on: done, and `respect_moderation` false."""
    inner = video.get("video")
    return isinstance(inner, dict) and inner.get("respect_moderation") is False


def _link_in(value: Any, depth: int = 0) -> str:
    """The first link in the places where relays put one: `results[0]`, `data[0].url`, `output.url`, ..."""
    if isinstance(value, str):
        return value if depth and value.startswith(("https://", "http://")) else ""
    if depth > _NESTED_DEPTH_MAX:
        return ""
    if isinstance(value, list):
        return next((link for each in value[:4] if (link := _link_in(each, depth + 1))), "")
    if not isinstance(value, dict):
        return ""
    names = ("url", "video_url", *_NESTED)
    return next((link for name in names if (link := _link_in(value.get(name), depth + 1))), "")


_: type[VideoProvider] = VideoGenerations
