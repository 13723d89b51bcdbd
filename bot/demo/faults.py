"""What can go wrong on any wire, and the dial that plans it: `slack`, `videos` and `fal` each add their own kinds.

`faults.add("chat.postMessage", Drop(processed=True))` posts the message and cuts the connection before the answer;
`faults.hits` proves that the window was met, and `faults.pending` that nothing planned was left over.
"""

import inspect
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from aiohttp import web


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Cut the connection without an answer, before or after the work."""

    processed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Never answer; the connection stays open until the client or the double ends."""

    processed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """Do the work and answer rightly, later by the double's clock."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """Do the work, call `strike` (it ends the client's process), then cut the connection."""

    strike: Callable[[], Awaitable[None] | None]

    async def struck(self) -> None:
        outcome = self.strike()
        if inspect.isawaitable(outcome):
            await outcome


Place = TypeVar("Place", bound=str)
Fault = TypeVar("Fault")


@dataclass(slots=True, kw_only=True)
class _Planned(Generic[Fault]):
    fault: Fault
    left: int | None
    skip: int


class Dial(Generic[Place, Fault]):
    """What is planned to go wrong, and what did: `hits["create", "Drop"]`.

    A place is the name of a call. The faults of one place are met in the order added, each as often as it was planned.
    """

    def __init__(self) -> None:
        self.hits: Counter[tuple[str, str]] = Counter()
        self._planned: dict[Place, list[_Planned[Fault]]] = {}

    def add(self, place: Place, fault: Fault, *, times: int | None = 1, after: int = 0) -> None:
        """Plan a fault for the next `times` calls (None: until `clear`), letting `after` calls pass first."""
        self._planned.setdefault(place, []).append(_Planned(fault=fault, left=times, skip=after))

    def clear(self) -> None:
        self._planned.clear()

    @property
    def pending(self) -> list[tuple[Place, Fault]]:
        """Planned and not used up: must be empty at the end of a test that claims to have met them."""
        return [(place, each.fault) for place, planned in self._planned.items() for each in planned]

    def take(self, place: Place) -> Fault | None:
        """The fault that hits this call, if any. Counts."""
        planned = self._planned.get(place)
        if not planned:
            return None
        first = planned[0]
        if first.skip > 0:
            first.skip -= 1
            return None
        if first.left is not None:
            first.left -= 1
            if first.left == 0:
                planned.pop(0)
        self.hits[place, type(first.fault).__name__] += 1
        return first.fault


def cut(request: web.Request) -> web.Response:
    """End the connection under the client's feet, with no answer. The returned response is never sent."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=499)
