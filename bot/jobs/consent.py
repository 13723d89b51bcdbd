"""A question to a job's person: may something be used that was not agreed to? (mission D4)"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AnswerWord(StrEnum):
    """How a question was closed. The first word counts."""

    USE = "use"
    """By its person: the offered one, at most at the offered price."""
    WAIT = "wait"
    """By its person: until what was agreed to is back."""
    STOP = "stop"
    BACK = "back"
    """What was agreed to can be had again; nobody needs to answer."""
    CHANGED = "changed"
    """The offer was no longer true when it was taken; another question follows if there is another offer."""
    EXPIRED = "expired"
    """Nobody answered in time."""
    OVER = "over"
    """The job ended otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """May something be used that was not agreed to? About one service and model at one price. Times in UTC."""

    id: str
    """Opaque; all that a button carries."""
    job_id: str
    team_id: str
    upstream: str
    model: str
    length_s: int
    usd_micros: int
    """What it costs there: what is reserved instead, once its person agrees."""
    why: str
    """What became of the one that was agreed to: the skip's words, for a person."""
    can_wait: bool
    """What was agreed to may come back by itself."""
    asked_at: datetime
    deadline_at: datetime
    answer: AnswerWord | None = None
    answered_at: datetime | None = None
    answered_by: str = ""
    """The Slack id of who clicked; empty where nobody did."""

    @property
    def is_open(self) -> bool:
        return self.answer is None


class Taking(StrEnum):
    """What became of taking an offer."""

    TAKEN = "taken"
    SETTLED = "settled"
    """Somebody, or the service, was quicker; nothing was changed."""
    OVER_LIMIT = "over_limit"
    """A limit does not take the price; nothing was changed, the question stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """Who could have made a job at one moment, first choice first, and why the others could not, in words."""

    occasion: str
    """The attempt or the question that it led to, or WAITING."""
    at: datetime
    candidates: tuple[str, ...]
    skipped: tuple[str, ...]
    others: int = 0
    """Models that were about something else than this order, which nobody asks about."""


WAITING = "waiting"
