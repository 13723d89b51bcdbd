"""Reading DashScope's task, inside `output` of a look and bare in a list: pure, from JSON that strangers wrote.

Sources: dashscope 2.0.2 and litellm 1.109.1 (A); Alibaba's page on asynchronous tasks and the Java SDK's own test of
the list, 2026-11-21 (A, B).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from bot.providers.answers import tidy
from bot.providers.base import RenderState, RenderStatus
from bot.providers.dashscope_verdicts import failure_in_task
from bot.providers.errors import NotFound, ProviderError
from bot.providers.video_object import id_of

VIDEO_FUNCTION: Final = ":video-synthesis:"
"""In a listed task's `user_api_unique_key`: "apikey:v1:aigc:video-generation:video-synthesis:wan2.7-t2v"."""


def output_in(document: Any) -> dict[str, Any] | None:
    output = document.get("output") if isinstance(document, dict) else None
    return output if isinstance(output, dict) and isinstance(output.get("task_status"), str) else None


def task_id_in(document: Any) -> str | None:
    return id_of(document.get("output")) if isinstance(document, dict) else None


def status_of(output: Mapping[str, Any], request_id: str) -> RenderStatus:
    """One look. DashScope tells no progress.

    Raises:
        NotFound: UNKNOWN, which comes with HTTP 200: no such task, or its day is over, or it lives in another region.
    """

    def ended(state: RenderState, failure: ProviderError) -> RenderStatus:
        return RenderStatus(state=state, failure=failure, request_id=request_id)

    match word := output["task_status"].strip().upper():
        case "PENDING" | "SUSPENDED":
            return RenderStatus(state=RenderState.QUEUED, request_id=request_id)
        case "RUNNING":
            return RenderStatus(state=RenderState.RUNNING, request_id=request_id)
        case "SUCCEEDED":
            if isinstance(url := output.get("video_url"), str) and url:
                return RenderStatus(state=RenderState.SUCCEEDED, result_ref=url, request_id=request_id)
            return ended(RenderState.FAILED, NotFound("DashScope says it succeeded, and names no video"))
        case "FAILED":
            return ended(RenderState.FAILED, failure_in_task(output, word))
        case "CANCELED":
            return ended(RenderState.CANCELLED, failure_in_task(output, word))
        case "UNKNOWN":
            raise NotFound("DashScope does not know this task: its day is over, or it is another region's")
        case _:
            unknown = tidy(output["task_status"])[:60]
            return RenderStatus(state=RenderState.RUNNING, unknown_word=unknown, request_id=request_id)


def is_video(item: Mapping[str, Any]) -> bool:
    """Whether a listed task may be a video. The list shows what all keys of an account asked of all models."""
    key = item.get("user_api_unique_key")
    return not isinstance(key, str) or VIDEO_FUNCTION in key


def created_at(item: Mapping[str, Any]) -> datetime | None:
    """`gmt_create`, milliseconds since 1970."""
    milliseconds = item.get("gmt_create")
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
