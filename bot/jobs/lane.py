"""What is to be looked at on one upstream and when, inside its limits. Knows ids and times, and no clock: time is told.

Where more falls due than the service allows a minute, the looks that waited longest go first, and as each render's next
look is counted from its last, the spacing stretches by itself. A render of whose end a webhook told goes before all.
"""

import heapq
import itertools
from collections.abc import Callable
from datetime import datetime, timedelta

AT_ONCE, AT_ONCE_MAX = 4, 100
"""Requests on the wire, however slow the service answers."""
_BURST = 10
"""A tenth of a minute's requests may come together; the rest are spread, so that no minute has more than allowed."""


class Lane:
    """`batch_max`: how many renders one request may ask about."""

    def __init__(self, *, per_minute: int, batch_max: int = 1, at_once: int = AT_ONCE) -> None:
        burst = max(per_minute // _BURST, 1)
        self._interval = timedelta(seconds=60 / max(per_minute - burst, 1))
        self._slack = self._interval * (burst - 1)
        self._batch_max = batch_max
        self._at_once = at_once
        self._heap: list[tuple[datetime, int, str]] = []
        self._order = itertools.count()
        self._planned: dict[str, int] = {}
        self._urgent: dict[str, None] = {}
        self._alone: set[str] = set()
        self._on_the_wire = 0
        self._free_at: datetime | None = None
        self._held_until: datetime | None = None

    def __contains__(self, render: str) -> bool:
        return render in self._planned or render in self._urgent

    def plan(self, render: str, due: datetime, *, alone: bool = False) -> None:
        """Its next look, in place of one that was planned; in a request of its own where `alone`."""
        (self._alone.add if alone else self._alone.discard)(render)
        order = self._planned[render] = next(self._order)
        heapq.heappush(self._heap, (due, order, render))

    def hurry(self, render: str) -> None:
        self._urgent[render] = None

    def drop(self, render: str) -> None:
        self._planned.pop(render, None)
        self._urgent.pop(render, None)
        self._alone.discard(render)

    def hold(self, until: datetime) -> None:
        """The service said that it was too much: nobody asks before then."""
        self._held_until = max(until, self._held_until or until)

    def take(self, now: datetime, *, may_ride: Callable[[str], bool]) -> list[str]:
        """The renders of one request that may go out now; empty: none may. Each `take` wants a `done`.

        A request that has room left takes those along whose turn is next, for a ride costs nothing.
        """
        at = self.next_at(now)
        if at is None or at > now:
            return []
        room = 1 if self._first() in self._alone else self._batch_max
        taken = [self._popped(each) for each in list(self._urgent)[:room]]
        left: list[tuple[datetime, int, str]] = []
        while len(taken) < room and len(left) < room and (entry := self._next()) is not None:
            heapq.heappop(self._heap)
            fits = entry[2] not in self._alone or not taken
            if fits and (entry[0] <= now or may_ride(entry[2])):
                taken.append(self._popped(entry[2]))
            else:
                left.append(entry)
        for entry in left:
            heapq.heappush(self._heap, entry)
        self._on_the_wire += 1
        self._free_at = max(now, self._free_at or now) + self._interval
        return taken

    def done(self) -> None:
        self._on_the_wire -= 1

    def next_at(self, now: datetime) -> datetime | None:
        """When `take` will give something; None: not before something is planned or done."""
        entry = self._next()
        if self._on_the_wire >= self._at_once or (entry is None and not self._urgent):
            return None
        due = now if self._urgent or entry is None else entry[0]
        if self._free_at is not None and self._free_at > now + self._slack + self._interval:
            self._free_at = now  # no spacing reaches so far: the machine's clock was set back
        allowed = now if self._free_at is None else self._free_at - self._slack
        return max(due, allowed, self._held_until or due)

    def _first(self) -> str | None:
        if self._urgent:
            return next(iter(self._urgent))
        entry = self._next()
        return None if entry is None else entry[2]

    def _next(self) -> tuple[datetime, int, str] | None:
        """The earliest entry that still stands; those planned anew or dropped are thrown away here."""
        while self._heap and self._planned.get(self._heap[0][2]) != self._heap[0][1]:
            heapq.heappop(self._heap)
        return self._heap[0] if self._heap else None

    def _popped(self, render: str) -> str:
        self.drop(render)
        return render
