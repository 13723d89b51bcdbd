"""From one HTTP answer to one kind of failure: the map of section 13 of the provider facts (2026-11-21).

This is the wire edge, the only place where a service's wording is looked at: relays give 403 and 429 two meanings each
and tell them apart by text alone. Everybody else reads the class.
"""

import re
from collections.abc import Set

import httpx

from bot.providers.answers import Answer, Call, request_id_of, retry_after_s, tidy
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
    Unreachable,
)

_CODES: tuple[tuple[type[ProviderError], frozenset[str]], ...] = (
    (Retired, frozenset({"model_not_found", "model_deprecated", "model_retired", "deploymentnotfound"})),
    (
        Moderated,
        frozenset({
            "moderation_blocked", "content_policy_violation", "sentinel_block", "content_filter", "content_moderated",
            "responsibleaipolicyviolation", "sensitive_words_detected", "content_violation",
        }),
    ),
    (
        QuotaExhausted,
        frozenset({
            "insufficient_quota", "insufficient_user_quota", "insufficient_balance", "billing_hard_limit_reached",
            "budget_exhausted", "budget_exceeded", "pre_consume_token_quota_failed", "insufficient_credits",
        }),
    ),
    (AuthFailed, frozenset({"invalid_api_key", "account_deactivated", "unsupported_country_region_territory"})),
    (NotFound, frozenset({"task_not_exist", "task_not_found", "video_not_found"})),
    (RateLimited, frozenset({"rate_limit_exceeded", "rate_limited", "too_many_requests"})),
)  # fmt: skip
_GONE = re.compile(r"no longer available|deprecated|shut ?down|\bretired\b|discontinued|sunset(ted)? on", re.I)
_REFUSED = re.compile(
    r"content.{0,12}polic|policy violation|violat\w+ .{0,40}(polic|guideline)|moderation|safety system"
    r"|(?<!case.)sensitive|\bflagged\b|prohibited content|inappropriate|nsfw|违规|敏感|审核",
    re.I,
)
_MONEY = re.compile(
    r"\bbalance\b|insufficient.{0,20}(quota|credit|fund)|(exceeded|exhausted).{0,20}(quota|credit)|out of credit"
    r"|arrears|billing hard limit|payment required|top.?up|余额|额度不足|欠费",
    re.I,
)


def error_of(
    answer: Answer | httpx.Response,
    *,
    call: Call,
    code: str,
    message: str,
    not_accepted: Set[tuple[int, str]] = frozenset(),
) -> ProviderError:
    """What an answer that is no success says, for the cases that services share.

    Args:
        code: the service's own word, "" when it has none; an adapter looks at its private codes before it comes here.
        not_accepted: `Protocol.not_accepted`, the 5xx answers to a submit that prove that nothing was started.

    A 4xx to a submit proves that nothing was accepted, whatever its body: somebody decided not to. Except 408 and 499,
    by which gateways also say that they gave up waiting for a service that was already at work.
    """
    status = answer.status if isinstance(answer, Answer) else answer.status_code
    kind = _kind(status, call, code, message, not_accepted)
    return kind(
        f"HTTP {status}: {tidy(message) or 'no explanation'}",
        code=tidy(code)[:100],
        http_status=status,
        retry_after_s=retry_after_s(answer.headers),
        request_id=request_id_of(answer.headers),
    )


def seen_as(
    kind: type[ProviderError], shared: ProviderError, *, request_id: str = "", retry_after_s: float | None = None
) -> ProviderError:
    """The same answer, by what the service's own vocabulary calls it.

    Args:
        request_id: from the body, for services that do not send it as a header.
        retry_after_s: likewise.
    """
    return kind(
        shared.detail,
        code=shared.code,
        http_status=shared.http_status,
        retry_after_s=shared.retry_after_s if shared.retry_after_s is not None else retry_after_s,
        request_id=shared.request_id or request_id,
    )


def _kind(status: int, call: Call, code: str, message: str, not_accepted: Set[tuple[int, str]]) -> type[ProviderError]:
    if status >= 500:
        return _kind_of_5xx(status, call, code, not_accepted)
    if (by_code := kind_of_code(code)) is not None and not (by_code is Retired and call is Call.DOWNLOAD):
        return by_code
    if status >= 400:
        return _kind_of_4xx(status, call, f"{code} {message}")
    if call is Call.SUBMIT:
        # 301, 307 and 308 say "the same again, over there"; 302 and 303 are also what follows a POST that was done.
        return Unreachable if status in {301, 307, 308} else OutcomeUnknown
    return CapacityFailed


def kind_of_code(code: str) -> type[ProviderError] | None:
    """The kind of an error code that several services share; None for any other."""
    return next((kind for kind, codes in _CODES if code.lower() in codes), None)


def kind_of_words(text: str) -> type[ProviderError] | None:
    """The kind that the words of a failure speak of, for services that give no code; None when they say nothing."""
    for kind, pattern in ((Moderated, _REFUSED), (QuotaExhausted, _MONEY)):
        if pattern.search(text):
            return kind
    return None


def _kind_of_5xx(status: int, call: Call, code: str, not_accepted: Set[tuple[int, str]]) -> type[ProviderError]:
    if call is Call.SUBMIT and (status, code) not in not_accepted:
        return OutcomeUnknown
    return TimedOut if status == 504 and call is not Call.SUBMIT else CapacityFailed


def _kind_of_4xx(status: int, call: Call, text: str) -> type[ProviderError]:
    match status:
        case 401 | 407 | 451:
            return AuthFailed
        case 402:
            return QuotaExhausted
        case 403:
            return kind_of_words(text) or AuthFailed
        case 404 | 405 | 410:
            return _kind_of_absence(status, call, text)
        case 408 | 499:
            return OutcomeUnknown if call is Call.SUBMIT else TimedOut
        case 409 | 425:
            return CapacityFailed
        case 429:
            return QuotaExhausted if _MONEY.search(text) else RateLimited
        case _:
            return _kind_of_refusal(call, text)


def _kind_of_absence(status: int, call: Call, text: str) -> type[ProviderError]:
    """A submit names a model and an endpoint, so one of them is gone; later calls name a render, so that is."""
    match call:
        case Call.SUBMIT:
            return Retired
        case Call.POLL | Call.CHECK if status == 410 or _GONE.search(text):
            return Retired
        case _:
            return NotFound


def _kind_of_refusal(call: Call, text: str) -> type[ProviderError]:
    """400, 413, 422 and their like. Relays wrap the 404 of a model that is gone into one (APIYI, 2026-10-25)."""
    if call is Call.SUBMIT and _GONE.search(text) and "404" in text:
        return Retired
    if call is Call.DOWNLOAD:  # A GET without parameters cannot be wrong, only too early.
        return CapacityFailed
    return Moderated if _REFUSED.search(text) else InvalidRequest
