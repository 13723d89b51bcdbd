"""What Google's errors mean, for Gemini Omni and for Veo on Vertex.

One error document, in two spellings: `{"error": {code, message, status, details}}` from the services and the same in a
list of one from Google's front end. `code` is a word of the Interactions service or a number that repeats the HTTP
status (in an operation: a number of google.rpc.Code). Source: google-genai 3.4.0 (errors.py, interactions), section
5.3 of the provider facts, 2026-11-21.
"""

import math
import re
from collections.abc import Iterable, Set
from typing import Any, Final

from bot.providers.answers import Answer, Call, tidy
from bot.providers.errors import (
    AuthFailed,
    CapacityFailed,
    InvalidRequest,
    Moderated,
    NotFound,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    TimedOut,
)
from bot.providers.verdicts import error_of, kind_of_words, seen_as

_RPC_NAMES: Final = {
    3: "INVALID_ARGUMENT",
    4: "DEADLINE_EXCEEDED",
    5: "NOT_FOUND",
    7: "PERMISSION_DENIED",
    8: "RESOURCE_EXHAUSTED",
    9: "FAILED_PRECONDITION",
    10: "ABORTED",
    13: "INTERNAL",
    14: "UNAVAILABLE",
    16: "UNAUTHENTICATED",
}
_KINDS: Final[dict[str, type[ProviderError]]] = {
    "INVALID_ARGUMENT": InvalidRequest,
    "FAILED_PRECONDITION": InvalidRequest,
    "DEADLINE_EXCEEDED": TimedOut,
    "NOT_FOUND": NotFound,
    "PERMISSION_DENIED": AuthFailed,
    "UNAUTHENTICATED": AuthFailed,
    "RESOURCE_EXHAUSTED": RateLimited,
}
_REFUSED: Final = re.compile(
    r"(?<![A-Z])(SAFETY|PROHIBITED_CONTENT|BLOCKLIST|SPII)(?![A-Z_])|(?i:\bblocked\b.{0,120}\b(policy|policies|safety)\b)"
    r"|(?i:usage guidelines|responsible ai)",
    re.S,
)
_KEY_REFUSED: Final = re.compile(r"API[ _]key[ _](not[ _]valid|expired|invalid)|reported as leaked", re.I)
_BILLING: Final = re.compile(r"enable billing|billing (account|is)|free tier|paid tier", re.I)
_RENDER_UNKNOWN: Final = re.compile(r"invalid (interaction|operation) (name|id)", re.I)


def error_in(document: Any) -> dict[str, Any]:
    """The error object of an answer in either spelling; empty when there is none."""
    if isinstance(document, list):
        document = document[0] if document else None
    error = document.get("error") if isinstance(document, dict) else None
    if isinstance(error, dict):
        return error
    return {"message": error} if isinstance(error, str) else {}


def refusal(answer: Answer, call: Call, *, not_accepted: Set[tuple[int, str]] = frozenset()) -> ProviderError:
    """The error that an answer is which is not what was asked for."""
    error = error_in(answer.document)
    code, words = _word(error), str(error.get("message") or "")
    shared = error_of(answer, call=call, code=code, message=words, not_accepted=not_accepted)
    if not 400 <= answer.status < 500 or answer.status in {408, 499}:
        return shared
    kind = _kind_of_4xx(answer.status, call, f"{code} {words}", error) or type(shared)
    return seen_as(kind, shared, retry_after_s=_retry_delay_s(error))


def failure_of(errors: Iterable[Any], otherwise: str) -> ProviderError:
    """Why a render failed, from the errors that it carries: a refusal among them counts first.

    Args:
        otherwise: the words when it carries none, which then is trouble of the service.
    """
    told = [each for each in errors if isinstance(each, dict)]
    words = [(_word(each), str(each.get("message") or "")) for each in told]
    spoken = "; ".join(text or code for code, text in words if text or code)
    joined = " ".join(f"{code} {text}" for code, text in words)
    kind: type[ProviderError] | None = Moderated if is_refusal(joined) else kind_of_words(joined)
    if kind is None:
        # A word of Google's may be a URI that ends in it.
        known = (_KINDS.get(code.rpartition("/")[2].upper()) for code, _ in words)
        kind = next((each for each in known if each is not None), CapacityFailed)
    return kind(tidy(spoken) or otherwise, code=tidy(words[0][0])[:100] if words else "")


def is_refusal(text: str) -> bool:
    """Whether a service's words say that content was turned down."""
    return bool(_REFUSED.search(text))


def _kind_of_4xx(status: int, call: Call, text: str, error: dict[str, Any]) -> type[ProviderError] | None:
    """What Google says by words or details; None leaves it to the rules that all services share."""
    if status == 429:
        return _kind_of_429(error)
    if is_refusal(text):
        return Moderated
    if status == 400 and _KEY_REFUSED.search(f"{text} {_reasons(error)}"):
        return AuthFailed
    if status == 400 and "FAILED_PRECONDITION" in text and _BILLING.search(text):
        return QuotaExhausted
    if status == 400 and call in {Call.POLL, Call.CANCEL} and _RENDER_UNKNOWN.search(text):
        return NotFound
    return None


def _kind_of_429(error: dict[str, Any]) -> type[ProviderError] | None:
    """Google words the end of a minute's and of a day's quota alike; which it was stands in the details."""
    told = (detail.get("violations") for detail in _details(error))
    violations = [each for listed in told if isinstance(listed, list) for each in listed if isinstance(each, dict)]
    quotas = " ".join(str(each.get("quotaId", "")) for each in violations)
    if "PerDay" in quotas:
        return QuotaExhausted
    if "PerMinute" in quotas or _retry_delay_s(error) is not None:
        return RateLimited
    return None


def _retry_delay_s(error: dict[str, Any]) -> float | None:
    """Of a google.rpc.RetryInfo: "41.5s"."""
    for detail in _details(error):
        text = str(detail.get("retryDelay", ""))
        try:
            seconds = float(text.removesuffix("s"))
        except ValueError:
            continue
        if text.endswith("s") and math.isfinite(seconds):
            return min(max(0.0, seconds), 3600.0)
    return None


def _reasons(error: dict[str, Any]) -> str:
    return " ".join(str(detail.get("reason", "")) for detail in _details(error))


def _details(error: dict[str, Any]) -> list[dict[str, Any]]:
    details = error.get("details")
    return [each for each in details if isinstance(each, dict)] if isinstance(details, list) else []


def _word(error: dict[str, Any]) -> str:
    """The code as a word: the service's own, the status beside a number, or the name of an rpc number."""
    code, status = error.get("code"), error.get("status")
    if isinstance(code, str) and code:
        return code
    if isinstance(status, str) and status:
        return status
    return _RPC_NAMES.get(code, "") if isinstance(code, int) else ""
