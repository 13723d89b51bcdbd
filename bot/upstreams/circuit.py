"""One circuit per upstream: a fold over the outcomes of real calls, so that a service that is out is left alone.

    closed ──three strikes, or at once for key, money, retirement──▶ open ──retry_at──▶ half_open: one job tries
      ▲                                                                ▲                    │           │
      └───────────────────────── it made a video ──────────────────────┼────────────────────┘           │
                                                                       └── failed: twice the cool-off ──┘

A strike is a failure that the service is to blame for (`ProviderError.blames_upstream`); a success takes one back, and
two successes in hand forgive two more, so that one outcome in ten failing by chance does not open it. Refusals of an
order (moderation, bad request, not found) and "too fast" say nothing about health.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from bot.providers.errors import BY_KIND, AuthFailed, OutcomeUnknown, ProviderError, QuotaExhausted, Retired
from bot.upstreams.bands import Band

OPENS_AT = 3
"""Strikes that open a circuit."""
TRUST_MAX = 2
"""Successes in hand that forgive as many strikes."""
COOL_OFF_S = 30.0
COOL_OFF_MAX_S = 600.0
OPERATOR_COOL_OFF_S = 900.0
"""Key refused or money gone: mended by an operator, so looked at rarely."""
OPERATOR_COOL_OFF_MAX_S = 4 * 3600.0
TRIAL_S = 600.0
"""How long one job may hold the trial: a submit and an ordinary render."""
DOUBT_S = 60.0
"""After a submit of unknown outcome other services come first for so long (design 5)."""

_OPERATOR: frozenset[type[ProviderError]] = frozenset({AuthFailed, QuotaExhausted, Retired})


class CircuitState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """How an upstream has behaved. Where nothing was ever observed there is none: `Circuit | None`."""

    state: CircuitState = CircuitState.CLOSED
    since: datetime
    """When this state began."""
    strikes: int = 0
    """From -TRUST_MAX (doing well) to OPENS_AT."""
    cool_off_s: float = 0.0
    """The last cool-off; doubled at the next opening until the service has earned trust again."""
    retry_at: datetime | None = None
    """While open: when one job may try. None: not by itself (retired)."""
    reason: str = ""
    """Kind of the error that opened it."""
    trial_job_id: str | None = None
    trial_until: datetime | None = None
    doubtful_until: datetime | None = None
    """Set by a submit of unknown outcome."""
    failed_at: datetime | None = None
    """The last failure, if nothing has succeeded since."""
    band: Band = Band.GOOD
    """How often its orders succeed and are refused lately; only of a whole service, and only while it is closed."""

    @property
    def is_closed(self) -> bool:
        return self.state is CircuitState.CLOSED


def observed(circuit: Circuit | None, *, error_kind: str | None, now: datetime) -> Circuit:
    """Fold one outcome in: None is a video made or a free check passed, else the kind of a `ProviderError`.

    Raises:
        KeyError: no such kind.
    """
    known = circuit or Circuit(since=now)
    if error_kind is None:
        return _succeeded(known, now)
    error = BY_KIND[error_kind]
    return _failed(known, error, now) if error.blames_upstream else unjudged(known, now)


def leased(circuit: Circuit, *, job_id: str, now: datetime) -> Circuit | None:
    """The circuit with this job allowed through, or None. Past an open one only one job at a time goes: the trial."""
    if circuit.is_closed:
        return circuit
    if not allows(circuit, job_id=job_id, now=now):
        return None
    return replace(
        circuit,
        state=CircuitState.HALF_OPEN,
        since=circuit.since if circuit.state is CircuitState.HALF_OPEN else now,
        retry_at=None,
        trial_job_id=job_id,
        trial_until=now + timedelta(seconds=TRIAL_S),
    )


def allows(circuit: Circuit, *, job_id: str, now: datetime) -> bool:
    """Whether this job may be sent there now, as the trial if need be."""
    match circuit.state:
        case CircuitState.CLOSED:
            return True
        case CircuitState.OPEN:
            return circuit.retry_at is not None and now >= circuit.retry_at
        case CircuitState.HALF_OPEN:
            return circuit.trial_job_id == job_id or _lease_is_over(circuit, now)
        case _:
            assert_never(circuit.state)


def next_try_at(circuit: Circuit) -> datetime | None:
    """When a job that is not allowed now may be. None: not by itself."""
    return circuit.trial_until if circuit.state is CircuitState.HALF_OPEN else circuit.retry_at


def is_doubtful(circuit: Circuit | None, now: datetime) -> bool:
    """A submit there was lost a moment ago: the next job had better go elsewhere if it can."""
    return circuit is not None and circuit.doubtful_until is not None and now < circuit.doubtful_until


def is_unsteady(circuit: Circuit | None, now: datetime) -> bool:
    """In use, but others come first: a submit was lost, half of its videos fail, or it turns down most prompts."""
    return is_doubtful(circuit, now) or (circuit is not None and circuit.band is not Band.GOOD)


def operator_acted(circuit: Circuit, *, now: datetime) -> Circuit:
    """After a restart or new settings: what only an operator could mend deserves one trial at once."""
    if circuit.state is not CircuitState.OPEN or BY_KIND.get(circuit.reason) not in _OPERATOR:
        return circuit
    return replace(circuit, retry_at=now)


def unjudged(circuit: Circuit, now: datetime) -> Circuit:
    """A trial that ended without a verdict frees the trial for the next job."""
    if circuit.state is not CircuitState.HALF_OPEN:
        return circuit
    return replace(circuit, state=CircuitState.OPEN, retry_at=now, trial_job_id=None, trial_until=None)


def _succeeded(circuit: Circuit, now: datetime) -> Circuit:
    if circuit.is_closed:
        strikes = max(-TRUST_MAX, circuit.strikes - 1)
        cool_off_s = 0.0 if strikes == -TRUST_MAX else circuit.cool_off_s
        return replace(circuit, strikes=strikes, cool_off_s=cool_off_s, reason="", doubtful_until=None, failed_at=None)
    if circuit.state is CircuitState.OPEN and _needs_operator(circuit) and not allows(circuit, job_id="", now=now):
        # A render accepted before the money ran out says nothing about the next submit.
        return circuit
    return Circuit(since=now, cool_off_s=circuit.cool_off_s)


def _failed(circuit: Circuit, error: type[ProviderError], now: datetime) -> Circuit:
    if error is OutcomeUnknown:
        circuit = replace(circuit, doubtful_until=now + timedelta(seconds=DOUBT_S))
    at_once = error in _OPERATOR
    match circuit.state:
        case CircuitState.HALF_OPEN:
            return _opened(circuit, error, now)
        case CircuitState.OPEN:
            graver = at_once and not _needs_operator(circuit)
            return _opened(circuit, error, now) if graver else circuit
        case CircuitState.CLOSED:
            strikes = circuit.strikes + 1
            if at_once or strikes >= OPENS_AT:
                return _opened(circuit, error, now)
            return replace(circuit, strikes=strikes, reason=error.kind, failed_at=now)
        case _:
            assert_never(circuit.state)


def _opened(circuit: Circuit, error: type[ProviderError], now: datetime) -> Circuit:
    first_s, max_s = (
        (OPERATOR_COOL_OFF_S, OPERATOR_COOL_OFF_MAX_S) if error in _OPERATOR else (COOL_OFF_S, COOL_OFF_MAX_S)
    )
    cool_off_s = min(max_s, max(first_s, 2 * circuit.cool_off_s))
    return Circuit(
        state=CircuitState.OPEN,
        since=now,
        strikes=OPENS_AT,
        cool_off_s=cool_off_s,
        retry_at=None if error is Retired else now + timedelta(seconds=cool_off_s),
        reason=error.kind,
        doubtful_until=circuit.doubtful_until,
        failed_at=now,
    )


def _lease_is_over(circuit: Circuit, now: datetime) -> bool:
    return circuit.trial_until is None or now >= circuit.trial_until


def _needs_operator(circuit: Circuit) -> bool:
    return BY_KIND.get(circuit.reason) in _OPERATOR
