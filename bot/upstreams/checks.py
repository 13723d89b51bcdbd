"""One observation of a service, as history keeps it, and what a free look may change. Pure.

A free look (model list, balance) sees that the service can be reached and accepts our key. It does not see that videos
are made: it never forgives a failed render, and never ends an outage that began with money.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.providers.errors import BY_KIND, AuthFailed, Moderated, QuotaExhausted, Unreachable
from bot.upstreams.bands import Verdict
from bot.upstreams.circuit import OPENS_AT, Circuit, CircuitState, observed

KEPT_FOR = timedelta(days=100)
"""The longest stretch that uptime is told for is 90 days."""


UNTRIED_FOR = timedelta(minutes=10)
"""A service that failed its orders and answers looks is used again when no order came to try it for so long."""


class Source(StrEnum):
    RENDER = "render"
    """An order of ours that ended, or was not accepted."""
    CHECK = "check"
    """A free look."""
    PAGE = "page"
    """The service's own status page, each time it says something new."""
    CIRCUIT = "circuit"
    """It went out of use, or came back."""


OUT, BACK = "out", "back"
"""Status of a `CIRCUIT` observation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One observation. `status` is a word of `Verdict`, of `PageState` or one of OUT and BACK, by the source."""

    upstream: str
    model: str = ""
    at: datetime
    source: Source
    status: str
    error_kind: str = ""
    response_ms: int | None = None
    about: str = ""


def verdict_of(error_kind: str | None) -> Verdict:
    """
    Raises:
        KeyError: no such kind.
    """
    if error_kind is None:
        return Verdict.OK
    error = BY_KIND[error_kind]
    if error is Moderated:
        return Verdict.REFUSED
    return Verdict.FAILED if error.blames_upstream else Verdict.NEUTRAL


def looked(circuit: Circuit | None, *, error_kind: str | None, has_passed: bool, now: datetime) -> Circuit | None:
    """Fold a free look in. `has_passed`: such a look has passed here before.

    One that never did may be the look's own fault: some relays refuse the list to keys that make videos.
    """
    if error_kind is not None:
        doubted = BY_KIND[error_kind] in {AuthFailed, QuotaExhausted} and not has_passed
        return (
            circuit
            if doubted or verdict_of(error_kind) is not Verdict.FAILED
            else observed(circuit, error_kind=error_kind, now=now)
        )
    if circuit is None:
        return None
    if circuit.is_closed:
        shaken = circuit.reason == Unreachable.kind and circuit.strikes > 0
        return replace(circuit, strikes=0, reason="", failed_at=None) if shaken else circuit
    return _back(circuit, now)


def _back(circuit: Circuit, now: datetime) -> Circuit:
    """What a passed look makes of an open circuit: closed on probation, or one job may try at once."""
    if circuit.state is not CircuitState.OPEN or circuit.retry_at is None:
        return circuit
    error = BY_KIND.get(circuit.reason)
    if error is QuotaExhausted:
        return circuit
    if error is AuthFailed:
        return replace(circuit, retry_at=min(circuit.retry_at, now))
    # That it answers is all that was missing where it could not be reached. Of one that failed its orders only an order
    # knows more; when for long nobody has wanted to try one, its answer is the best that is known.
    patience = timedelta() if error is Unreachable else UNTRIED_FOR
    if now < circuit.retry_at + patience:
        return circuit
    return Circuit(since=now, strikes=OPENS_AT - 1, reason=circuit.reason, cool_off_s=circuit.cool_off_s)
