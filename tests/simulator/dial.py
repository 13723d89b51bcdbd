"""Every chance of a history, drawn from its seed, and the switches that shrinking turns.

A draw depends on the seed, on what it is about (an order) and on how often the same was drawn for it, never on what
happens to other orders: a history with half of its orders taken out keeps the luck of the other half.
"""

import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Fault(StrEnum):
    """What may go wrong; the value is what tables and `--without` call it."""

    KILL = "kill"
    """The process dies between two instructions: at any await of its own, before or after what it waited for."""
    DATABASE_LOCKED = "database_locked"
    OUTAGE = "outage"
    """A service refuses every connection for minutes to hours."""
    SUBMIT_UNREACHABLE = "submit_unreachable"
    SUBMIT_LOST_BEFORE = "submit_lost_before"
    """The connection breaks; nothing was accepted."""
    SUBMIT_LOST_AFTER = "submit_lost_after"
    """The connection breaks; the render was accepted."""
    SUBMIT_SILENT = "submit_silent"
    """No answer before our deadline; accepted some seconds later, but inside it."""
    SUBMIT_TOO_FAST = "submit_429"
    SUBMIT_LISTED_5XX = "submit_5xx_listed"
    """A 5xx that the catalogue lists as the service's own word that nothing was started."""
    SUBMIT_OTHER_5XX = "submit_5xx_other"
    SUBMIT_REFUSED = "submit_refused"
    SUBMIT_INVALID = "submit_invalid"
    SUBMIT_NO_MONEY = "submit_no_money"
    RENDER_FAILED = "render_failed"
    RENDER_REFUSED = "render_refused"
    RENDER_HANGS = "render_hangs_at_99"
    RENDER_FORGOTTEN = "render_forgotten"
    """The service knows nothing of it any more, and charges nothing."""
    RENDER_LATE = "render_failed_then_made"
    """The service says failed, makes it all the same, says so by webhook, and charges."""
    UNKNOWN_WORD = "unknown_word"
    POLL_FAILS = "poll_fails"
    FIND_FAILS = "find_fails"
    MIND_CHANGED = "mind_changed"
    """A person cancels, once or twice."""
    CANCEL_REFUSED = "cancel_refused"
    CANCEL_LOST = "cancel_answer_lost"
    WEBHOOK_LOST = "webhook_lost"
    WEBHOOK_LATE = "webhook_late"
    """It comes hours after the render has ended."""
    WEBHOOK_TWICE = "webhook_twice"
    NO_FILE = "completed_without_file"
    DOWNLOAD_FAILS = "download_fails"
    DISK_LOST = "disk_lost"
    """The spooled file is gone before it was sent."""
    SLACK_TOO_FAST = "slack_429"
    SLACK_AWAY = "slack_away"
    SLACK_BROKEN = "slack_500"
    """500, and nothing was done."""
    SLACK_ANSWER_LOST = "slack_answer_lost"
    """It was done."""
    SLACK_LATE = "slack_done_late"
    """The answer is lost, and it is done some seconds later."""
    SLACK_SLOW_SHARE = "slack_shares_late"
    CHANNEL_CLOSED = "channel_closed"
    STORAGE_FULL = "storage_full"
    CARD_DELETED = "card_deleted"
    ADMIN_WRONG = "admin_wrong"
    """An admin takes one render for another, or overlooks it."""


RATES: Mapping[Fault, float] = {
    Fault.KILL: 0.0002,
    Fault.DATABASE_LOCKED: 0.0001,
    Fault.OUTAGE: 0.5,
    Fault.SUBMIT_UNREACHABLE: 0.01,
    Fault.SUBMIT_LOST_BEFORE: 0.006,
    Fault.SUBMIT_LOST_AFTER: 0.01,
    Fault.SUBMIT_SILENT: 0.004,
    Fault.SUBMIT_TOO_FAST: 0.02,
    Fault.SUBMIT_LISTED_5XX: 0.01,
    Fault.SUBMIT_OTHER_5XX: 0.006,
    Fault.SUBMIT_REFUSED: 0.02,
    Fault.SUBMIT_INVALID: 0.004,
    Fault.SUBMIT_NO_MONEY: 0.001,
    Fault.RENDER_FAILED: 0.03,
    Fault.RENDER_REFUSED: 0.01,
    Fault.RENDER_HANGS: 0.006,
    Fault.RENDER_FORGOTTEN: 0.002,
    Fault.RENDER_LATE: 0.004,
    Fault.UNKNOWN_WORD: 0.004,
    Fault.POLL_FAILS: 0.02,
    Fault.FIND_FAILS: 0.1,
    Fault.MIND_CHANGED: 0.1,
    Fault.CANCEL_REFUSED: 0.3,
    Fault.CANCEL_LOST: 0.1,
    Fault.WEBHOOK_LOST: 0.1,
    Fault.WEBHOOK_LATE: 0.05,
    Fault.WEBHOOK_TWICE: 0.1,
    Fault.NO_FILE: 0.004,
    Fault.DOWNLOAD_FAILS: 0.03,
    Fault.DISK_LOST: 0.01,
    Fault.SLACK_TOO_FAST: 0.01,
    Fault.SLACK_AWAY: 0.01,
    Fault.SLACK_BROKEN: 0.004,
    Fault.SLACK_ANSWER_LOST: 0.006,
    Fault.SLACK_LATE: 0.003,
    Fault.SLACK_SLOW_SHARE: 0.05,
    Fault.CHANNEL_CLOSED: 0.002,
    Fault.STORAGE_FULL: 0.002,
    Fault.CARD_DELETED: 0.005,
    Fault.ADMIN_WRONG: 0.02,
}
"""How likely each is at each of its opportunities; OUTAGE: per service and day."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One injected fault: the n-th opportunity of its kind for its subject."""

    fault: Fault
    subject: str
    nth: int


@dataclass(slots=True)
class Dial:
    seed: int
    without: frozenset[Fault] = frozenset()
    muted: frozenset[Occurrence] = frozenset()
    """Single occurrences that shrinking has taken out."""
    chaos: float = 1.0
    """Multiplies every rate."""
    often: Mapping[Fault, float] = field(default_factory=dict)
    """Rates of this history that are not those of `RATES`."""
    calm: bool = False
    """Nothing goes wrong any more: the end of a history."""
    injected: list[Occurrence] = field(default_factory=list)
    _asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    _by_fault: dict[Fault, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        usual = {each: min(rate * self.chaos, 0.9) for each, rate in RATES.items()}
        self._by_fault = {**usual, **self.often, **dict.fromkeys(self.without, 0.0)}
        self._asked = Counter()

    def hits(self, fault: Fault, subject: str) -> bool:
        """Whether this goes wrong now."""
        key = (fault.value, subject)
        nth = self._asked[key] = self._asked[key] + 1
        rate = self._by_fault[fault]
        if self.calm or rate == 0.0 or self._fraction(fault.value, subject, nth) >= rate:
            return False
        occurrence = Occurrence(fault, subject, nth)
        if occurrence in self.muted:
            return False
        self.injected.append(occurrence)
        return True

    def chance(self, name: str, subject: str) -> float:
        """0 to 1, new with every call for the same."""
        nth = self._asked[name, subject] = self._asked[name, subject] + 1
        return self._fraction(name, subject, nth)

    def dice(self, name: str, subject: str) -> random.Random:
        """For several draws about one thing."""
        nth = self._asked[name, subject] = self._asked[name, subject] + 1
        return random.Random(int(self._fraction(name, subject, nth) * 2**53))

    def trait(self, name: str, subject: str) -> float:
        """0 to 1, the same with every call: what somebody or something is like."""
        return self._fraction(name, subject, 0)

    def counts(self) -> dict[Fault, int]:
        found: dict[Fault, int] = defaultdict(int)
        for each in self.injected:
            found[each.fault] += 1
        return dict(found)

    def _fraction(self, name: str, subject: str, nth: int) -> float:
        digest = hashlib.blake2b(f"{self.seed}/{name}/{subject}/{nth}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") / 2**64
