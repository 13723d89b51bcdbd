"""How a job ends without a video: the verdict over its tries, in a person's terms, and writing it down."""

import logging

from bot.jobs.model import AttemptState, Failure, Job, JobRecord
from bot.jobs.rooms import Rooms
from bot.providers.errors import InvalidRequest, Moderated
from bot.upstreams.registry import Registry

_log = logging.getLogger(__name__)

_BY_KIND = {Moderated.kind: Failure.REFUSED, InvalidRequest.kind: Failure.INVALID}


def verdict(record: JobRecord, registry: Registry) -> tuple[Failure, str, int]:
    """Why it ended without a video, in the service's words, and what that cost in micro-dollars."""
    last = record.attempts[-1] if record.attempts else None
    if last is None:
        return Failure.NO_SERVICE, "", 0
    charged = 0
    if last.state is AttemptState.FAILED and last.upstream in registry:
        protocol = registry.upstream(last.upstream).protocol
        refused = last.error_kind == Moderated.kind
        charged = last.usd_micros if (protocol.charges_refused if refused else protocol.charges_failed) else 0
    other = Failure.NOT_RENDERED if last.state is AttemptState.FAILED else Failure.SERVICES_FAILED
    return _BY_KIND.get(last.error_kind, other), last.error_detail, charged


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
