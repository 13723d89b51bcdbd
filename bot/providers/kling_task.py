"""Kling's task record, new style and old, and what it says about a render.

New: `id`, `status`, `message`, `outputs[]`, `external_id`. Old: `task_id`, `task_status`, `task_status_msg`,
`task_result.videos[]`, `task_info.external_task_id`; its word for success is "succeed". No progress in either.
Source: Kling's document-api (task and callback pages) as others keep it, 2026-09 and 2026-10 (C).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from bot.providers.answers import Answer, render_id_of
from bot.providers.base import FoundRender, RenderRef, RenderState, RenderStatus
from bot.providers.errors import CapacityFailed, NotFound, ProviderError
from bot.providers.kling_verdicts import failure_in_task, request_id_of

MICROS: Final = 1_000_000


def data_of(answer: Answer) -> Any:
    """What is under `data` of a success; None for everything else."""
    document = answer.document
    is_success = answer.is_success and isinstance(document, dict) and document.get("code") in {0, "0"}
    return document.get("data") if is_success else None


def records_in(data: Any) -> list[Mapping[str, Any]] | None:
    """The tasks of an answer: a list of them, or one alone; None when it is neither, and so says nothing."""
    listed = data if isinstance(data, list) else [data]
    return listed if all(isinstance(each, dict) for each in listed) else None


def id_of(record: Any) -> str | None:
    """The service's id of a task; None when there is none that could be one."""
    if not isinstance(record, dict):
        return None
    said = record.get("id") or record.get("task_id")
    said = str(said) if isinstance(said, int) and not isinstance(said, bool) else said
    return render_id_of(said)


def client_key_of(record: Mapping[str, Any]) -> str:
    """The key that we sent as `external_task_id`; "" for tasks that were started without one."""
    inside = record.get("task_info")
    said = record.get("external_id") or (inside.get("external_task_id") if isinstance(inside, dict) else None)
    return said if isinstance(said, str) else ""


def status_of(record: Mapping[str, Any], answer: Answer) -> RenderStatus:
    """What one record says.

    Raises:
        CapacityFailed: it has no status, so it says nothing.
    """
    request_id = request_id_of(answer)
    word = record.get("status", record.get("task_status"))
    match word:
        case "submitted":
            return RenderStatus(state=RenderState.QUEUED, request_id=request_id)
        case "processing":
            return RenderStatus(state=RenderState.RUNNING, request_id=request_id)
        case "succeeded" | "succeed":
            return _ended(record, request_id)
        case "failed":
            failure = failure_in_task(record.get("message", record.get("task_status_msg")))
            return _failed(failure, request_id)
        case str() if word:
            return RenderStatus(state=RenderState.RUNNING, unknown_word=word[:100], request_id=request_id)
        case _:
            raise CapacityFailed("Kling's answer has no status", http_status=answer.status)


def found_render(record: Mapping[str, Any], *, poll_ref: str = "") -> FoundRender:
    """A task of a list. It shows neither prompt nor model, so only our key can recognise it.

    Raises:
        CapacityFailed: a task without an id could be ours, so the list proves nothing.
    """
    render_id = id_of(record)
    if render_id is None:
        raise CapacityFailed("Kling's list shows a task without an id, which could be ours")
    ref = RenderRef(render_id=render_id, poll_ref=poll_ref)
    return FoundRender(ref=ref, created_at=_created_at(record), client_key=client_key_of(record))


def _ended(record: Mapping[str, Any], request_id: str) -> RenderStatus:
    url = _video_url(record)
    if not url:
        return _failed(NotFound("Kling says it is finished, and sent no video"), request_id)
    cost = _cost_usd_micros(record.get("billing"))
    return RenderStatus(state=RenderState.SUCCEEDED, result_ref=url, cost_usd_micros=cost, request_id=request_id)


def _failed(failure: ProviderError, request_id: str) -> RenderStatus:
    return RenderStatus(state=RenderState.FAILED, failure=failure, request_id=request_id)


def _video_url(record: Mapping[str, Any]) -> str:
    """Of the clean video: `watermark_url` beside it is only there when one was asked for."""
    result = record.get("task_result")
    listed = record.get("outputs") or (result.get("videos") if isinstance(result, dict) else None)
    for each in listed if isinstance(listed, list) else ():
        url = each.get("url") if isinstance(each, dict) and each.get("type", "video") == "video" else None
        if isinstance(url, str) and url:
            return url
    return ""


def _created_at(record: Mapping[str, Any]) -> datetime | None:
    said = record.get("create_time", record.get("created_at"))
    if not isinstance(said, int) or isinstance(said, bool):
        return None
    try:
        return datetime.fromtimestamp(said / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _cost_usd_micros(billing: Any) -> int | None:
    """What was taken from a balance in dollars; None where a resource pack paid, whose units have no price of ours."""
    if not isinstance(billing, list) or not billing:
        return None
    total = Decimal(0)
    for each in billing:
        if not isinstance(each, dict) or (each.get("charge_type"), each.get("currency")) != ("cash", "USD"):
            return None
        try:
            total += Decimal(str(each.get("amount")))
        except InvalidOperation:
            return None
    return int(total * MICROS) if total.is_finite() and total >= 0 else None
