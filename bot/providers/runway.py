"""Runway's tasks: its own models and those it resells, over one create call for text and one for a picture.

Sources: runwayml 5.24.0 and Runway's pages on errors and task failures, read 2026-11-21. Worth knowing:

- No idempotency key, no list and no webhook: whether a submit whose answer was lost arrived, only a person can see.
- Too many at once is no error: such a task waits as THROTTLED.
- `DELETE` stops a task, but by Runway's own words neither its answer nor an earlier look promises that nothing is
  charged, and the task cannot be looked at again. So nothing is stopped here: a video half paid for is better waited
  for. The catalogue says that Runway does not cancel.
- A prompt turned down on arrival (SAFETY.INPUT) is charged, a video turned down at the end is not; `cost` tells.
"""

import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import quote

import httpx

from bot.catalogue import model as catalogue
from bot.providers.answers import Answer, Call, render_id_of
from bot.providers.balances import MICROS_PER_DOLLAR, micros_left
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
from bot.providers.errors import CapacityFailed, NotFound, OutcomeUnknown, QuotaExhausted
from bot.providers.model_lists import ListedModels, ListsModels, models_listed
from bot.providers.runway_input import arguments_of
from bot.providers.runway_verdicts import failure_of, refusal
from bot.providers.transport import exchange, public_download

_WAITING: Final = {"PENDING": RenderState.QUEUED, "THROTTLED": RenderState.QUEUED, "RUNNING": RenderState.RUNNING}


class Runway:
    """One organization at Runway. `client` carries the key as `Authorization: Bearer ...`.

    `Protocol.wire`: `version` of the API, `picture_bytes_max` of a picture, `credit_usd_micros`, what a credit costs.
    """

    def __init__(self, client: httpx.AsyncClient, protocol: catalogue.Protocol) -> None:
        self._client, self._protocol = client, protocol

    async def submit(self, request: RenderRequest) -> RenderRef:
        """Create a task. Not repeatable: Runway knows no idempotency key."""
        answer = await self._asked(
            Call.SUBMIT,
            "POST",
            "/v1/text_to_video" if request.picture is None else "/v1/image_to_video",
            json=arguments_of(request, picture_bytes_max=self._protocol.wire["picture_bytes_max"]),
        )
        task_id = render_id_of(answer.fields.get("id"))
        if task_id is None:
            raise OutcomeUnknown("Runway took the order and named no task", http_status=answer.status)
        return RenderRef(render_id=task_id, request_id=answer.request_id)

    async def poll(self, ref: RenderRef) -> RenderStatus:
        answer = await self._asked(Call.POLL, "GET", f"/v1/tasks/{quote(ref.render_id, safe='')}")
        task = answer.fields
        match word := task.get("status"):
            case "PENDING" | "THROTTLED" | "RUNNING":
                return RenderStatus(
                    state=_WAITING[word], progress=_progress(task.get("progress")), request_id=answer.request_id
                )
            case "SUCCEEDED":
                return self._ended(task, answer, RenderState.SUCCEEDED)
            case "FAILED":
                return self._ended(task, answer, RenderState.FAILED)
            case "CANCELLED":
                return self._ended(task, answer, RenderState.CANCELLED)
            case str():
                return RenderStatus(state=RenderState.RUNNING, unknown_word=word[:100], request_id=answer.request_id)
            case _:
                raise CapacityFailed("Runway's answer has no status", http_status=answer.status)

    @asynccontextmanager
    async def download(self, ref: RenderRef, status: RenderStatus) -> AsyncIterator[Download]:  # noqa: ARG002 - the port's
        """Open the file. Its link needs no key and ends after 24 to 48 hours; another look brings a fresh one."""
        async with public_download(self._client, status.result_ref) as download:
            yield download

    def adopted(self, render_id: str, wire_name: str) -> RenderRef:  # noqa: ARG002 - the port's
        return RenderRef(render_id=render_id)

    async def cancel(self, ref: RenderRef) -> bool:  # noqa: ARG002 - the port's
        """Never: Runway cannot confirm that a stopped task costs nothing (runwayml 5.24.0, `tasks.delete`)."""
        return False

    async def check(self) -> None:
        """Look at the organization, which is free and tells what is left of its credits.

        Raises:
            QuotaExhausted: nothing is left, so every submit would be turned down.
        """
        if await self._credits() <= 0:
            raise QuotaExhausted("Runway says that no credits are left")

    async def balance(self) -> int | None:
        """The organization's credits, at the price of one."""
        return micros_left(await self._credits() * self._protocol.wire["credit_usd_micros"] / MICROS_PER_DOLLAR)

    async def _credits(self) -> float:
        answer = await self._asked(Call.CHECK, "GET", "/v1/organization")
        left = _number(answer.fields.get("creditBalance"))
        if left is None:
            raise CapacityFailed("Runway's answer is not about an organization", http_status=answer.status)
        return left

    async def models_now(self) -> ListedModels | None:
        return await models_listed(self._client, self._protocol)

    async def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent | None:  # noqa: ARG002
        """Never: Runway sends none."""
        return None

    async def _asked(self, call: Call, method: str, path: str, *, json: Any = None) -> Answer:
        """One call that succeeded; anything else is raised."""
        timeout_s = self._protocol.submit_timeout_s if call is Call.SUBMIT else self._protocol.status_timeout_s
        headers = {"X-Runway-Version": self._protocol.wire["version"]}
        answer = await exchange(self._client, call, method, path, headers=headers, json=json, timeout_s=timeout_s)
        if not answer.is_success:
            raise refusal(answer, call, not_accepted=self._protocol.not_accepted)
        return answer

    def _ended(self, task: dict[str, Any], answer: Answer, state: RenderState) -> RenderStatus:
        url = _first_url(task.get("output")) if state is RenderState.SUCCEEDED else ""
        failure = None
        if state is not RenderState.SUCCEEDED:
            failure = failure_of(task)
        elif not url:
            state, failure = RenderState.FAILED, NotFound("Runway says it is finished, and sent no video")
        return RenderStatus(
            state=state,
            result_ref=url,
            failure=failure,
            cost_usd_micros=self._cost_usd_micros(task.get("cost")),
            request_id=answer.request_id,
        )

    def _cost_usd_micros(self, cost: Any) -> int | None:
        """What Runway really charged: 0 when it gave all of it back."""
        credits = _number(cost.get("credits")) if isinstance(cost, dict) else None
        return None if credits is None else round(credits * self._protocol.wire["credit_usd_micros"])


def _first_url(output: Any) -> str:
    """The video. Formats that we never ask for would add a sound file behind it."""
    first = output[0] if isinstance(output, list) and output else None
    return first if isinstance(first, str) else ""


def _progress(told: Any) -> float | None:
    share = _number(told)
    return None if share is None else min(max(share, 0.0), 1.0)


def _number(told: Any) -> float | None:
    is_number = isinstance(told, int | float) and not isinstance(told, bool) and math.isfinite(told)
    return float(told) if is_number else None


_: type[VideoProvider] = Runway
_lists_models: type[ListsModels] = Runway
_tells_balance: type[TellsBalance] = Runway
