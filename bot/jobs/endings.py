"""How a job ends without a video: the verdict over its tries, in a person's terms, and writing it down."""

import logging

from bot.jobs.attempt import Attempt, AttemptState
from bot.jobs.consent import AnswerWord
from bot.jobs.model import Failure, Job, JobRecord
from bot.jobs.rooms import Rooms
from bot.providers.errors import InvalidRequest, Moderated
from bot.upstreams.registry import Registry

_log = logging.getLogger(__name__)

_BY_KIND = {Moderated.kind: Failure.REFUSED, InvalidRequest.kind: Failure.INVALID}


def verdict(record: JobRecord, registry: Registry) -> tuple[Failure, str, int]:
    """Why it ended without a video, in the service's words, and what the last try cost in micro-dollars."""
    latest = record.questions[-1] if record.questions else None
    if latest is not None and latest.answer is AnswerWord.EXPIRED:
        return Failure.NO_ANSWER, "", 0
    last = record.attempts[-1] if record.attempts else None
    if last is None:
        return Failure.NO_SERVICE, "", 0
    other = Failure.NOT_RENDERED if last.state is AttemptState.FAILED else Failure.SERVICES_FAILED
    return _BY_KIND.get(last.error_kind, other), last.error_detail, charge_of(last, registry)


def charge_of(attempt: Attempt, registry: Registry) -> int:
    """What a try that made nothing costs: the service's own word, else by the catalogue whether it bills such ends."""
    if attempt.state not in {AttemptState.FAILED, AttemptState.CANCELLED}:
        return 0
    if attempt.cost_usd_micros is not None:
        return attempt.cost_usd_micros
    if attempt.state is AttemptState.CANCELLED or attempt.upstream not in registry:
        return 0
    protocol = registry.upstream(attempt.upstream).protocol
    refused = attempt.error_kind == Moderated.kind
    return attempt.usd_micros if (protocol.charges_refused if refused else protocol.charges_failed) else 0


async def fail(rooms: Rooms, job: Job, failure: Failure, *, words: str, charged_usd_micros: int = 0) -> None:
    """Write the end with a reference that the person sees and the operator finds in the log."""
    reference = rooms.new_id()[:8]
    _log.warning("video ended without delivery", extra={"job": job.id, "failure": failure, "reference": reference})
    await rooms.book.failed(
        job.id,
        failure,
        words=words,
        reference=reference,
        charged_usd_micros=charged_usd_micros,
        at=rooms.clock.now(),
    )
