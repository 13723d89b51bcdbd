"""Reading the video object of the `/v1/videos` dialect leniently: pure, from JSON that strangers wrote.

OpenAI's document marks every field as required and its own examples leave some out; relays add, rename and wrap.
Source: sections 1 and 4 of the provider facts; the synonyms are those new-api's own adaptor tolerates, 2026-11-21.
"""

import math
import re
from datetime import UTC, datetime
from typing import Any

from bot.providers.answers import Answer, Call, render_id_of, tidy
from bot.providers.base import FoundRender, RenderRef, RenderState, RenderStatus
from bot.providers.errors import CapacityFailed, InvalidRequest, NotFound, ProviderError, TimedOut
from bot.providers.refusals import code_and_message
from bot.providers.verdicts import error_of, kind_of_code, kind_of_words

_WORDS = {
    RenderState.QUEUED: "queued pending submitted not_start preparing created unknown",
    RenderState.RUNNING: "in_progress processing running generating",
    RenderState.SUCCEEDED: "completed complete success succeeded finished",
    RenderState.FAILED: "failed failure fail error expired",
    RenderState.CANCELLED: "cancelled canceled deleted",
}
_STATES = {word: state for state, words in _WORDS.items() for word in words.split()}
_POLL_AFTER_MAX_S = 300.0
_ID_CHARACTERS_MAX = 2000
"""LiteLLM's ids are base64 of provider, model and id: long, and kept as they are."""


def video_in(document: Any) -> dict[str, Any] | None:
    """The video object itself, also where a gateway wraps it into `data`; None for anything else."""
    if not isinstance(document, dict):
        return None
    if "status" not in document and isinstance(document.get("data"), dict):
        document = document["data"]
    return document if isinstance(document.get("status"), str) else None


def id_of(document: Any) -> str | None:
    """`id` or `task_id` of what a submit was answered with."""
    for each in (document, document.get("data") if isinstance(document, dict) else None):
        for name in ("id", "task_id", "taskId"):
            said = each.get(name) if isinstance(each, dict) else None
            if (found := render_id_of(said, characters_max=_ID_CHARACTERS_MAX)) is not None:
                return found
    return None


def status_of(video: dict[str, Any], answer: Answer) -> RenderStatus:
    """One look. A word that nobody knows is pending and said aloud, never a verdict."""
    word = video["status"]
    state = _STATES.get(re.sub(r"[\s-]+", "_", word.strip().lower()))
    return RenderStatus(
        state=state or RenderState.RUNNING,
        progress=_progress(video.get("progress")),
        poll_after_s=_poll_after_s(answer),
        result_ref=_file_url(video) if state is RenderState.SUCCEEDED else "",
        failure=_failure(video, answer) if state in {RenderState.FAILED, RenderState.CANCELLED} else None,
        unknown_word="" if state else tidy(word)[:60],
        request_id=answer.request_id,
    )


def _progress(value: Any) -> float | None:
    """0 to 100, as a number or like new-api's "45%", to 0 to 1."""
    if isinstance(value, str):
        try:
            value = float(value.strip().removesuffix("%"))
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return min(1.0, max(0.0, value / 100))


def _poll_after_s(answer: Answer) -> float | None:
    """OpenAI's hint when to look again, within reason: nobody would wait a day for a video that is done."""
    milliseconds = answer.headers.get("openai-poll-after-ms", "")
    if not (milliseconds.isdecimal() and len(milliseconds) < 20):
        return None
    return min(int(milliseconds) / 1000, _POLL_AFTER_MAX_S)


def _file_url(video: dict[str, Any]) -> str:
    """`url`, `urls[0]`, `video_url` or `metadata.url`; "" leaves `/content`."""
    urls, metadata = video.get("urls"), video.get("metadata")
    candidates = (
        video.get("url"),
        urls[0] if isinstance(urls, list) and urls else None,
        video.get("video_url"),
        metadata.get("url") if isinstance(metadata, dict) else None,
    )
    return next((each for each in candidates if isinstance(each, str) and each.startswith(("https://", "http://"))), "")


def _failure(video: dict[str, Any], answer: Answer) -> ProviderError:
    """What a failed render says. Its `error.code` is a word, missing (SGLang) or an HTTP status (vLLM-Omni)."""
    code, message = code_and_message(video, "")
    word = video["status"].lower()
    kind: type[ProviderError] | None
    if word == "expired":
        kind = NotFound
    elif code.isdecimal() and 400 <= int(code) < 600:
        as_answer = Answer(status=int(code), headers=answer.headers)
        return error_of(as_answer, call=Call.POLL, code="", message=message)
    else:
        kind = kind_of_code(code) or kind_of_words(f"{code} {message}") or _kind_of_word(code.lower())
    detail = tidy(message) or tidy(code) or f"the service says {word} and nothing else"
    return kind(detail, code=tidy(code)[:100], request_id=answer.request_id)


def _kind_of_word(code: str) -> type[ProviderError]:
    if "timeout" in code or "timed_out" in code:
        return TimedOut
    if code.startswith("invalid_"):
        return InvalidRequest
    return CapacityFailed


def found_render(item: Any) -> FoundRender | None:
    """One line of a list; None when it has no id."""
    render_id = id_of(item)
    if render_id is None:
        return None
    prompt, model = item.get("prompt"), item.get("model")
    return FoundRender(
        ref=RenderRef(render_id=render_id),
        created_at=_time(item.get("created_at")),
        prompt=prompt if isinstance(prompt, str) else None,
        wire_name=model if isinstance(model, str) else None,
    )


def _time(seconds: Any) -> datetime | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None
