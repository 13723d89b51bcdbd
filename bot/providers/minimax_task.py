"""MiniMax's task record and its errors, as its V2 API tells them.

An error is `{type, error: {type, message, http_code}, request_id}` and its number stands in brackets at the end of the
message; a failed task has it under `error.code`. The older API's `base_resp`, an error inside a 200, is read as well:
gateways in front of V2 answer so.

Source: MiniMax's OpenAPI document of V2 and its table of codes, read 2026-11-21 (B); provider facts, section 11.4.
"""

import re
from collections.abc import Mapping, Set
from typing import Any, Final

from bot.providers.answers import Answer, Call, render_id_of, tidy
from bot.providers.base import RenderState, RenderStatus
from bot.providers.errors import (
    AuthFailed,
    CapacityFailed,
    InvalidRequest,
    Moderated,
    NotFound,
    OutcomeUnknown,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    TimedOut,
)
from bot.providers.verdicts import error_of, kind_of_words, seen_as

_KINDS: Final[dict[str, type[ProviderError]]] = {
    "1000": CapacityFailed,
    "1001": TimedOut,
    "1002": RateLimited,
    "1004": AuthFailed,
    "1008": QuotaExhausted,
    "1024": CapacityFailed,
    "1026": Moderated,
    "1027": Moderated,
    "1033": CapacityFailed,
    "1039": RateLimited,
    "1041": RateLimited,
    "1042": InvalidRequest,
    "2013": InvalidRequest,
    "2045": RateLimited,
    "2049": AuthFailed,
    "2056": QuotaExhausted,
    "2067": QuotaExhausted,
}
_NUMBER = re.compile(r"\((\d{4})\)\s*$")
_UNKNOWN_TASK = re.compile(r"record not found|invalid task_id|task.{0,12}not (found|exist)", re.I)


def id_in(document: Any) -> str | None:
    """The id of a task that was just made; None when there is none that could be one."""
    said = document.get("task_id") if isinstance(document, dict) and not _base_code(document) else None
    return render_id_of(said)


def refusal(answer: Answer, call: Call, *, not_accepted: Set[tuple[int, str]] = frozenset()) -> ProviderError:
    """The error that an answer is which holds no task. A 5xx to a submit proves nothing, whatever it calls itself."""
    code, words = code_and_words(answer)
    shared = error_of(answer, call=call, code=code, message=words, not_accepted=not_accepted)
    kind = _kind(answer.status, call, code, words)
    request_id = answer.fields.get("request_id")
    told_id = request_id[:200] if isinstance(request_id, str) else ""
    return seen_as(kind or type(shared), shared, request_id=told_id)


def code_and_words(answer: Answer) -> tuple[str, str]:
    """MiniMax's number, or its word when it gives none, and what it says to people."""
    document = answer.fields
    if base := _base_code(document):
        return base, str(document["base_resp"].get("status_msg", ""))
    error = document.get("error")
    if not isinstance(error, dict):
        return "", answer.text
    said = error.get("message")
    words = said if isinstance(said, str) else ""
    number = _NUMBER.search(words)
    return (number.group(1) if number else str(error.get("type") or "")), words


def _base_code(document: Mapping[str, Any]) -> str:
    base = document.get("base_resp")
    code = base.get("status_code") if isinstance(base, dict) else None
    return str(code) if isinstance(code, int | str) and code not in {0, "0"} else ""


def _kind(status: int, call: Call, code: str, words: str) -> type[ProviderError] | None:
    if call is not Call.SUBMIT and status < 500 and _UNKNOWN_TASK.search(words):
        return NotFound
    kind = _KINDS.get(code)
    if kind is None or 300 <= status < 400 or status in {401, 402, 408, 499}:
        return None
    if call is Call.SUBMIT:
        if status >= 500:
            return None
        return OutcomeUnknown if kind in {CapacityFailed, TimedOut} else kind
    return kind


def status_of(task: Mapping[str, Any], answer: Answer) -> RenderStatus:
    """What one record says. MiniMax tells no progress and no price.

    Raises:
        CapacityFailed: it has no status, so it says nothing.
    """
    match word := task.get("status"):
        case "queued":
            return RenderStatus(state=RenderState.QUEUED, request_id=answer.request_id)
        case "running":
            return RenderStatus(state=RenderState.RUNNING, request_id=answer.request_id)
        case "succeeded":
            return _ended(task, answer)
        case "failed" | "expired":
            return _failed(RenderState.FAILED, failure_in(task, word), answer)
        case "cancelled":
            return _failed(RenderState.CANCELLED, failure_in(task, word), answer)
        case str() if word:
            return RenderStatus(state=RenderState.RUNNING, unknown_word=word[:100], request_id=answer.request_id)
        case _:
            raise CapacityFailed("MiniMax's answer has no status", http_status=answer.status)


def failure_in(task: Mapping[str, Any], word: str) -> ProviderError:
    """Why a task ended without a video: by its number, else by its words, else by how it ended."""
    error = task.get("error")
    said: Mapping[str, Any] = error if isinstance(error, dict) else {}
    code, words = str(said.get("code") or ""), str(said.get("message") or "")
    by_default = NotFound if word == "expired" else CapacityFailed
    kind = _KINDS.get(code) or kind_of_words(words) or by_default
    return kind(f"MiniMax says: {tidy(words) or word}", code=tidy(code)[:100])


def _ended(task: Mapping[str, Any], answer: Answer) -> RenderStatus:
    content = task.get("content")
    url = content.get("url") if isinstance(content, dict) else None
    if not (isinstance(url, str) and url):
        return _failed(RenderState.FAILED, NotFound("MiniMax says it is finished, and sent no video"), answer)
    return RenderStatus(state=RenderState.SUCCEEDED, result_ref=url, request_id=answer.request_id)


def _failed(state: RenderState, failure: ProviderError, answer: Answer) -> RenderStatus:
    return RenderStatus(state=state, failure=failure, request_id=answer.request_id)
