"""What Ark's error codes mean: one vocabulary for refused requests and for tasks that failed later.

Sources: section 8 of the provider facts; BytePlus ModelArk's page of error codes and a copy of Volcengine's, read
2026-11-21 (B). Codes have suffixes behind a dot that say more ("...SensitiveContentDetected.PrivacyInformation"), and
new ones come often, so families are matched and not whole words.
"""

import re
from collections.abc import Set
from typing import Any, Final

from bot.providers import refusals
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

_FAMILIES: Final[refusals.Families] = (
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
    return refusals.refusal(answer, call, not_accepted=not_accepted, families=_FAMILIES)


def failure_in_task(task: dict[str, Any], word: str) -> ProviderError:
    """Why a task ended without a video. `expired` was never run, and is a new order if anybody still wants it."""
    code, message = refusals.code_and_message({"error": task.get("error") or {}}, "")
    detail = tidy(message) or tidy(code) or f"Ark says {word} and nothing else"
    if word == "expired":
        kind: type[ProviderError] = NotFound
    else:
        kind = refusals.kind_of_failure(code, message, _FAMILIES)
    return kind(detail, code=tidy(code)[:100])
