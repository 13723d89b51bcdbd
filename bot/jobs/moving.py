"""What changed from one try to the next, and who is paid: read off the tries, for cards, threads and notices."""

from bot.jobs.attempt import AttemptState
from bot.jobs.card_facts import Moved, PaidTry
from bot.jobs.endings import charge_of
from bot.jobs.model import JobRecord
from bot.upstreams.registry import Registry

_GAVE_WAY = frozenset({AttemptState.FAILED, AttemptState.NOT_ACCEPTED, AttemptState.UNKNOWN})
_TAKES_OVER = frozenset({AttemptState.SUBMITTED, AttemptState.SUCCEEDED})


def moved_of(record: JobRecord, registry: Registry) -> Moved | None:
    """The move that brought the attempt in force, once its service has it. None: there was none, or not yet."""
    attempt = record.attempt
    if attempt is None or attempt.state not in _TAKES_OVER:
        return None
    earlier = [each for each in record.attempts if each.number < attempt.number and each.state in _GAVE_WAY]
    before = earlier[-1] if earlier else None
    if before is None or (before.upstream, before.model) == (attempt.upstream, attempt.model):
        return None
    same_model = before.model == attempt.model
    return Moved(
        attempt_id=attempt.id,
        from_upstream=before.upstream,
        from_model=before.model,
        from_label=registry.label(before.upstream),
        error_kind=before.error_kind,
        to_label=registry.label(attempt.upstream),
        to_model_label="" if same_model else model_label(attempt.upstream, attempt.model, registry),
        usd_micros_before=before.usd_micros,
        usd_micros=attempt.usd_micros,
    )


def paid_of(record: JobRecord, registry: Registry) -> tuple[PaidTry, ...]:
    """Every try that costs money: those with a video, those billed without one, those that were possibly paid."""
    paid = []
    for each in record.attempts:
        made = each.state is AttemptState.SUCCEEDED
        if made:
            cost = each.real_usd_micros
        else:
            cost = each.usd_micros if each.state is AttemptState.UNKNOWN else charge_of(each, registry)
        if cost:
            paid.append(PaidTry(service_label=registry.label(each.upstream), usd_micros=cost, made=made))
    return tuple(paid)


def model_label(upstream: str, model: str, registry: Registry) -> str:
    """As its own service calls it; its name where the service is gone."""
    models = registry.upstream(upstream).models if upstream in registry else ()
    return next((each.label for each in models if each.name == model), model)
