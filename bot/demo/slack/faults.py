"""The dial of bad luck: what may go wrong with the app's next calls, in typed values.

`faults.add("chat.postMessage", Drop(processed=True))` posts the message and cuts the connection before the answer;
`faults.hits` says what was really hit. Besides the methods of the Web API, `upload` (the bytes), `download` and
`response_url` can be named; what goes wrong with connections is in `sockets.py`.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimited:
    """429, nothing done."""

    retry_after_s: int = 1


@dataclass(frozen=True, slots=True)
class Refuse:
    """`{"ok": false, "error": code}`; `processed`: and it was done all the same."""

    code: str
    processed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """HTML of something in between; `processed`: Slack had done its part."""

    status: int = 502
    processed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Cut the connection without an answer, before or after the work."""

    processed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """Do it and answer rightly, later by the workspace's clock."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hang:
    """Never answer; the connection stays open until the client or the workspace ends."""

    processed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """Do the work, call `strike` (it ends the app's process), then cut the connection."""

    strike: Callable[[], Awaitable[None] | None]


Fault = RateLimited | Refuse | Page | Drop | Delay | Hang | Kill


@dataclass(slots=True, kw_only=True)
class _Planned:
    fault: Fault
    left: int | None
    skip: int


@dataclass(slots=True)
class Faults:
    """What is planned to go wrong, and what did: `hits["chat.postMessage", "Kill"]`."""

    hits: Counter[tuple[str, str]] = field(default_factory=Counter)
    _planned: dict[str, list[_Planned]] = field(default_factory=dict)

    def add(self, method: str, fault: Fault, *, times: int | None = 1, after: int = 0) -> None:
        """Plan a fault for the next `times` calls (None: until `clear`), letting `after` calls pass first."""
        self._planned.setdefault(method, []).append(_Planned(fault=fault, left=times, skip=after))

    def clear(self) -> None:
        self._planned.clear()

    @property
    def pending(self) -> list[tuple[str, Fault]]:
        """Planned and not used up: must be empty at the end of a test that claims to have met them."""
        return [(method, each.fault) for method, planned in self._planned.items() for each in planned if each.left]

    def take(self, method: str) -> Fault | None:
        planned = self._planned.get(method) or []
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
        self.hits[method, type(first.fault).__name__] += 1
        return first.fault
