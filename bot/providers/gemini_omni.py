"""Gemini Omni on Google's Interactions API: submit in the background, look, fetch, cancel.

Sources: google-genai 3.4.0 (types/interactions, interactions.py); section 5.3 of the provider facts, 2026-11-21. Worth
knowing:

- Without `background` the POST would stay open for the whole render.
- "completed" does not mean that there is a video: a refusal comes as a completed interaction that holds words alone.
- No idempotency key and no list: a lost answer to a submit leaves only the webhook to find the render by. Google's
  project-wide webhook tells of every interaction, so nothing about it travels with a submit.
- The video is asked for as a link (`delivery`): inside an answer it would be above what we read of one.
"""

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final
from urllib.parse import quote

import httpx

from bot.catalogue import model as catalogue
from bot.catalogue.model import Shape
from bot.clock import Clock
from bot.providers.answers import Answer, Call, render_id_of
from bot.providers.base import (
    Download,
    RenderRef,
    RenderRequest,
    RenderStatus,
    VideoProvider,
    WebhookEvent,
)
from bot.providers.errors import AuthFailed, CapacityFailed, InvalidRequest, NotFound, OutcomeUnknown
from bot.providers.gemini_interaction import interaction_in, status_of, was_billed
from bot.providers.google_verdicts import refusal
from bot.providers.model_lists import ListedModels, ListsModels, models_listed
from bot.providers.standard_webhooks import StandardWebhooks
from bot.providers.transport import exchange, public_download

INTERACTIONS: Final = "v1beta/interactions"
ASPECT_RATIOS: Final = {Shape.WIDE: "16:9", Shape.VERTICAL: "9:16"}
PICTURE_BYTES_MAX: Final = 8 * 1024 * 1024
"""In base64 a third more travels; Google takes requests of 20 MB, the smaller bound is ours."""
RENDER_ID_CHARACTERS_MAX: Final = 500


class GeminiOmni:
    """One project at Google. `client` carries the key as `x-goog-api-key` and the host as base URL.

    `webhook_secret` is the `new_signing_secret` that Google showed when the project's webhook was made.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        protocol: catalogue.Protocol,
        clock: Clock,
        *,
        webhook_secret: str | None = None,
    ) -> None:
        self._client, self._protocol = client, protocol
        self._webhooks = StandardWebhooks(webhook_secret, clock) if webhook_secret else None

    async def submit(self, request: RenderRequest) -> RenderRef:
        answer = await exchange(
            self._client,
            Call.SUBMIT,
            "POST",
            INTERACTIONS,
            json=_body(request),
            timeout_s=self._protocol.submit_timeout_s,
        )
        if not answer.is_success:
            raise refusal(answer, Call.SUBMIT, not_accepted=self._protocol.not_accepted)
        render_id = render_id_of(answer.fields.get("id"), characters_max=RENDER_ID_CHARACTERS_MAX)
        if render_id is None:
            raise OutcomeUnknown("Google took the order and named no interaction", http_status=answer.status)
        return RenderRef(render_id=render_id, request_id=answer.request_id)

    async def poll(self, ref: RenderRef) -> RenderStatus:
        """Look once. The input, so the picture, is not sent back unless asked for."""
        answer = await self._asked(Call.POLL, "GET", self._path(ref))
        if not answer.is_success:
            raise refusal(answer, Call.POLL)
        interaction = interaction_in(answer.document)
        if interaction is None:
            raise CapacityFailed("Google's answer is no interaction", http_status=answer.status)
        return status_of(interaction, request_id=answer.request_id)

    @asynccontextmanager
    async def download(self, ref: RenderRef, status: RenderStatus) -> AsyncIterator[Download]:  # noqa: ARG002 - the port's
        """Open the file in Google's store of files, which needs the key; a redirect leaves it behind.

        A file that is gone is a 403 there ("or it may not exist"), to the key that had just been good for the look. One
        that is not ready yet is a 400, and so a CapacityFailed: it is asked for again.
        """
        async with AsyncExitStack() as opened:
            try:
                file = await opened.enter_async_context(public_download(self._client, _file_url(status.result_ref)))
            except AuthFailed as error:
                if error.http_status != 403:
                    raise
                raise NotFound(error.detail, code=error.code, http_status=403, request_id=error.request_id) from None
            yield file

    def adopted(self, render_id: str, wire_name: str) -> RenderRef:  # noqa: ARG002 - the id is all a look needs
        return RenderRef(render_id=render_id)

    async def cancel(self, ref: RenderRef) -> bool:
        """True only for an interaction that says that it is cancelled and counts no output, which is what is billed."""
        answer = await self._asked(Call.CANCEL, "POST", f"{self._path(ref)}/cancel")
        if answer.is_success:
            interaction = interaction_in(answer.document) or {}
            return interaction.get("status") == "cancelled" and not was_billed(interaction)
        error = refusal(answer, Call.CANCEL)
        if isinstance(error, NotFound | InvalidRequest):  # Unknown, or ended before.
            return False
        raise error

    async def check(self) -> None:
        """Ask for the first of the models, which a key is needed for and nothing is charged for."""
        answer = await self._asked(Call.CHECK, "GET", "v1beta/models", params={"pageSize": 1})
        if not (answer.is_success and "models" in answer.fields):
            raise refusal(answer, Call.CHECK)

    async def models_now(self) -> ListedModels | None:
        return await models_listed(self._client, self._protocol)

    async def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent | None:
        """Google's thin events name what they are about by `data.id` and leave the rest to a look."""
        delivery = self._webhooks.read(headers, body) if self._webhooks else None
        if delivery is None or not isinstance(delivery[1], dict):
            return None
        event_id, event = delivery
        about = event.get("data")
        said = about.get("id") if isinstance(about, dict) else None
        render_id = render_id_of(said, characters_max=RENDER_ID_CHARACTERS_MAX)
        if render_id is None:
            return None
        if not str(event.get("type", "")).startswith(("interaction.", "video.")):
            return None
        return WebhookEvent(event_id=event_id, render_id=render_id)

    def _path(self, ref: RenderRef) -> str:
        return f"{INTERACTIONS}/{quote(ref.render_id, safe='')}"

    async def _asked(self, call: Call, method: str, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        return await exchange(
            self._client, call, method, path, params=params, timeout_s=self._protocol.status_timeout_s
        )


def _body(request: RenderRequest) -> dict[str, Any]:
    """The JSON of a new interaction. `resolutions` of the model's `wire` are Google's names where ours differ.

    Raises:
        InvalidRequest: a shape that Omni does not make, or a picture above our bound.
    """
    if request.shape not in ASPECT_RATIOS:
        raise InvalidRequest(f"Gemini Omni makes no {request.shape} videos")
    wire: Mapping[str, Any] = request.extra
    generation: dict[str, Any] = {"video_config": {"task": "image_to_video" if request.picture else "text_to_video"}}
    if request.seed is not None:
        generation["seed"] = request.seed
    return {
        "model": request.wire_name,
        "background": True,
        "store": True,  # What runs in the background can be looked at only if it is kept.
        "input": _input(request),
        "response_format": {
            "type": "video",
            "aspect_ratio": ASPECT_RATIOS[request.shape],
            "resolution": wire.get("resolutions", {}).get(request.resolution, request.resolution),
            "duration": f"{request.length_s}s",  # A bare number is refused.
            "delivery": "uri",
        },
        "generation_config": generation,
    }


def _input(request: RenderRequest) -> str | list[dict[str, str]]:
    picture = request.picture
    if picture is None:
        return request.prompt
    if len(picture.content) > PICTURE_BYTES_MAX:
        raise InvalidRequest(f"the picture has {len(picture.content)} bytes, more than {PICTURE_BYTES_MAX}")
    content = base64.b64encode(picture.content).decode()
    return [
        {"type": "image", "data": content, "mime_type": picture.mime},
        {"type": "text", "text": request.prompt},
    ]


def _file_url(uri: str) -> str:
    """The address of a file's content: its name alone would bring a description of it."""
    try:
        url = httpx.URL(uri)
    except httpx.InvalidURL:
        raise NotFound("Google named no address that can be followed") from None
    if "/files/" in url.path and not url.path.endswith(":download"):
        url = url.copy_with(path=f"{url.path}:download")
    return str(url.copy_set_param("alt", "media"))


_: type[VideoProvider] = GeminiOmni
_lists_models: type[ListsModels] = GeminiOmni
