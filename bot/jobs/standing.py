"""How services and single jobs stand, for `/sora status` and for cards."""

import asyncio
from collections.abc import Awaitable, Mapping
from datetime import timedelta

from bot.catalogue.model import Billing, Model, Tier
from bot.clock import Clock
from bot.jobs.attempt import AttemptState
from bot.jobs.card_facts import Asked, CardFacts
from bot.jobs.doubt import is_mute
from bot.jobs.model import JobRecord, JobState, Waiting
from bot.jobs.moving import model_label, moved_of, paid_of
from bot.jobs.pasts import Pasts
from bot.jobs.ports import Healths
from bot.jobs.requests import wanted_of
from bot.jobs.service_standing import service_standing, typical_of
from bot.jobs.status import StatusAnswer
from bot.upstreams.circuit import CircuitState
from bot.upstreams.past import NOTHING, ServicePasts
from bot.upstreams.quotes import Quote, quote
from bot.upstreams.registry import Registry, Upstream


class Standings:
    def __init__(
        self,
        *,
        registry: Registry,
        healths: Healths,
        clock: Clock,
        risk_below_usd_micros: int = 0,
        pasts: ServicePasts | None = None,
    ) -> None:
        """`pasts`: None where nobody remembers how services have done."""
        self._pasts = Pasts(registry, pasts, clock)
        self._registry = registry
        self._healths = healths
        self._clock = clock
        self._risk_below = risk_below_usd_micros

    async def status(self, counting: Awaitable[Mapping[str, int]]) -> StatusAnswer:
        """The first line's figures (`counting`: jobs by state) and one row per service; looked at all at once."""
        counts, circuits, pasts = await asyncio.gather(counting, self._healths.circuits(), self._pasts.all())
        now = self._clock.now()
        running = (JobState.SUBMITTING, JobState.CHECKING, JobState.RENDERING, JobState.DELIVERING)
        return StatusAnswer(
            services=tuple(
                service_standing(each, circuits, pasts.get(each.name, NOTHING), now)
                for each in self._registry.upstreams
            ),
            running=sum(counts.get(state.value, 0) for state in running),
            queued=counts.get(JobState.QUEUED.value, 0),
            preview_only=self._registry.preview_only,
        )

    def can_stop(self, record: JobRecord) -> bool:
        """Whether the service that has it could stop it."""
        attempt = record.attempt
        if attempt is None or attempt.upstream not in self._registry:
            return False
        return self._registry.upstream(attempt.upstream).protocol.cancels

    async def facts(self, record: JobRecord, *, queue_place: int) -> CardFacts:
        job, attempt = record.job, record.attempt or (record.attempts[-1] if record.attempts else None)
        upstream = self._registry.upstream(attempt.upstream) if attempt and attempt.upstream in self._registry else None
        model = self._registry.find(attempt.model if attempt else job.order.model or "")
        waits = job.state is JobState.QUEUED and job.waiting is Waiting.SERVICE_DOWN
        return CardFacts(
            service_label=upstream.label if upstream is not None else "",
            model_label=model.label if model is not None else "",
            receives=model.receives if model is not None else "",
            typical=await self._typical(upstream, model),
            queue_place=queue_place,
            can_cancel=self._can_cancel(record),
            is_preview=upstream is not None and upstream.tier is Tier.PREVIEW,
            free=model is not None and model.price.billing is Billing.FREE,
            service_down_words=await self._down_words(upstream) if waits else "",
            elsewhere_usd_micros=await self.elsewhere_usd_micros(record),
            may_be_sent_again=self._may_be_sent_again(record, upstream),
            moved=moved_of(record, self._registry),
            paid=paid_of(record, self._registry),
            asked=self._asked(record),
        )

    async def elsewhere_usd_micros(self, record: JobRecord) -> int | None:
        """What a stuck video may cost on top if another service makes it too; None: no other can, or not stuck."""
        job, attempt = record.job, record.attempt
        if job.overdue_since is None or attempt is None or job.state is not JobState.RENDERING:
            return None
        others = [each for each in self._registry.upstreams if each.name != attempt.upstream]
        wanted = wanted_of(job.order, usd_micros_max=None)
        circuits, routing = await self._healths.circuits(), self._registry.routing
        quoted = quote(wanted, others, circuits, self._clock.now(), routing=routing)
        return quoted.usd_micros if isinstance(quoted, Quote) else None

    def _asked(self, record: JobRecord) -> Asked | None:
        question = record.open_question
        if question is None or record.job.waiting is not Waiting.ANSWER:
            return None
        return Asked(
            question=question,
            service_label=self._registry.label(question.upstream),
            model_label=model_label(question.upstream, question.model, self._registry),
            same_model=question.model == record.job.order.model,
        )

    async def _typical(self, upstream: Upstream | None, model: Model | None) -> timedelta | None:
        if model is None:
            return None
        past = (await self._pasts.all()).get(upstream.name, NOTHING) if upstream is not None else NOTHING
        return typical_of((model,), past.times)

    def _can_cancel(self, record: JobRecord) -> bool:
        job, attempt = record.job, record.attempt
        if job.cancel_requested_at is not None:
            return False
        if job.state is JobState.QUEUED:
            return True
        waiting = attempt is not None and attempt.state in {AttemptState.INTENT, AttemptState.SUBMITTED}
        return waiting and job.state in {JobState.SUBMITTING, JobState.CHECKING, JobState.RENDERING}

    def _may_be_sent_again(self, record: JobRecord, upstream: Upstream | None) -> bool:
        attempt = record.attempt
        if attempt is None or upstream is None or record.job.paid_usd_micros:
            return False
        return attempt.usd_micros < self._risk_below and is_mute(upstream, attempt, now=self._clock.now())

    async def _down_words(self, upstream: Upstream | None) -> str:
        """Which services are out; before one counts as out, the one that did not take the video just now."""
        now = self._clock.now()
        words = []
        for name, circuit in (await self._healths.circuits()).items():
            if circuit.state is CircuitState.OPEN and (label := self._label(name)):
                minutes = max(round((now - circuit.since).total_seconds() / 60), 0)
                lasted = f"has been out for {minutes} min" if minutes else "is out"
                words.append(f"{label} {lasted}")
        if words or upstream is None:
            return "; ".join(words)
        return f"{upstream.label} cannot be used at the moment"

    def _label(self, circuit: str) -> str:
        """Of a service, or of a model that is out there; empty where the settings do not know it."""
        name, _, model = circuit.partition("/")
        if name not in self._registry:
            return ""
        label = self._registry.label(name)
        return f"{model_label(name, model, self._registry)} at {label}" if model else label
