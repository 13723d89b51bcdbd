"""Which failed tries deserve another one, and when: pure rules over a job's attempts.

The same service again: twice for a render that ended for capacity, five times for "too fast", without end for
"could not connect" (nothing was sent; the circuit and the pauses keep that cheap). Everything else moves on or ends.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.jobs.attempt import Attempt, AttemptState
from bot.providers.errors import BY_KIND, ProviderError, Unreachable

RENDERS_AGAIN_MAX = 2
SUBMITS_AGAIN_MAX = 5
PAUSE_MAX_S = 60.0
LOST = "lost"
"""A submit that proved never to have arrived."""


def tried(attempts: Sequence[Attempt]) -> frozenset[tuple[str, str]]:
    """(upstream, model) pairs that this job need not ask again."""
    ended = [each for each in attempts if each.state in {AttemptState.FAILED, AttemptState.NOT_ACCEPTED}]
    return frozenset((each.upstream, each.model) for each in ended if not _again(each, ended))


def retry_at(attempts: Sequence[Attempt], upstream: str, error: ProviderError, *, now: datetime) -> datetime | None:
    """When this upstream may be asked again; None: at once, or never (see `tried`)."""
    if not (error.retries_same or isinstance(error, Unreachable)):
        return None
    before = sum(1 for each in attempts if each.upstream == upstream and each.error_kind == error.kind)
    pause_s = error.retry_after_s or min(2.0**before, PAUSE_MAX_S)
    return now + timedelta(seconds=pause_s)


def resting(attempts: Sequence[Attempt], *, now: datetime) -> dict[str, datetime]:
    """Upstreams this job lets rest, and until when."""
    rests: dict[str, datetime] = {}
    for each in attempts:
        if each.retry_at is not None and each.retry_at > now:
            rests[each.upstream] = max(each.retry_at, rests.get(each.upstream, each.retry_at))
    return rests


def deserves_another(attempt: Attempt) -> bool:
    """A render that failed this way may be tried again, here or elsewhere. A refusal never."""
    kind = BY_KIND.get(attempt.error_kind)
    return kind is not None and (kind.failover or kind.retries_same)


def _again(attempt: Attempt, ended: Sequence[Attempt]) -> bool:
    if attempt.error_kind in {LOST, Unreachable.kind}:
        return True
    kind = BY_KIND.get(attempt.error_kind)
    if kind is None or not kind.retries_same:
        return False
    here = (attempt.upstream, attempt.model, attempt.state)
    alike = sum(1 for each in ended if (each.upstream, each.model, each.state) == here)
    limit = RENDERS_AGAIN_MAX if attempt.state is AttemptState.FAILED else SUBMITS_AGAIN_MAX
    return alike <= limit
