"""One service as `/sora status` shows it: how it stands by what we see, what its own page says, how it has done."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.catalogue.model import Model, Tier
from bot.jobs.status import ModelStanding, ServiceStanding
from bot.upstreams.circuit import Circuit
from bot.upstreams.health import Health, HealthState, health_of, trouble_in
from bot.upstreams.pages import PageState, page_words
from bot.upstreams.past import WINDOWS, RenderTimes, ServicePast, lasted_before, uptime
from bot.upstreams.registry import Upstream, is_alive
from bot.upstreams.router import model_circuit


def service_standing(
    upstream: Upstream, circuits: Mapping[str, Circuit], past: ServicePast, now: datetime
) -> ServiceStanding:
    circuit = circuits.get(upstream.name)
    alive = tuple(each for each in upstream.models if is_alive(each, now))
    names = frozenset(each.name for each in alive)
    models = tuple(_model(upstream, each, circuits, past, now) for each in alive)
    health = _with_page(_with_models(health_of(circuit, now), models), past, now)
    known = [times for each in names if (times := past.times.get(each)) is not None and times.is_learned]
    return ServiceStanding(
        label=upstream.label,
        state=health.state.value,
        meaning=health.meaning,
        since=health.since,
        typical=typical_of(alive, past.times),
        models=tuple(each.label for each in alive),
        is_preview=upstream.tier is Tier.PREVIEW,
        name=upstream.name,
        retry_at=health.retry_at,
        lasted_before=lasted_before(past, health.state),
        slow=timedelta(seconds=min(each.most_s for each in known)) if known else None,
        model_standings=models,
        uptime={label: _uptime(past, names, window, now) for label, window in WINDOWS.items()},
        page_words=page_words(past.page, trouble_in(circuit), now),
        incidents=past.incidents,
        looked_at=past.last_look.at if past.last_look else None,
        response_ms=past.last_look.response_ms if past.last_look else None,
    )


def _uptime(past: ServicePast, models: frozenset[str], window: timedelta, now: datetime) -> float | None:
    """Five minutes of history are no share of 90 days: a window is told of once we know half of it."""
    if past.first_seen is None or now - past.first_seen < window / 2:
        return None
    return uptime(past, models, window=window, now=now)


def typical_of(models: tuple[Model, ...], times: Mapping[str, RenderTimes]) -> timedelta | None:
    """The quickest model's usual time: as learned here, else as the catalogue says."""
    seconds = [
        learned.half_s if (learned := times.get(each.name)) is not None and learned.is_learned else each.typical_s
        for each in models
    ]
    return timedelta(seconds=min(seconds)) if seconds else None


def _model(
    upstream: Upstream, model: Model, circuits: Mapping[str, Circuit], past: ServicePast, now: datetime
) -> ModelStanding:
    health = health_of(circuits.get(model_circuit(upstream.name, model.name)), now)
    times = past.times.get(model.name)
    return ModelStanding(
        name=model.name,
        label=model.label,
        state=health.state.value,
        meaning=health.meaning,
        since=health.since,
        retry_at=health.retry_at,
        videos=times.videos if times else 0,
        half_done=timedelta(seconds=times.half_s) if times else None,
        most_done=timedelta(seconds=times.most_s) if times else None,
    )


_OUT = frozenset({HealthState.SUSPENDED.value, HealthState.RETIRED.value})
_WELL = frozenset({HealthState.OPERATIONAL, HealthState.UNKNOWN})


def _with_models(health: Health, models: tuple[ModelStanding, ...]) -> Health:
    """A service in use may have models that are not."""
    out = [each for each in models if each.state in _OUT]
    if not out or health.state in {HealthState.SUSPENDED, HealthState.RETIRED}:
        return health
    first = min(out, key=lambda each: (each.retry_at is None, each.retry_at or each.since))
    if len(out) == len(models):
        return Health(state=HealthState(first.state), meaning=first.meaning, since=first.since, retry_at=first.retry_at)
    words = f"Out at the moment: {', '.join(each.label for each in out)}. Its other models work."
    return Health(state=HealthState.DEGRADED, meaning=words, since=first.since)


def _with_page(health: Health, past: ServicePast, now: datetime) -> Health:
    page = past.page
    if page is None or not page.is_fresh(now) or health.state not in _WELL:
        return health
    if page.report.state is not PageState.MAINTENANCE:
        return health
    return Health(state=HealthState.MAINTENANCE, meaning="Its own page announces maintenance.", since=page.since)
