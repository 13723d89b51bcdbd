"""Reading Ark's task, the one object that looks, lists and callbacks share: pure, from JSON that strangers wrote.

Source: byteplus-python-sdk-v2 3.0.63, `types/content_generation`, 2026-11-21 (A). It marks every field as required and
its own comments say "if any"; `content` is missing or null until there is a video, and again a day later.
"""

from datetime import UTC, datetime
from typing import Any

from bot.providers.answers import tidy
from bot.providers.ark_verdicts import failure_in_task
from bot.providers.base import FoundRender, RenderRef, RenderState, RenderStatus
from bot.providers.errors import NotFound, ProviderError
from bot.providers.video_object import id_of


def task_in(document: Any) -> dict[str, Any] | None:
    return document if isinstance(document, dict) and isinstance(document.get("status"), str) else None


def status_of(task: dict[str, Any], request_id: str) -> RenderStatus:
    """One look. Ark tells no progress."""

    def ended(state: RenderState, failure: ProviderError) -> RenderStatus:
        return RenderStatus(state=state, failure=failure, request_id=request_id)

    match word := task["status"].strip().lower():
        case "queued":
            return RenderStatus(state=RenderState.QUEUED, request_id=request_id)
        case "running":
            return RenderStatus(state=RenderState.RUNNING, request_id=request_id)
        case "succeeded":
            if url := _video_url(task):
                return RenderStatus(state=RenderState.SUCCEEDED, result_ref=url, request_id=request_id)
            return ended(RenderState.FAILED, NotFound("Ark says it succeeded, and keeps no video any more"))
        case "failed" | "expired":
            return ended(RenderState.FAILED, failure_in_task(task, word))
        case "cancelled":
            return ended(RenderState.CANCELLED, failure_in_task(task, word))
        case _:
            unknown = tidy(task["status"])[:60]
            return RenderStatus(state=RenderState.RUNNING, unknown_word=unknown, request_id=request_id)


def found_render(item: Any, client_key_field: str) -> FoundRender | None:
    """One line of the list; None when it has no id. A task never repeats its prompt."""
    render_id = id_of(item)
    if render_id is None:
        return None
    client_key, model = item.get(client_key_field), item.get("model")
    return FoundRender(
        ref=RenderRef(render_id=render_id),
        created_at=_time(item.get("created_at")),
        client_key=client_key if isinstance(client_key, str) else "",
        wire_name=model if isinstance(model, str) else None,
    )


def _video_url(task: dict[str, Any]) -> str:
    content = task.get("content")
    url = content.get("video_url") if isinstance(content, dict) else None
    return url if isinstance(url, str) else ""


def _time(seconds: Any) -> datetime | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None
