"""Wan and HappyHorse on Alibaba's DashScope (Model Studio), in its two regions.

What differs between them is in `Protocol.wire` and `Model.wire` (bot/catalogue/dashscope_*.toml). Sources: dashscope
2.0.2, litellm 1.109.1, section 11.5 of the provider facts, 2026-11-21. Worth knowing:

- No idempotency key, no field of our own, and the list shows no prompt. But a task that succeeded repeats its prompt
  (`orig_prompt`), so a lost submit is found by looking at each young video task, once all of them have ended.
- Tasks, list and files are kept for a day. A search after that would take a paid video for one that never was.
- A task that is not known is HTTP 200 with UNKNOWN, and refusals may be HTTP 200 too.
- There is no callback; events go through Alibaba's EventBridge, which is no address of ours.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

import httpx

from bot.catalogue.model import Protocol, Shape
from bot.clock import Clock
from bot.providers.answers import Answer, Call
from bot.providers.base import (
    Download,
    FindsRenders,
    FoundRender,
    RenderRef,
    RenderRequest,
    RenderState,
    RenderStatus,
    VideoProvider,
    WebhookEvent,
)
from bot.providers.dashscope_task import created_at, is_video, output_in, status_of, task_id_in
from bot.providers.dashscope_verdicts import refusal, request_id_of
from bot.providers.data_uris import data_uri
from bot.providers.errors import CapacityFailed, NotFound
from bot.providers.listings import could_be_lost, found_since, must_remember
from bot.providers.transport import exchange, public_download
from bot.providers.video_object import id_of

SUBMIT: Final = "services/aigc/video-generation/video-synthesis"
TASKS: Final = "tasks"
PAGE_SIZE: Final = 100
LOOKS_MAX: Final = 40
"""How many video tasks of one quarter of an hour a search looks at; an account that makes more is not searched."""
RATIOS: Final = {Shape.WIDE: "16:9", Shape.VERTICAL: "9:16", Shape.SQUARE: "1:1"}


class DashScope:
    """One account in one region. `client` carries the key as a bearer token and a base URL that ends in `/api/v1`."""

    def __init__(self, client: httpx.AsyncClient, protocol: Protocol, clock: Clock) -> None:
        self._client, self._protocol, self._clock = client, protocol, clock

    async def submit(self, request: RenderRequest) -> RenderRef:
        answer = await exchange(
            self._client,
            Call.SUBMIT,
            "POST",
            SUBMIT,
            headers={"X-DashScope-Async": "enable"},  # Without it the call is refused.
            json=_body(request, self._protocol.wire),
            timeout_s=self._protocol.submit_timeout_s,
        )
        render_id = task_id_in(answer.document) if answer.is_success else None
        if render_id is None:
            raise refusal(answer, Call.SUBMIT, not_accepted=self._protocol.not_accepted)
        return RenderRef(render_id=render_id, request_id=request_id_of(answer))

    async def poll(self, ref: RenderRef) -> RenderStatus:
        output, request_id = await self._looked(ref.render_id, Call.POLL)
        return status_of(output, request_id)

    @asynccontextmanager
    async def download(self, ref: RenderRef, status: RenderStatus) -> AsyncIterator[Download]:  # noqa: ARG002 - the port's
        """The link is signed, needs no key and is good for a day."""
        async with public_download(self._client, status.result_ref) as download:
            yield download

    async def find(self, since: datetime) -> list[FoundRender]:
        """Video tasks accepted since then; those that may be a lost one with their prompts.

        Those that failed or were cancelled are left out: they cost nothing, so whether one was ours decides nothing.

        Raises:
            CapacityFailed: the list cannot prove an absence: it has forgotten, or a video of that time is still at work
                or succeeded without saying its prompt, and could be ours.
        """
        must_remember(since, self._clock, self._protocol.wire["list_retention_s"])
        videos = [each for each in await found_since(since, self._page) if each.wire_name is not None]
        perhaps = [each for each in videos if could_be_lost(each, since)]
        if len(perhaps) > LOOKS_MAX:
            raise CapacityFailed(f"more than {LOOKS_MAX} videos to look at for a lost one")
        told = [await self._with_prompt(each) for each in perhaps]
        return [each for each in told if each is not None] + [each for each in videos if each not in perhaps]

    async def _with_prompt(self, found: FoundRender) -> FoundRender | None:
        output, request_id = await self._looked(found.ref.render_id, Call.FIND)
        ended = status_of(output, request_id)
        if ended.failure is not None and not (ended.failure.kind == NotFound.kind or self._protocol.charges_failed):
            return None
        prompt = output.get("orig_prompt")
        if not isinstance(prompt, str):
            raise CapacityFailed("a video of that time does not say its prompt yet, and could be ours")
        return replace(found, prompt=prompt)

    async def _page(self, number: int) -> tuple[list[FoundRender], int]:
        """One page; what is certainly no video has no `wire_name`."""
        answer = await self._asked(Call.FIND, "GET", TASKS, {"page_no": number, "page_size": PAGE_SIZE})
        page = answer.document if answer.is_success else None
        if not isinstance(page, dict) or not isinstance(items := page.get("data"), list):
            raise refusal(answer, Call.FIND)
        total = page.get("total")
        shown = [
            FoundRender(
                ref=RenderRef(render_id=render_id),
                created_at=created_at(item),
                wire_name=str(item.get("model_name", "")) if is_video(item) else None,
            )
            for item in items
            if (render_id := id_of(item))
        ]
        if isinstance(total, bool) or not isinstance(total, int) or len(shown) < len(items):
            raise CapacityFailed("the list has no count or shows a task without an id, which could be ours")
        return shown, total

    def adopted(self, render_id: str, wire_name: str) -> RenderRef:  # noqa: ARG002 - the id is all a look needs
        return RenderRef(render_id=render_id)

    async def cancel(self, ref: RenderRef) -> bool:
        """Only a task that still waits can be taken back, and only a look afterwards proves it."""
        answer = await self._asked(Call.CANCEL, "POST", f"{_path(ref.render_id)}/cancel")
        if answer.status in {400, 404, 409}:
            return False  # UnsupportedOperation: it began to run, or ended.
        if not answer.is_success:
            raise refusal(answer, Call.CANCEL)
        output, request_id = await self._looked(ref.render_id, Call.CANCEL)
        return status_of(output, request_id).state is RenderState.CANCELLED

    async def check(self) -> None:
        """The list of tasks, which is free and answers to a valid key only."""
        answer = await self._asked(Call.CHECK, "GET", TASKS, {"page_no": 1, "page_size": 1})
        if not (answer.is_success and "data" in answer.fields):
            raise refusal(answer, Call.CHECK)

    async def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent | None:  # noqa: ARG002
        """Always None: there are no callbacks."""
        return None

    async def _looked(self, render_id: str, call: Call) -> tuple[dict[str, Any], str]:
        answer = await self._asked(call, "GET", _path(render_id))
        output = output_in(answer.document) if answer.is_success else None
        if output is None:
            raise refusal(answer, call)
        return output, request_id_of(answer)

    async def _asked(self, call: Call, method: str, url: str, params: Mapping[str, Any] | None = None) -> Answer:
        timeout_s = self._protocol.status_timeout_s
        return await exchange(self._client, call, method, url, params=params, timeout_s=timeout_s)


def _path(render_id: str) -> str:
    return f"{TASKS}/{quote(render_id, safe='')}"


def _body(request: RenderRequest, wire: Mapping[str, Any]) -> dict[str, Any]:
    """A request in DashScope's terms. With a first frame its own shape decides, and no ratio is taken."""
    spoken: dict[str, Any] = {"prompt": request.prompt}
    parameters: dict[str, Any] = {
        "resolution": request.resolution.upper(),
        "duration": request.length_s,
        "watermark": False,
    }
    if request.picture is None:
        parameters["ratio"] = RATIOS[request.shape]
    else:
        url = data_uri(request.picture, bytes_max=wire["picture_bytes_max"])
        spoken["media"] = [{"type": "first_frame", "url": url}]
    if request.audio is not None and (field := request.extra.get("audio_field")):
        parameters[str(field)] = request.audio
    if request.seed is not None:
        parameters["seed"] = request.seed
    return {"model": request.wire_name, "input": spoken, "parameters": parameters}


_: type[VideoProvider] = DashScope
_finds_renders: type[FindsRenders] = DashScope
