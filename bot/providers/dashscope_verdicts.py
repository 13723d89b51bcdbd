"""What DashScope's error codes mean: one vocabulary for refused requests and for tasks that failed later.

Sources: section 11.5 of the provider facts; Alibaba's pages of status codes and on Model Studio's errors, read
2026-11-21 (B); clients that keep the billing codes (C). An error may come with HTTP 200 (litellm 1.109.1, A).
"""

import re
from collections.abc import Mapping, Set
from typing import Any, Final

from bot.providers import refusals
from bot.providers.answers import Answer, Call, tidy
from bot.providers.errors import (
    AuthFailed,
    CapacityFailed,
    InvalidRequest,
    Moderated,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Retired,
    TimedOut,
)

_FAMILIES: Final[refusals.Families] = (
    (Moderated, re.compile(r"^(DataInspectionFailed|IPInfringementSuspect|data_inspection_failed)")),
    (QuotaExhausted, re.compile(r"AllocationQuota|^Arrearage|^CommodityNotPurchased|BillOverdue$|^BudgetLimit")),
    (RateLimited, re.compile(r"^Throttling")),
    (AuthFailed, re.compile(r"^InvalidApiKey|AccessDenied")),
    (Retired, re.compile(r"^ModelNotFound")),
    (TimedOut, re.compile(r"^InternalError\.Timeout")),
    (CapacityFailed, re.compile(r"^(InternalError|SystemError|ModelServ|ModelUnavailable|ServiceUnavailable)")),
    (InvalidRequest, re.compile(r"^(InvalidParameter|InvalidURL|BadRequest|UnsupportedOperation)")),
)


def refusal(answer: Answer, call: Call, *, not_accepted: Set[tuple[int, str]] = frozenset()) -> ProviderError:
    """The error that an answer without what was asked for is."""
    return refusals.refusal(
        answer, call, not_accepted=not_accepted, families=_FAMILIES, request_id=request_id_of(answer)
    )


def failure_in_task(output: Mapping[str, Any], word: str) -> ProviderError:
    """Why a task ended without a video: its `code` and `message` lie beside its status."""
    code, message = (each if isinstance(each := output.get(name), str) else "" for name in ("code", "message"))
    kind = refusals.kind_of_failure(code, message, _FAMILIES)
    return kind(tidy(message) or tidy(code) or f"DashScope says {word} and nothing else", code=tidy(code)[:100])


def request_id_of(answer: Answer) -> str:
    """From the header, else from the body, where DashScope repeats it."""
    told = answer.fields.get("request_id")
    return answer.request_id or (tidy(told)[:200] if isinstance(told, str) else "")
