"""From a history that breaks a rule to the smallest one that still breaks it: fewer orders, kinds of fault, faults."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import TypeVar

from tests.simulator.dial import Fault
from tests.simulator.judge import Rule
from tests.simulator.process import Ports
from tests.simulator.world import Outcome, run

T = TypeVar("T")


@dataclass
class Shrinker:
    """`smallest` is the work; `outcome` the smallest so far, of which `setup` is all there is to say."""

    outcome: Outcome
    ports: Ports
    seconds: float
    runs: int = 0

    def __post_init__(self) -> None:
        self._rule: Rule = self.outcome.violations[0].rule
        self._until = monotonic() + self.seconds

    def smallest(self) -> Outcome:
        self._orders()
        self._kinds()
        self._single_faults()
        self._orders()
        return self.outcome

    def _orders(self) -> None:
        """The one that suffered and those around it, then ever fewer."""
        suffered = [int(each.subject) for each in self.outcome.violations if each.subject.isdigit()]
        asked = sorted(int(each.subject) for each in self.outcome.history.events if each.subject.isdigit())
        present = list(dict.fromkeys(asked))
        if suffered and self._try(only=frozenset(suffered)):
            present = suffered
        self._fewer(present, lambda kept: self._try(only=frozenset(kept)))

    def _kinds(self) -> None:
        for fault in sorted({each.fault for each in self.outcome.injected}, key=lambda each: each.value):
            self._try(without=self.outcome.setup.without | {fault})
        self._try(without=self.outcome.setup.without | (set(Fault) - {each.fault for each in self.outcome.injected}))

    def _single_faults(self) -> None:
        before = self.outcome.setup.muted
        all_of_them = list(self.outcome.injected)
        self._fewer(all_of_them, lambda kept: self._try(muted=before | (frozenset(all_of_them) - frozenset(kept))))

    def _try(self, **changes: object) -> bool:
        """Keep the change if the same rule is still broken."""
        if monotonic() > self._until:
            return False
        self.runs += 1
        found = run(replace(self.outcome.setup, **changes), self.ports)  # type: ignore[arg-type]
        if not any(each.rule is self._rule for each in found.violations):
            return False
        self.outcome = found
        return True

    def _fewer(self, things: Sequence[T], still_fails: Callable[[Iterable[T]], bool]) -> None:
        """Delta debugging: leave out ever smaller pieces while it goes on failing."""
        kept, pieces = list(things), 2
        while len(kept) > 1 and monotonic() < self._until:
            size = max(1, len(kept) // pieces)
            for start in range(0, len(kept), size):
                rest = kept[:start] + kept[start + size :]
                if rest and still_fails(rest):
                    kept, pieces = rest, max(2, pieces - 1)
                    break
            else:
                if size == 1:
                    return
                pieces = min(len(kept), 2 * pieces)
