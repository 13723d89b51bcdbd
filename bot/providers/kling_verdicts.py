"""What Kling's answers mean when they are no success.

Every answer is `{code, message, request_id, data}` and only `code` 0 is a success, whatever the HTTP status says. A
task that failed has no code at all, so its kind is read from its message.

Sources: section 7 of the provider facts; the error and callback pages of Kling's document-api as others keep them,
2026-09 and 2026-10 (C). Answers seen live by those authors are named where they decide something.
"""

import re
from collections.abc import Set
from typing import Any, Final

from bot.providers.answers import Answer, Call, tidy
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
    Retired,
    TimedOut,
)
from bot.providers.verdicts import error_of, kind_of_words, seen_as

_KINDS: Final[dict[str, type[ProviderError]]] = {
    "1000": AuthFailed,
    "1001": AuthFailed,
    "1002": AuthFailed,
    "1003": AuthFailed,
    "1004": AuthFailed,
    "1100": QuotaExhausted,
    "1101": QuotaExhausted,
    "1102": QuotaExhausted,
    "1103": AuthFailed,
    "1200": InvalidRequest,
    "1201": InvalidRequest,
    "1202": Retired,
    "1203": Retired,
    "1300": Moderated,
    "1301": Moderated,
    "1302": RateLimited,
    "1303": RateLimited,
    "1304": AuthFailed,
    "5000": CapacityFailed,
    "5001": CapacityFailed,
    "5002": TimedOut,
}
_PARAMETERS: Final = frozenset({"1200", "1201"})
_DUPLICATE = re.compile(r"already.{0,3}exist|duplicate", re.I)
_UNKNOWN_TASK = re.compile(r"task.{0,4}not found", re.I)
_GONE = re.compile(r"discontinued|no longer available|deprecated", re.I)
_RISK = re.compile(r"risk control|content security|风控", re.I)
_BUSY = re.compile(r"parallel task|too many|rate limit", re.I)
_PICTURE = re.compile(r"(image|picture|resolution|aspect ratio|pixel).{0,60}(invalid|unsupported|not meet)", re.I)


def code_of(answer: Answer) -> str:
    """Kling's own number for what went wrong; "" when there is none or it is 0."""
    code = answer.fields.get("code")
    return str(code) if isinstance(code, str | int) and code not in {0, "0"} else ""


def words_of(answer: Answer) -> str:
    message = answer.fields.get("message")
    return message if isinstance(message, str) else answer.text


def is_duplicate(answer: Answer) -> bool:
    """Whether a submit was refused because its `external_task_id` is known: 400, 1201, "already exists" (seen live)."""
    return answer.status == 400 and code_of(answer) in _PARAMETERS and bool(_DUPLICATE.search(words_of(answer)))


def refusal(answer: Answer, call: Call, *, not_accepted: Set[tuple[int, str]] = frozenset()) -> ProviderError:
    """The error that an answer without `code` 0 is.

    A 5xx to a submit proves nothing, and neither does one of its codes inside a 200: 5002 is "internal timeout, usually
    due to a backlog", behind which a task may well have been started.
    """
    code, words = code_of(answer), words_of(answer)
    shared = error_of(answer, call=call, code=code, message=words, not_accepted=not_accepted)
    kind = _kind(answer.status, call, code, words)
    if kind is None or type(shared) is kind:
        return shared
    return seen_as(kind, shared, request_id=request_id_of(answer))


def _kind(status: int, call: Call, code: str, words: str) -> type[ProviderError] | None:
    kind = _KINDS.get(code)
    if kind is None or 300 <= status < 400 or status in {401, 408, 499}:
        return None
    if call is Call.SUBMIT:
        if status >= 500:
            return None
        if kind in {CapacityFailed, TimedOut}:
            return OutcomeUnknown
        return Retired if code in _PARAMETERS and _GONE.search(words) else kind
    if code in _PARAMETERS and _UNKNOWN_TASK.search(words):
        return NotFound  # The old style says so with 400 and 1201 (seen live).
    if kind is Retired:
        # A look names a task, so 1203 "resource" is that task; 1202 "method" says nothing about it.
        return NotFound if code == "1203" else CapacityFailed
    return kind


def request_id_of(answer: Answer) -> str:
    """The number that Kling's support asks for: in the body, where a proxy's header is not taken for it."""
    said = answer.fields.get("request_id")
    return said[:200] if isinstance(said, str) and said else answer.request_id


def failure_in_task(message: Any) -> ProviderError:
    """What became of a task that failed, from the only thing that it says: a sentence."""
    words = message if isinstance(message, str) else ""
    return _kind_of_message(words)(f"Kling says: {tidy(words) or 'no explanation'}")


def _kind_of_message(words: str) -> type[ProviderError]:
    if _RISK.search(words):  # "Failure to pass the risk control system" is Kling's word for a turned down prompt (C).
        return Moderated
    if _BUSY.search(words):
        return RateLimited
    if _PICTURE.search(words):
        return InvalidRequest
    return kind_of_words(words) or CapacityFailed
