"""A circuit in a person's words, for `/sora status` and the form."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from bot.providers.errors import Moderated, Retired
from bot.upstreams.bands import Band
from bot.upstreams.circuit import Circuit, CircuitState, is_doubtful, next_try_at


class HealthState(StrEnum):
    OPERATIONAL = "operational"
    DEGRADED = "degraded"
    RISK_CONTROL = "risk_control"
    """It refuses unusually often."""
    SUSPENDED = "suspended"
    MAINTENANCE = "maintenance"
    RETIRED = "retired"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    state: HealthState
    meaning: str
    """One sentence for a person."""
    since: datetime | None
    retry_at: datetime | None = None
    """While suspended: when one video tries it again by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What makes an incident."""

    state: HealthState
    cause: str
    """Kind of the error behind it; empty: several."""


def trouble_in(circuit: Circuit | None) -> Trouble | None:
    """None: nothing that anybody need be told. While one job tries it, it is as it was."""
    if circuit is None:
        return None
    if circuit.is_closed:
        match circuit.band:
            case Band.GOOD:
                return None
            case Band.DEGRADED:
                return Trouble(state=HealthState.DEGRADED, cause="")
            case Band.RISK_CONTROL:
                return Trouble(state=HealthState.RISK_CONTROL, cause=Moderated.kind)
            case _:
                assert_never(circuit.band)
    state = HealthState.RETIRED if circuit.reason == Retired.kind else HealthState.SUSPENDED
    return Trouble(state=state, cause=circuit.reason)


def health_of(circuit: Circuit | None, now: datetime) -> Health:
    """None: nothing was ever observed there."""
    if circuit is None:
        return Health(state=HealthState.UNKNOWN, meaning="Not used yet.", since=None)
    state = _state_of(circuit, now)
    return Health(
        state=state,
        meaning=_meaning(state, circuit),
        since=circuit.since,
        retry_at=next_try_at(circuit) if state is HealthState.SUSPENDED else None,
    )


def _state_of(circuit: Circuit, now: datetime) -> HealthState:
    match circuit.state:
        case CircuitState.OPEN:
            return HealthState.RETIRED if circuit.reason == Retired.kind else HealthState.SUSPENDED
        case CircuitState.HALF_OPEN:
            return HealthState.DEGRADED
        case CircuitState.CLOSED:
            if circuit.band is Band.RISK_CONTROL:
                return HealthState.RISK_CONTROL
            shaky = circuit.strikes > 0 or circuit.band is Band.DEGRADED or is_doubtful(circuit, now)
            return HealthState.DEGRADED if shaky else HealthState.OPERATIONAL
        case _:
            assert_never(circuit.state)


def _meaning(state: HealthState, circuit: Circuit) -> str:
    match state:
        case HealthState.OPERATIONAL:
            return "Making videos."
        case HealthState.DEGRADED if circuit.state is CircuitState.HALF_OPEN:
            return "It was out; one video is trying it now."
        case HealthState.DEGRADED:
            return "Some of the last videos failed; it is still used."
        case HealthState.SUSPENDED:
            return _SUSPENDED.get(circuit.reason, "It failed several times in a row and is left alone for a while.")
        case HealthState.RISK_CONTROL:
            return "It turns down unusually many prompts at the moment."
        case HealthState.MAINTENANCE:
            return "Its own page announces maintenance."
        case HealthState.RETIRED:
            return "The service says it has been shut down; it is not used any more."
        case HealthState.UNKNOWN:
            return "Not used yet."
        case _:
            assert_never(state)


_SUSPENDED = {
    "auth": "It does not accept our key; an admin has to look.",
    "quota": "Our account there has no money or quota left; an admin has to look.",
    "unreachable": "It cannot be reached; it is tried again by itself.",
    "capacity": "It has no room or is broken; it is tried again by itself.",
    "timeout": "It does not finish in time; it is tried again by itself.",
    "outcome_unknown": "It did not answer; it is tried again by itself.",
}
