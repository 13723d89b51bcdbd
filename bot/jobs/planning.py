"""Who could make a job now, within what its person agreed to and beyond it, and that in words to keep."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.jobs import retries
from bot.jobs.became import became
from bot.jobs.consent import Planned, Question
from bot.jobs.model import JobRecord
from bot.jobs.ports import Healths
from bot.jobs.requests import wanted_of
from bot.providers.errors import Retired
from bot.upstreams.beyond import beyond
from bot.upstreams.circuit import Circuit
from bot.upstreams.fitting import Reason, Wanted
from bot.upstreams.policy import LearnedTimes, WhenAllDown
from bot.upstreams.registry import Registry, Upstream
from bot.upstreams.router import Candidate, Plan, Skip, model_circuit, plan

Learned = Callable[[], Awaitable[LearnedTimes]]
_OTHERS = frozenset({Reason.OTHER_MODEL, Reason.OTHER_CLASS, Reason.PREVIEW})
"""About something else than this order: counted, not named."""
CLAUSES_MAX = 3
"""Of a question's reason. "What happened?" has them all."""


async def nothing_learned() -> LearnedTimes:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """One look. `ready` may be asked now, first choice first; the plan's other candidates rest for a moment."""

    plan: Plan
    ready: tuple[Candidate, ...]
    resting: frozenset[str]
    """Services that asked for a pause."""
    circuits: Mapping[str, Circuit]
    wanted: Wanted
    learned: LearnedTimes
    labels: Mapping[str, str]
    """Of the services, as people know them."""
    against_health: bool = False
    """Everybody who could is out, and is asked all the same."""

    @property
    def may_come_back(self) -> bool:
        return bool(self.plan.candidates) or self.plan.waits_for_health

    def needs_no_trial(self, candidate: Candidate) -> bool:
        """Service and model were well a moment ago, as they are for nearly every order: nothing to lease."""
        names = (candidate.upstream, model_circuit(candidate.upstream, candidate.model.name))
        found = [self.circuits[name] for name in names if name in self.circuits]
        return self.against_health or all(each.is_closed for each in found)

    def planned(self, occasion: str, at: datetime) -> Planned:
        """As words, while they are true."""
        skipped = [each for each in self.plan.skipped if each.reason not in _OTHERS]
        return Planned(
            occasion=occasion,
            at=at,
            candidates=tuple(f"{each.model.label} at {self.labels[each.upstream]}" for each in self.plan.candidates),
            skipped=tuple(each.words for each in skipped),
            others=len(self.plan.skipped) - len(skipped),
        )


class Planner:
    def __init__(self, *, registry: Registry, healths: Healths, learned: Learned = nothing_learned) -> None:
        self._registry = registry
        self._healths = healths
        self._learned = learned

    async def look(self, record: JobRecord, *, now: datetime) -> Outlook:
        """What its person took instead comes first; what was ordered is still agreed to, if it is not dearer."""
        circuits, learned = await self._healths.circuits(), await self._learned()
        looks = [self._looked(each, record, circuits, learned, now) for each in _agreed(record)]
        return next((each for each in looks if each.ready), looks[0])

    def offer(self, record: JobRecord, outlook: Outlook, *, now: datetime) -> Candidate | None:
        """The nearest thing that was not agreed to."""
        return beyond(
            outlook.wanted,
            [each for each in self._asked(record) if each.name not in outlook.resting],
            outlook.circuits,
            retries.tried(record.attempts),
            record.job.id,
            now,
            routing=self._registry.routing,
            learned=outlook.learned,
        )

    async def still_has(self, record: JobRecord, question: Question, *, now: datetime) -> bool:
        """Whether what a question offers can be had at this moment, at that price or below."""
        outlook = await self.look(record, now=now)
        offered = replace(
            outlook.wanted, model=question.model, length_s=question.length_s, usd_micros_max=question.usd_micros
        )
        found = self._planned(offered, record, outlook.circuits, outlook.learned, now)
        return any(each.upstream not in outlook.resting for each in found.candidates)

    def why(self, record: JobRecord, outlook: Outlook) -> str:
        """What became of what was agreed to, in one line: the skips that are about it. Who is dearer is the offer."""
        told = [each for each in outlook.plan.skipped if each.reason not in _OTHERS | {Reason.DEARER}]
        out = [self._named(each) for each in told if each.reason is Reason.SUSPENDED]
        rest = dict.fromkeys(self._said(each, record) for each in told if each.reason is not Reason.SUSPENDED)
        clauses = [f"{_listed(out)} cannot be used at the moment"] if out else []
        return "; ".join([*clauses, *list(rest)[:CLAUSES_MAX]]) or self._gone(record)

    def _said(self, skip: Skip, record: JobRecord) -> str:
        """Of one that was tried: what became of the last try."""
        kinds = [
            each.error_kind for each in record.attempts if (each.upstream, each.model) == (skip.upstream, skip.model)
        ]
        if skip.reason is not Reason.TRIED or not kinds:
            return skip.words
        return f"{self._registry.label(skip.upstream)} {became(kinds[-1])}"

    def _named(self, skip: Skip) -> str:
        upstream = self._registry.upstream(skip.upstream)
        label = next((each.label for each in upstream.models if each.name == skip.model), skip.model)
        return f"{label} at {upstream.label}"

    def _looked(
        self,
        wanted: Wanted,
        record: JobRecord,
        circuits: Mapping[str, Circuit],
        learned: LearnedTimes,
        now: datetime,
    ) -> Outlook:
        resting = frozenset(retries.resting(record.attempts, now=now))
        found = self._planned(wanted, record, circuits, learned, now)
        against_health = self._tries_all_the_same(found)
        if against_health:
            dead = {name: each for name, each in circuits.items() if each.reason == Retired.kind}
            found = self._planned(wanted, record, dead, learned, now)
        return Outlook(
            plan=found,
            ready=tuple(each for each in found.candidates if each.upstream not in resting),
            resting=resting,
            circuits=circuits,
            wanted=wanted,
            learned=learned,
            labels={each.name: each.label for each in self._registry.upstreams},
            against_health=against_health,
        )

    def _planned(
        self,
        wanted: Wanted,
        record: JobRecord,
        circuits: Mapping[str, Circuit],
        learned: LearnedTimes,
        now: datetime,
    ) -> Plan:
        return plan(
            wanted,
            self._asked(record),
            circuits,
            retries.tried(record.attempts),
            record.job.id,
            now,
            routing=self._registry.routing,
            learned=learned,
        )

    def _tries_all_the_same(self, found: Plan) -> bool:
        """Everybody who could is out, and the operator wants it sent nevertheless (mission D7)."""
        return (
            not found.candidates and found.waits_for_health and self._registry.routing.when_all_down is WhenAllDown.TRY
        )

    def _asked(self, record: JobRecord) -> list[Upstream]:
        return [each for each in self._registry.upstreams if each.name not in record.job.order.avoided]

    def _gone(self, record: JobRecord) -> str:
        """It is in no service's list any more."""
        model = record.job.order.model
        found = self._registry.find(model) if model is not None else None
        return f"{found.label if found is not None else model or 'Every service'} cannot be had here any more"


def _agreed(record: JobRecord) -> list[Wanted]:
    ordered = wanted_of(record.job.order, usd_micros_max=record.job.held_usd_micros)
    agreed = record.agreed
    if agreed is None:
        return [ordered]
    return [replace(ordered, model=agreed.model, length_s=agreed.length_s), ordered]


def _listed(names: Sequence[str]) -> str:
    """As in "A, B and 4 others"."""
    shown, more = names[:CLAUSES_MAX], len(names) - CLAUSES_MAX
    if more > 0:
        return f"{', '.join(shown)} and {more} {'other' if more == 1 else 'others'}"
    return " and ".join(part for part in (", ".join(shown[:-1]), shown[-1]) if part)
