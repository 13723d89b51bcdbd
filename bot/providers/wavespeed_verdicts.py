"""WaveSpeedAI's own codes: those of the envelope, which repeat HTTP, and those of a failed render.

Source: https://wavespeed.ai/docs/error-codes, docs-authentication and troubleshooting-guide, read on 2026-11-21. The
pages name no code for an empty account, only the words "Insufficient credits", and no status for them.
"""

from collections.abc import Set
from dataclasses import replace
from typing import Any

from bot.providers.answers import Answer, Call, tidy
from bot.providers.errors import (
    CapacityFailed,
    InvalidRequest,
    Moderated,
    OutcomeUnknown,
    ProviderError,
    QuotaExhausted,
    TimedOut,
)
from bot.providers.refusals import code_and_message
from bot.providers.verdicts import error_of, kind_of_words, seen_as

_WELL = frozenset({0, 200})
_RENDER_KINDS: dict[int, type[ProviderError]] = {
    1200: Moderated,
    1400: InvalidRequest,
    1401: InvalidRequest,
    1402: CapacityFailed,  # "media access failed": the only medium is a picture in their own store
    1403: CapacityFailed,
    1405: CapacityFailed,
    5000: CapacityFailed,
    5003: CapacityFailed,
    5004: TimedOut,
}


def is_well(answer: Answer) -> bool:
    """Whether HTTP and the envelope say yes. A record without an envelope may bring a code of its own."""
    if not answer.is_success:
        return False
    document = answer.document
    if not isinstance(document, dict) or "id" in document or _has_record(document):
        return True
    code = document.get("code", 200)
    return isinstance(code, int) and code in _WELL


def refusal_of(answer: Answer, call: Call, not_accepted: Set[tuple[int, str]]) -> ProviderError:
    """What an answer that is not well says. With HTTP 200 the envelope's code stands for the status."""
    document = answer.document if isinstance(answer.document, dict) else {}
    number = _number(document.get("code"))
    if answer.is_success and 400 <= number <= 599:
        answer = replace(answer, status=number)
    code, message = code_and_message(answer.document, answer.text)
    if isinstance(word := document.get("error_code"), str):
        code = word
    shared = error_of(answer, call=call, code=code, message=message, not_accepted=not_accepted)
    if answer.is_success:  # HTTP 200 and a code of no HTTP status: a word of a render's vocabulary, or a new one
        kind = _RENDER_KINDS.get(number, OutcomeUnknown if call is Call.SUBMIT else CapacityFailed)
        may_be_at_work = call is Call.SUBMIT and number >= 5000
        return seen_as(OutcomeUnknown if may_be_at_work else kind, shared)
    if number == 1200 and isinstance(shared, InvalidRequest):
        return seen_as(Moderated, shared)
    if isinstance(shared, InvalidRequest) and kind_of_words(message) is QuotaExhausted:
        return seen_as(QuotaExhausted, shared)
    return shared


def failure_of(word: str, record: dict[str, Any], *, request_id: str) -> ProviderError:
    """Why a render came to nothing, from its status word, its code and its words."""
    said = record.get("error")
    words = said if isinstance(said, str) else ""
    number = _number(record.get("code"))
    kind: type[ProviderError]
    if word == "failed":
        by_code = _RENDER_KINDS.get(number)
        kind = by_code if by_code in {Moderated, TimedOut} else kind_of_words(words) or by_code or CapacityFailed
    else:
        kind = TimedOut if word == "timeout" else CapacityFailed
    detail = tidy(words) or f"the prediction ended as {word}, without a reason"
    return kind(detail, code=str(number or ""), request_id=request_id)


def _has_record(document: dict[str, Any]) -> bool:
    inner = document.get("data")
    return isinstance(inner, dict) and "id" in inner


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0
