"""What Ark's error codes mean: one vocabulary for refused requests and for tasks that failed later.

Sources: section 8 of the provider facts; BytePlus ModelArk's page of error codes and a copy of Volcengine's, read
2026-11-21 (B). Codes have suffixes behind a dot that say more ("...SensitiveContentDetected.PrivacyInformation"), and
new ones come often, so families are matched and not whole words.
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
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Retired,
)
from bot.providers.verdicts import error_of, kind_of_code, kind_of_words, seen_as
from bot.providers.video_object import code_and_message

_FAMILIES: Final[tuple[tuple[type[ProviderError], re.Pattern[str]], ...]] = (
    (Moderated, re.compile(r"SensitiveContent|RiskDetection|ContentRestricted")),
    (RateLimited, re.compile(r"RateLimitExceeded")),
    (QuotaExhausted, re.compile(r"^(QuotaExceeded|AccountOverdueError)")),
    (CapacityFailed, re.compile(r"^(ServerOverloaded|ModelLoading|InternalServiceError|ContentSecurityDetection)")),
    # Before Retired: the model lives, but not for this account until somebody opens it in the console.
    (AuthFailed, re.compile(r"^(AuthenticationError|AccessDenied|ModelNotOpen)|ModelIDAccessDisabled")),
    (Retired, re.compile(r"^InvalidEndpoint(OrModel)?\.(NotFound|ClosedEndpoint)")),
    (InvalidRequest, re.compile(r"^(Missing|Invalid)Parameter")),
)


def refusal(answer: Answer, call: Call, *, not_accepted: Set[tuple[int, str]] = frozenset()) -> ProviderError:
    """The error that an answer without what was asked for is."""
    code, message = code_and_message(answer.document, answer.text)
    if answer.is_success and not message:
        message = "an answer of another kind than asked for"
    shared = error_of(answer, call=call, code=code, message=message, not_accepted=not_accepted)
    kind = _kind_of(code)
    if kind is None or answer.status >= 500 or answer.status in {408, 499}:
        return shared  # From 500 on it proves nothing, whatever it calls itself.
    return seen_as(kind, shared)


def failure_in_task(task: dict[str, Any], word: str) -> ProviderError:
    """Why a task ended without a video. `expired` was never run, and is a new order if anybody still wants it."""
    code, message = code_and_message({"error": task.get("error") or {}}, "")
    detail = tidy(message) or tidy(code) or f"Ark says {word} and nothing else"
    if word == "expired":
        kind: type[ProviderError] = NotFound
    else:
        kind = _kind_of(code) or kind_of_code(code) or kind_of_words(f"{code} {message}") or CapacityFailed
    return kind(detail, code=tidy(code)[:100])


def _kind_of(code: str) -> type[ProviderError] | None:
    return next((kind for kind, family in _FAMILIES if family.search(code)), None)
