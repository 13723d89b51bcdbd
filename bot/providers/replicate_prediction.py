"""What a prediction of Replicate's says: replicate 1.0.7 `Prediction`, and Replicate's page on its lifecycle."""

import re
from datetime import UTC, datetime
from typing import Any, Final

from bot.providers.answers import Answer, render_id_of
from bot.providers.base import FoundRender, RenderRef, RenderState, RenderStatus
from bot.providers.errors import CapacityFailed, NotFound, ProviderError
from bot.providers.replicate_verdicts import failure_of

LOG_CHARACTERS_READ: Final = 4000
_BAR: Final = re.compile(r"^\s*(\d{1,3})%\s*\|[^|]*\|\s*\d+/\d+", re.M)
"""A line of the progress bar that models print into their log, as the vendor's own package reads it."""


def id_of(document: Any) -> str | None:
    told = document.get("id") if isinstance(document, dict) else None
    return render_id_of(told)


def status_of(answer: Answer) -> RenderStatus:
    """One look.

    Raises:
        CapacityFailed: the answer is no prediction.
    """
    prediction = answer.fields
    match word := prediction.get("status"):
        case "starting":
            return RenderStatus(state=RenderState.QUEUED, request_id=answer.request_id)
        case "processing":
            progress = _progress(prediction.get("logs"))
            return RenderStatus(state=RenderState.RUNNING, progress=progress, request_id=answer.request_id)
        case "succeeded":
            return _succeeded(prediction, answer)
        case "failed":
            return _ended(RenderState.FAILED, failure_of(prediction), answer)
        case "canceled" | "aborted":
            return _ended(RenderState.CANCELLED, failure_of(prediction), answer)
        case str():
            return RenderStatus(state=RenderState.RUNNING, unknown_word=word[:100], request_id=answer.request_id)
        case _:
            raise CapacityFailed("Replicate's answer has no status", http_status=answer.status)


def is_free_end(answer: Answer) -> bool:
    """Whether a cancelled prediction never started: then nothing is charged ("Billing for predictions", lifecycle)."""
    prediction = answer.fields
    has_started = prediction.get("started_at") is not None
    return prediction.get("status") == "aborted" or (prediction.get("status") == "canceled" and not has_started)


def found_render(item: Any, since: datetime) -> FoundRender:
    """One line of the list.

    Raises:
        CapacityFailed: it could be the one that is searched and cannot be recognised any more.
    """
    render_id = id_of(item)
    if render_id is None:
        raise CapacityFailed("Replicate's list shows a prediction without an id, which could be ours")
    created_at, model = _time(item.get("created_at")), item.get("model")
    sent = item.get("input")
    is_recent = created_at is None or created_at >= since
    if is_recent and (item.get("data_removed") or not isinstance(sent, dict) or not sent):
        raise CapacityFailed("Replicate has removed the input of a prediction that could be ours")
    prompt = sent.get("prompt") if isinstance(sent, dict) else None
    return FoundRender(
        ref=RenderRef(render_id=render_id),
        created_at=created_at,
        prompt=prompt if isinstance(prompt, str) else None,
        wire_name=model if isinstance(model, str) else None,
    )


def _succeeded(prediction: dict[str, Any], answer: Answer) -> RenderStatus:
    if url := _first_url(prediction.get("output")):
        return RenderStatus(state=RenderState.SUCCEEDED, result_ref=url, request_id=answer.request_id)
    removed = prediction.get("data_removed") is True
    words = "Replicate has removed the video" if removed else "Replicate says it is finished, and sent no video"
    return _ended(RenderState.FAILED, NotFound(words), answer)


def _ended(state: RenderState, failure: ProviderError, answer: Answer) -> RenderStatus:
    return RenderStatus(state=state, failure=failure, request_id=answer.request_id)


def _first_url(output: Any) -> str:
    first = output[0] if isinstance(output, list) and output else output
    return first if isinstance(first, str) else ""


def _progress(logs: Any) -> float | None:
    bars = _BAR.findall(logs[-LOG_CHARACTERS_READ:]) if isinstance(logs, str) else []
    return min(int(bars[-1]) / 100, 1.0) if bars else None


def _time(told: Any) -> datetime | None:
    try:
        time = datetime.fromisoformat(told) if isinstance(told, str) else None
    except ValueError:
        return None
    return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time
