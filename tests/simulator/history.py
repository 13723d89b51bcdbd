"""What happened, in words: one line an event, with its moment and the order it belongs to."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from bot.clock import Clock
from tests.simulator.virtual_loop import START

EVERYBODY = "-"
"""Events that are no single order's: outages, deaths of a process."""


@dataclass(frozen=True, slots=True)
class Event:
    at: datetime
    subject: str
    words: str

    def __str__(self) -> str:
        passed = self.at - START
        clock = (datetime.min + passed).time()
        whose = f"order {self.subject}" if self.subject.isdigit() else self.subject
        return f"day {passed.days + 1} {clock:%H:%M:%S.%f}  {whose}: {self.words}"


@dataclass
class History:
    clock: Clock
    events: list[Event] = field(default_factory=list)

    def tell(self, subject: str, words: str) -> None:
        self.events.append(Event(self.clock.now(), subject, words))

    def of(self, subjects: frozenset[str]) -> list[Event]:
        """These orders' events, and everybody's that fall into their time."""
        own = [each.at for each in self.events if each.subject in subjects]
        if not own:
            return []
        first, last = min(own), max(own)
        return [
            each
            for each in self.events
            if each.subject in subjects or (not each.subject.isdigit() and first <= each.at <= last)
        ]

    def fingerprint(self) -> str:
        """Equal for equal histories: the same seed must give the same one in every process."""
        digest = hashlib.sha256()
        for each in self.events:
            digest.update(f"{each.at.isoformat()} {each.subject} {each.words}\n".encode())
        return digest.hexdigest()[:16]
