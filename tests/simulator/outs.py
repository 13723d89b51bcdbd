"""Whether a failing service is left alone soon enough, and asked again soon enough: "Done when" 3, judged from outside.

Counted is what a service answered and the bot has in hand, compared with what the rows of circuits say at that moment.
"""

import asyncio
import statistics
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.providers.base import RenderRequest
from bot.providers.errors import BY_KIND, AuthFailed, QuotaExhausted, Retired, Unreachable
from bot.upstreams.circuit import CircuitState
from tests.simulator.services import Service
from tests.simulator.virtual_loop import START
from tests.simulator.weather import Shape, Trouble

FAILURES_MAX = 5
LOOKS_MAX = timedelta(minutes=2)
WRITTEN_S = 3.0
"""An answer has to be written down before it can keep the next order away."""
OF_SERVICE = frozenset({AuthFailed, QuotaExhausted, Unreachable})
"""Failures that say nothing about the model that was asked for."""
AFTERMATH = timedelta(hours=3)
"""What began in trouble may end so long after it."""
SHOWN = 2
"""Videos in a row after which a service that is still left alone is left alone for nothing."""

Against = Callable[[str], None]


@dataclass(slots=True)
class _Circuit:
    state: CircuitState
    retry_at: datetime | None
    reason: str
    cool_off_s: float


@dataclass(slots=True)
class _Recovery:
    """Nothing is wrong any more, and the bot has yet to find out."""

    at: datetime
    cool_off_s: float
    tried: bool = False
    """Something was sent there since; luck may be against it."""
    set_back: bool = False
    """Something sent before has failed since."""
    made: int = 0


@dataclass
class Outs:
    clock: Clock
    services: Mapping[str, Service]
    late: Against
    """Told in words of a service that was asked too often."""
    shut: Against
    """Of one that was left alone for too long."""
    by_chance: Against
    """Of one that was taken out although it only failed now and then."""
    strict: bool
    """Random faults are rare enough here that nothing may go out without trouble."""
    circuits: dict[str, _Circuit] = field(default_factory=dict)
    """By service, or service/model."""
    failed: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Likewise: when it failed, in seconds, since it last made a video."""
    recoveries: dict[str, _Recovery] = field(default_factory=dict)
    failures_until_out: list[int] = field(default_factory=list)
    back_after_s: list[tuple[float, float]] = field(default_factory=list)
    """(how long after a recovery a circuit closed, the cool-off that was in force)"""
    unseen_since: dict[str, datetime] = field(default_factory=dict)
    """By service: when the first of the looks failed that have failed since."""
    failed_keys: set[str] = field(default_factory=set)
    """One order is one failure, however often somebody looks."""
    sent_at: dict[str, datetime] = field(default_factory=dict)

    def asked(self, service: Service, request: RenderRequest) -> None:
        if request.client_key in self.sent_at:
            return  # the same submit once more, to find out what became of it
        now = self.sent_at[request.client_key] = self.clock.now()
        own = _circuits_of(service, request)
        for each in own & set(self.recoveries):
            self.recoveries[each].tried = True
        if not all(self._is_closed(each) for each in own):
            return
        known_s = (now - START).total_seconds() - WRITTEN_S
        known = max(sum(1 for at_s in self.failed[each] if at_s <= known_s) for each in own)
        if known >= FAILURES_MAX:
            self.late(f"{request.wire_name} is sent after {known} failures in a row")

    def answered(self, service: Service, request: RenderRequest, kind: str | None) -> None:
        if kind is None:
            self._succeeded(service, request)
            return
        error = BY_KIND[kind]
        if not error.blames_upstream or request.client_key in self.failed_keys:
            return
        self.failed_keys.add(request.client_key)
        now = self.clock.now()
        for each in {service.name} if error in OF_SERVICE else {_circuit_of(request)}:
            self.failed[each].append((now - START).total_seconds())
        for each in _circuits_of(service, request) & set(self.recoveries):
            recovery = self.recoveries[each]
            recovery.set_back |= self.sent_at[request.client_key] < recovery.at

    def checked(self, service: Service, kind: str | None) -> None:
        """A free look has been answered."""
        now = self.clock.now()
        if kind is None:
            self.unseen_since.pop(service.name, None)
            return
        since = self.unseen_since.setdefault(service.name, now)
        if now - since > LOOKS_MAX and self._is_closed(service.name):
            self.late(f"{service.name} has failed every look for {(now - since).total_seconds():.0f} s, and is in use")

    def circuit(self, name: str, state: str, cool_off_s: float, retry_at: datetime | None, reason: str) -> None:
        """One row of health changed."""
        was_closed = self._is_closed(name)
        after = self.circuits[name] = _Circuit(CircuitState(state), retry_at, reason, cool_off_s)
        if after.state is CircuitState.OPEN and was_closed:
            self._opened(name, after)
        elif after.state is CircuitState.CLOSED and not was_closed:
            self._closed(name)

    def disturbed(self) -> None:
        """A process died or a transaction failed: what was answered lately may not have been written down."""
        for each in self.failed.values():
            each.clear()
        self.unseen_since.clear()

    def figures(self) -> Mapping[str, str]:
        """What was measured, in words."""
        back = [after_s for after_s, _ in self.back_after_s]
        return {
            "went out": str(len(self.failures_until_out)),
            "failures until out, at most": str(max(self.failures_until_out, default=0)),
            "back after, median and most": f"{statistics.median(back):.0f} s, {max(back):.0f} s" if back else "-",
        }

    async def watch(self, service: Service, trouble: Trouble) -> None:
        """From the end of one trouble on: within one cool-off somebody may try it again."""
        await asyncio.sleep((trouble.end - self.clock.now()).total_seconds())
        async with asyncio.TaskGroup() as watches:
            for name, circuit in list(self.circuits.items()):
                own = name.partition("/")[0] == service.name
                if own and circuit.state is not CircuitState.CLOSED and circuit.reason != Retired.kind:
                    watches.create_task(self._watch(service, name))

    async def _watch(self, service: Service, name: str) -> None:
        while not self._is_closed(name) and not service.shapes() - {Shape.GONE}:
            cool_off_s = self.circuits[name].cool_off_s
            recovery = self.recoveries[name] = _Recovery(self.clock.now(), cool_off_s)
            await asyncio.sleep(cool_off_s + WRITTEN_S)
            troubled = any(each.end > recovery.at and each.shape is not Shape.GONE for each in service.troubles_begun())
            if recovery.tried or troubled or self.recoveries.get(name) is not recovery:
                return
            if not recovery.set_back:
                if not self._may_be_tried(name):
                    self.shut(f"{name} recovered {cool_off_s:.0f} s ago, which is one cool-off, and may not be tried")
                return

    def _succeeded(self, service: Service, request: RenderRequest) -> None:
        for each in _circuits_of(service, request):
            self.failed[each].clear()
            recovery = self.recoveries.get(each)
            if recovery is None or self.sent_at[request.client_key] < recovery.at:
                continue
            recovery.made += 1
            if recovery.made > SHOWN:
                self.shut(f"{each} has made {recovery.made} videos since it recovered, and counts as out")

    def _opened(self, name: str, circuit: _Circuit) -> None:
        now, service = self.clock.now(), self.services[name.partition("/")[0]]
        lately = [each for each in service.troubles_begun() if now <= each.end + AFTERMATH]
        permanent = BY_KIND.get(circuit.reason) in {AuthFailed, QuotaExhausted, Retired}
        if lately:
            self.failures_until_out.append(len(self.failed[name]))
        elif self.strict and not permanent:
            self.by_chance(f"{name} goes out ({circuit.reason}) with nothing wrong but chance")

    def _closed(self, name: str) -> None:
        for each in [each for each in self.failed if each == name or each.startswith(f"{name}/")]:
            self.failed[each].clear()
        recovery = self.recoveries.pop(name, None)
        if recovery is not None:
            self.back_after_s.append(((self.clock.now() - recovery.at).total_seconds(), recovery.cool_off_s))

    def _may_be_tried(self, name: str) -> bool:
        circuit = self.circuits[name]
        if circuit.state is not CircuitState.OPEN:
            return True
        return circuit.retry_at is not None and circuit.retry_at <= self.clock.now()

    def _is_closed(self, name: str) -> bool:
        found = self.circuits.get(name)
        return found is None or found.state is CircuitState.CLOSED


def _circuit_of(request: RenderRequest) -> str:
    """Wire names are `service/model`, as circuits of single models are."""
    return request.wire_name


def _circuits_of(service: Service, request: RenderRequest) -> set[str]:
    return {service.name, _circuit_of(request)}
