"""Whose failure is it: one model's, or the whole service's? Folds one outcome of an order into their circuits. Pure.

A key, money and the network are the service's. What else fails is laid to the model first; only when a second model
fails too, and no success of any has taken the strikes back, it is the service. So one broken model leaves the others
in use. When the service goes out for it, the models are cleared: one outage has one gate to come back through.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.providers.errors import BY_KIND, AuthFailed, ProviderError, QuotaExhausted, Retired, Unreachable
from bot.upstreams.circuit import OPENS_AT, Circuit, CircuitState, observed, unjudged

OF_SERVICE: frozenset[type[ProviderError]] = frozenset({AuthFailed, QuotaExhausted, Unreachable})
TOGETHER = timedelta(minutes=30)
"""Failures of two models further apart are two stories."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    service: Circuit | None
    """None: nothing is known of it."""
    models: Mapping[str, Circuit]
    """Those of single models that this outcome may have changed."""


def folded(
    service: Circuit | None, models: Mapping[str, Circuit], *, model: str, error_kind: str | None, now: datetime
) -> Folded:
    """`models`: all circuits of single models there; `model`: whose order it was.

    Raises:
        KeyError: no such kind.
    """
    own = models.get(model)
    error = None if error_kind is None else BY_KIND[error_kind]
    if error is Retired:
        return Folded(service=service, models={model: observed(own, error_kind=error_kind, now=now)})
    after = observed(service, error_kind=error_kind, now=now)
    if error is not None and (error in OF_SERVICE or not error.blames_upstream):
        return Folded(service=after, models={} if own is None else {model: unjudged(own, now)})
    changed = {model: observed(own or _new(service, now), error_kind=error_kind, now=now)}
    opens = after.state is CircuitState.OPEN and (service is None or service.is_closed)
    if error is None or not opens:
        return Folded(service=after, models=changed)
    failing = {name: each for name, each in {**models, **changed}.items() if _fails(each, now)}
    if len(failing) < 2:
        return Folded(service=_held_up(service or Circuit(since=now), after), models=changed)
    cleared = {name: Circuit(since=now, cool_off_s=each.cool_off_s) for name, each in failing.items()}
    return Folded(service=after, models={**changed, **cleared})


def _new(service: Circuit | None, now: datetime) -> Circuit:
    """A model's first order: a service in good standing vouches for it, or three failures by chance would open it."""
    return Circuit(since=now, strikes=min(service.strikes, 0) if service is not None else 0)


def _held_up(service: Circuit, opened: Circuit) -> Circuit:
    """Still in use, one strike from going out: only one of its models fails."""
    return replace(
        service,
        strikes=OPENS_AT - 1,
        reason=opened.reason,
        failed_at=opened.failed_at,
        doubtful_until=opened.doubtful_until,
    )


def _fails(model: Circuit, now: datetime) -> bool:
    """It failed lately, and nothing of it has succeeded since."""
    return model.failed_at is not None and model.reason != Retired.kind and now - model.failed_at <= TOGETHER
