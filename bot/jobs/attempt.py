"""One try to render a job at one upstream: a frozen value, and the states it goes through."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AttemptState(StrEnum):
    INTENT = "intent"
    """Committed before the POST. Found after a restart it means: the POST may have gone out."""
    SUBMITTED = "submitted"
    """The service's id is ours."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """Ended without a video, for a reason in `error_kind`."""
    NOT_ACCEPTED = "not_accepted"
    """Proven: nothing was started."""
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    """Given up finding out; booked as possibly paid."""


WITHOUT_VIDEO = frozenset(
    {AttemptState.FAILED, AttemptState.NOT_ACCEPTED, AttemptState.CANCELLED, AttemptState.UNKNOWN}
)
"""How an attempt ends that made nothing, as far as anybody knew: services change their word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to render a job at one upstream. `id` doubles as the client key the service sees."""

    id: str
    job_id: str
    team_id: str
    number: int
    upstream: str
    model: str
    wire_name: str
    length_s: int
    size_px: tuple[int, int]
    usd_micros: int
    """What this service charges for it, by the catalogue."""
    state: AttemptState
    intent_at: datetime
    deadline_at: datetime
    """Until then a POST may still be on the wire."""
    webhook_token: str
    """Unguessable last part of this attempt's webhook path."""
    note: str = ""
    """One line for the card: what this service changed ("You asked 10 s; this model makes 8 s")."""
    render_id: str | None = None
    poll_ref: str = ""
    request_id: str = ""
    submitted_at: datetime | None = None
    ended_at: datetime | None = None
    progress: float | None = None
    result_ref: str = ""
    error_kind: str = ""
    error_detail: str = ""
    retry_at: datetime | None = None
    """Not before then again at the same service, after it said "too fast" or "no room"."""
    cost_usd_micros: int | None = None
    """What the service says it charged, where it says so."""

    @property
    def real_usd_micros(self) -> int:
        """What its video costs: the service's own word, else the catalogue's."""
        return self.usd_micros if self.cost_usd_micros is None else self.cost_usd_micros
