"""What fal's answers mean.

Two shapes: a model's own errors (a list under `detail`, decided by `type`), and request errors (`error_type`, repeated
in the header X-Fal-Error-Type) for trouble before or around the model. An account locked for money or by an admin is a
403 that only its words tell apart, which `verdicts` does for all services.

Sources: fal's error and request-error pages and fal-client 1.0.3, read 2026-11-21.
"""

from collections.abc import Set
from typing import Any, Final

from bot.providers.answers import Answer, Call, tidy
from bot.providers.errors import (
    CapacityFailed,
    InvalidRequest,
    Moderated,
    ProviderError,
    TimedOut,
)
from bot.providers.verdicts import error_of, seen_as

ERROR_TYPE_HEADER: Final = "x-fal-error-type"
REQUEST_ID_HEADER: Final = "x-fal-request-id"
CANCELLED: Final = "client_cancelled"

_KINDS: Final[dict[str, type[ProviderError]]] = {
    "request_timeout": TimedOut,
    "startup_timeout": CapacityFailed,
    "runner_scheduling_failure": CapacityFailed,
    "runner_connection_timeout": CapacityFailed,
    "runner_connection_refused": CapacityFailed,
    "runner_connection_error": CapacityFailed,
    "runner_disconnected": CapacityFailed,
    "runner_incomplete_response": CapacityFailed,
    "runner_server_error": CapacityFailed,
    "internal_error": CapacityFailed,
    "bad_request": InvalidRequest,
    "content_policy_violation": Moderated,
    "generation_timeout": TimedOut,
    "internal_server_error": CapacityFailed,
    "downstream_service_error": CapacityFailed,
    "downstream_service_unavailable": CapacityFailed,
}


def code_of(answer: Answer) -> str:
    """fal's own word for what went wrong: the refusal among a model's problems first, else the first one's type."""
    document = answer.fields
    if error_type := document.get("error_type") or answer.headers.get(ERROR_TYPE_HEADER):
        return str(error_type)
    types = [str(problem.get("type", "")) for problem in _problems(document)]
    return next((each for each in types if _KINDS.get(each) is Moderated), types[0] if types else "")


def words_of(answer: Answer) -> str:
    """What fal says to people. Never the field `input` of a problem: it repeats what the person wrote or sent."""
    document = answer.fields
    if problems := _problems(document):
        return "; ".join(_told(problem) for problem in problems[:3])
    detail = document.get("detail") or document.get("error") or ""
    return detail if isinstance(detail, str) else ""


def refusal(answer: Answer, call: Call, *, not_accepted: Set[tuple[int, str]] = frozenset()) -> ProviderError:
    """The error that an answer of 300 and above is."""
    code = code_of(answer) if answer.status >= 400 else ""  # A redirect has no error document, whatever it carries.
    words = words_of(answer)
    shared = error_of(answer, call=call, code=code, message=words, not_accepted=not_accepted)
    if answer.status >= 500 and call is Call.SUBMIT:
        return shared  # It proves nothing, whatever it calls itself.
    kind = _KINDS.get(code)
    if kind is None or type(shared) is kind or answer.status in {401, 408, 429, 499}:
        return shared
    return seen_as(kind, shared)


def is_verdict(answer: Answer) -> bool:
    """Whether a failed result is fal's last word on a render, and not the trouble of a gateway or an account."""
    if answer.status in {401, 402, 403, 404, 408, 425, 429} or answer.status < 400:
        return False
    return bool(code_of(answer)) or REQUEST_ID_HEADER in answer.headers


def failure_in_status(document: dict[str, Any]) -> ProviderError | None:
    """The failure that a COMPLETED status names; None when it names none or a word that says nothing yet."""
    kind = _KINDS.get(str(document.get("error_type") or ""))
    return said_in_status(document, kind) if kind is not None else None


def said_in_status(document: dict[str, Any], kind: type[ProviderError] = CapacityFailed) -> ProviderError:
    words, code = str(document.get("error") or "no explanation"), str(document.get("error_type") or "")
    return kind(f"fal says: {tidy(words)}", code=tidy(code)[:100])


def _problems(document: dict[str, Any]) -> list[dict[str, Any]]:
    detail = document.get("detail")
    return [each for each in detail if isinstance(each, dict)] if isinstance(detail, list) else []


def _told(problem: dict[str, Any]) -> str:
    place = problem.get("loc")
    field = str(place[-1]) if isinstance(place, list) and place else ""
    return f"{field}: {problem.get('msg', '')}" if field else str(problem.get("msg", ""))
