"""What a card shows beside its job's own row: values. Nothing here knows Slack."""

from dataclasses import dataclass
from datetime import timedelta

from bot.jobs.consent import Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A video that another service, or another model, makes than the one that was tried before."""

    attempt_id: str
    from_upstream: str
    from_model: str
    from_label: str
    error_kind: str
    """What became of the try before."""
    to_label: str
    to_model_label: str
    """Empty where the model is the same."""
    usd_micros_before: int
    usd_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidTry:
    """One try of a job that costs money, with a video or without."""

    service_label: str
    usd_micros: int
    made: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An open question as a card shows it."""

    question: Question
    service_label: str
    model_label: str
    same_model: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """What a card shows beside the job's own row: the words of the catalogue and the state of who serves it."""

    service_label: str
    """Who renders it, or would next; empty before that is known."""
    model_label: str
    receives: str
    typical: timedelta | None
    queue_place: int
    can_cancel: bool
    """False once the service has it and cannot stop it."""
    is_preview: bool
    free: bool
    service_down_words: str
    """While waiting for a service: which is down since when and when it is tried again."""
    elsewhere_usd_micros: int | None
    """While overdue: what starting once more at another service may cost on top; None where there is no other."""
    may_be_sent_again: bool = False
    """While it is unknown whether a submit arrived: admins allow another one at this price, after a while."""
    moved: Moved | None = None
    paid: tuple[PaidTry, ...] = ()
    """Shown where there are several: who was paid."""
    asked: Asked | None = None
