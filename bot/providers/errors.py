"""What an adapter may raise or put into a failed render, and nothing else.

ProviderError        next upstream?   counts against its health?   a person
├─ Moderated         never            no                           reads who refused and why
├─ InvalidRequest    no               no                           reads what was not accepted
├─ AuthFailed        yes              yes, until an operator acts  reads nothing; an admin does
├─ QuotaExhausted    yes              yes, long                    reads nothing; an admin does
├─ RateLimited       yes              no                           reads nothing
├─ CapacityFailed    yes              yes                          reads nothing
├─ Unreachable       yes              yes                          reads nothing: nothing was sent
├─ NotFound          no               no                           reads that the service lost it
├─ TimedOut          yes              yes                          reads nothing
├─ Retired           yes              yes, for good                reads nothing; an admin does
└─ OutcomeUnknown    never            yes                          reads "checking"; never sent twice

Raised by `submit`, every class but OutcomeUnknown is a proof that nothing was accepted. The kinds are those of
section 13 of the provider facts (2026-11-21); policy reads the class and never the text.
"""

from typing import ClassVar


class ProviderError(Exception):
    """One failure of one call, in words that carry no secret."""

    kind: ClassVar[str]
    failover: ClassVar[bool]
    blames_upstream: ClassVar[bool]
    retries_same: ClassVar[bool] = False
    """A render that ended this way may be tried again at the same service."""

    def __init__(
        self,
        detail: str,
        *,
        code: str = "",
        http_status: int | None = None,
        retry_after_s: float | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code
        self.http_status = http_status
        self.retry_after_s = retry_after_s
        self.request_id = request_id


class Moderated(ProviderError):
    kind, failover, blames_upstream = "moderation", False, False


class InvalidRequest(ProviderError):
    kind, failover, blames_upstream = "invalid_request", False, False


class AuthFailed(ProviderError):
    kind, failover, blames_upstream = "auth", True, True


class QuotaExhausted(ProviderError):
    kind, failover, blames_upstream = "quota", True, True


class RateLimited(ProviderError):
    kind, failover, blames_upstream, retries_same = "rate_limited", True, False, True


class CapacityFailed(ProviderError):
    kind, failover, blames_upstream, retries_same = "capacity", True, True, True


class Unreachable(ProviderError):
    kind, failover, blames_upstream = "unreachable", True, True


class NotFound(ProviderError):
    kind, failover, blames_upstream = "not_found", False, False


class TimedOut(ProviderError):
    kind, failover, blames_upstream = "timeout", True, True


class Retired(ProviderError):
    kind, failover, blames_upstream = "retired", True, True


class OutcomeUnknown(ProviderError):
    kind, failover, blames_upstream = "outcome_unknown", False, True


BY_KIND: dict[str, type[ProviderError]] = {
    each.kind: each
    for each in (
        Moderated,
        InvalidRequest,
        AuthFailed,
        QuotaExhausted,
        RateLimited,
        CapacityFailed,
        Unreachable,
        NotFound,
        TimedOut,
        Retired,
        OutcomeUnknown,
    )
}
