"""What the use cases answer: values for the surface to put into words. Nothing here knows Slack."""

from dataclasses import dataclass
from enum import StrEnum

from bot.jobs.attempt import Attempt
from bot.jobs.model import Job, JobRecord
from bot.jobs.wish import Offer, Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Committed. `fresh` is False when the same envelope, click or form came again: one job."""

    job: Job
    fresh: bool
    queue_place: int
    """0: starts now; n: the n-th of this person's waiting videos."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceToConfirm:
    """Above `confirm_above_usd`, or dearer than the price the person last saw: one click more."""

    offer: Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class SameAgain:
    """The same prompt by the same person in the same place within two minutes: "again?" first."""

    offer: Offer
    earlier: Job


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPossible:
    """Something in the wish cannot be served; nothing was reserved."""

    offer: Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class OverBudget:
    """A limit would be passed; nothing was reserved. `cheaper` is a wish that fits, if one exists."""

    offer: Offer
    standing: Standing
    cheaper: Offer | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFull:
    """The person has as many videos waiting as the settings allow."""

    queued_max: int


Answer = Accepted | PriceToConfirm | SameAgain | NotPossible | OverBudget | QueueFull


class CancelOutcome(StrEnum):
    CANCELLED = "cancelled"
    """Nothing was sent, or the service confirmed; the money is back."""
    ASKED = "asked"
    """The service is being asked; the card will say."""
    CANNOT = "cannot"
    """The service cannot stop it: it goes on quietly, is paid, and is offered when done."""
    ALREADY_ENDED = "already_ended"
    NOT_YOURS = "not_yours"
    UNKNOWN = "unknown"
    """No such video here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelAnswer:
    outcome: CancelOutcome
    job: Job | None = None


class RemoveOutcome(StrEnum):
    REMOVED = "removed"
    NOT_YOURS = "not_yours"
    UNKNOWN = "unknown"
    NOT_ENDED = "not_ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveAnswer:
    outcome: RemoveOutcome
    record: JobRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaAnswer:
    standings: tuple[Standing, ...]
    time_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """A try that is booked as possibly paid: whether its service took it was never found out."""

    job: Job
    attempt: Attempt
