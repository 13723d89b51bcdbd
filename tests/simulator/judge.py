"""The invariants, checked while a history runs. Judged from the outside: rows by triggers, services, Slack.

`verdict.py` holds those that can only be judged at the end.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from bot.jobs.attempt import AttemptState
from bot.jobs.model import ENDED, NEXT, JobState
from bot.providers.base import RenderRequest
from bot.providers.errors import Moderated
from bot.quota.limits import Limit
from bot.quota.periods import Span
from tests.simulator.ground import Notice
from tests.simulator.history import History
from tests.simulator.incident_watch import IncidentWatch
from tests.simulator.notice_watch import NoticeWatch
from tests.simulator.outs import Outs
from tests.simulator.services import Render, Service, subject_of
from tests.simulator.slack_town import File, Message
from tests.simulator.story_log import Story, StoryState

AT_WORK = {"submit", "check", "wait"}


class Rule(StrEnum):
    ONE_PAID_RENDER = "no two paid renders for one job unless somebody agreed"
    ONE_RISK = "nothing is sent again at a risk more than once for one job, nor above the price that admins allow"
    ONE_POST = "no intent is posted twice"
    INTENT_FIRST = "no render without an intent that was committed first"
    LEGAL_MOVES = "only legal moves between states"
    LEDGER_KEPT = "no line of the ledger is ever edited"
    BUDGET = "no limit is ever passed"
    REFUSAL_STAYS = "what one service has refused goes to no other by itself"
    PRICE_SHOWN = "nobody pays more than the price shown without saying so"
    OUT_IN_TIME = "a service is left alone after five failures in a row"
    BACK_IN_TIME = "a service is tried again within one cool-off of its recovery, and is back when it works"
    NOT_OUT_BY_CHANCE = "one failure in ten takes nothing out"
    ONE_INCIDENT = "one incident at a time for one service, and one for one outage"
    ONE_NOTICE = "one message for one stretch of trouble and Slack channel, which says its end"
    ONE_STORY = "no two stories of one job at work at once"
    NO_SURPRISE = "no step raises"
    ONE_FILE = "at most one file for one job"
    ONE_CARD = "at most one card for one job"
    CARD_RIGHT = "every card that can be edited shows how its job ended"
    ALL_ENDED = "no job without an end"
    TOLD = "no end that nobody was told"
    HOLDS_END = "every hold ends, once"
    LEDGER_EXACT = "the ledger adds up to the balances and to what jobs say they paid"
    BILLS = "what services charged is what the ledger says"
    DELIVERED = "a job that counts as delivered has its file in Slack"


@dataclass(frozen=True, slots=True)
class Violation:
    rule: Rule
    subject: str
    job_id: str
    words: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.words} (order {self.subject}, job {self.job_id})"


@dataclass(slots=True)
class Seen:
    """A job as its rows showed it."""

    id: str
    subject: str
    user_id: str
    number: int
    price_shown_usd_micros: int
    """The most that its person has agreed to."""
    accepted_at_s: float
    video_at_s: float | None = None
    """When it was delivered for the first time."""
    ended_at_s: float | None = None
    """When it last ended."""
    booked_usd_micros: int = 0
    """What the ledger says was spent for it so far."""
    told_paid: bool = False
    """When it ended, its card said that something was paid, or may have been."""
    refused_by: str = ""
    state: JobState = JobState.QUEUED
    failure: str | None = None
    attempts: list[str] = field(default_factory=list)


@dataclass
class Judge:
    history: History
    limits: tuple[Limit, ...]
    services: Mapping[str, Service]
    risk_below_usd_micros: int = 0
    is_fleet: bool = False
    """Random faults are rare here, so that what the weather does can be told from them."""
    violations: list[Violation] = field(default_factory=list)
    jobs: dict[str, Seen] = field(default_factory=dict)
    by_number: dict[int, Seen] = field(default_factory=dict)
    job_of_attempt: dict[str, str] = field(default_factory=dict)
    renders: dict[str, list[tuple[Service, Render]]] = field(default_factory=lambda: defaultdict(list))
    """By job."""
    agreed: set[str] = field(default_factory=set)
    """Of `sworn_absent`, those that were in doubt when it was said: paying twice was that admin's choice."""
    sworn_absent: set[str] = field(default_factory=set)
    """Attempts of which an admin said, wrongly, that they were not made."""
    unknown: dict[str, int] = field(default_factory=dict)
    """Attempts that were booked as possibly paid, with their price: after such a one a second may be paid too."""
    risked: set[str] = field(default_factory=set)
    """Of these, those after which one more was sent."""
    files: dict[str, list[File]] = field(default_factory=lambda: defaultdict(list))
    cards: dict[str, list[Message]] = field(default_factory=lambda: defaultdict(list))
    disturbed_at_s: float = -1.0
    """When a process last died or a transaction last failed: what was answered then may not have been written down."""
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    ended: Callable[[Seen], None] = lambda _job: None
    began: Callable[[Seen], None] = lambda _job: None
    overdue: Callable[[Seen], None] = lambda _job: None
    questioned: Callable[[Seen, str, int, bool], None] = lambda _job, _id, _usd_micros, _can_wait: None
    """(job, question's id, price, whether it may be waited for): somebody is asked to agree to more."""
    _over: dict[tuple[str, str, str], int] = field(default_factory=lambda: defaultdict(int))
    """Spent above a hold, by balance: a late video is paid although no limit was asked."""

    def __post_init__(self) -> None:
        self.outs = Outs(
            clock=self.history.clock,
            services=self.services,
            late=lambda words: self.against(Rule.OUT_IN_TIME, "-", words),
            shut=lambda words: self.against(Rule.BACK_IN_TIME, "-", words),
            by_chance=lambda words: self.against(Rule.NOT_OUT_BY_CHANCE, "-", words),
            strict=self.is_fleet,
        )
        self.incidents = IncidentWatch(
            clock=self.history.clock,
            services=self.services,
            against=lambda words: self.against(Rule.ONE_INCIDENT, "-", words),
        )
        self.notices = NoticeWatch(
            clock=self.history.clock,
            services=self.services,
            incidents=self.incidents.all,
            against=lambda words: self.against(Rule.ONE_NOTICE, "-", words),
        )

    def against(self, rule: Rule, job_id: str, words: str) -> None:
        subject = self.jobs[job_id].subject if job_id in self.jobs else "-"
        self.violations.append(Violation(rule, subject, job_id, words))
        self.history.tell(subject, f"VIOLATED: {rule}: {words}")
        self.stopped.set()

    def told(self, notice: Notice) -> None:
        """One row changed."""
        match notice:
            case ("job", job_id, prompt, user_id, number, held):
                now_s = asyncio.get_running_loop().time()
                seen = self.jobs[job_id] = Seen(job_id, subject_of(prompt), user_id, number, held, now_s)
                self.by_number[number] = seen
                self._say(job_id, f"accepted as job {job_id} (#{number}), {_usd(held)} reserved")
                self.began(seen)
            case ("move", job_id, old, new, failure):
                self._moved(job_id, JobState(old), JobState(new), failure)
            case ("overdue", job_id):
                self._say(job_id, "takes longer than its longest wait")
                self.overdue(self.jobs[job_id])
            case ("cancel", job_id):
                self._say(job_id, "its person wants it cancelled")
            case ("attempt", attempt_id, job_id, upstream, usd_micros):
                self._say(job_id, f"try {attempt_id}: intent for {upstream} at {_usd(usd_micros)}")
                self._tried_again(job_id)
                self.job_of_attempt[attempt_id] = job_id
                self.jobs[job_id].attempts.append(attempt_id)
                shown = self.jobs[job_id].price_shown_usd_micros
                if usd_micros > shown:
                    words = f"{_usd(usd_micros)} at {upstream}, and its person has agreed to {_usd(shown)}"
                    self.against(Rule.PRICE_SHOWN, job_id, words)
            case ("try", attempt_id, job_id, old, new, kind, render_id):
                why = f" ({kind})" if kind else f" ({render_id})" if new == "submitted" else ""
                self._say(job_id, f"try {attempt_id}: {old} -> {new}{why}")
                if new == AttemptState.NOT_ACCEPTED.value:
                    self._written_off(job_id, attempt_id, old)
            case ("entry", job_id, kind, usd_micros, closed, attempt_id, *payers):
                self._booked(job_id, kind, usd_micros, closed, attempt_id, payers)
            case ("edited", key):
                self.against(Rule.LEDGER_KEPT, key.partition(":")[0], f"{key} was changed")
            case ("balance", scope, key, period, taken):
                self._fits(scope, key, period, taken)
            case _:
                self._told_of_services(notice)

    def _told_of_services(self, notice: Notice) -> None:
        match notice:
            case ("circuit", name, state, cool_off_s, retry_at, reason):
                self.outs.circuit(name, state, cool_off_s, _at(retry_at), reason)
            case ("incident", incident_id, upstream, model, state):
                self.incidents.began(incident_id, upstream, model, state)
            case ("incident_changes", incident_id, state, goes_on):
                self.incidents.changed(incident_id, state, goes_on=bool(goes_on))
            case ("incident_grows", incident_id, model):
                self.incidents.grew(incident_id, model)
            case ("incident_over", incident_id):
                self.incidents.ended(incident_id)
            case ("question", question_id, job_id, usd_micros, can_wait):
                self._say(job_id, f"its person is asked whether {_usd(usd_micros)} will do")
                self.questioned(self.jobs[job_id], question_id, usd_micros, bool(can_wait))
            case _:
                raise AssertionError(notice)

    def accepted(self, service: Service, render: Render) -> None:
        """A service has started paid work."""
        job_id = self.job_of_attempt.get(render.key)
        if job_id is None:
            self.against(Rule.INTENT_FIRST, "-", f"{service.name} accepted {render.id} for an unknown {render.key}")
            return
        self._say(job_id, f"{service.name} starts {render.id} for try {render.key}")
        refused_by = self.jobs[job_id].refused_by
        if refused_by not in {"", service.name}:
            self.against(Rule.REFUSAL_STAYS, job_id, f"{service.name} makes what {refused_by} has refused")
        others = self.renders[job_id]
        for other_service, other in others:
            if other.key == render.key:
                self.against(Rule.ONE_POST, job_id, f"{render.key} made {other.id} and {render.id} at {service.name}")
            elif other.key not in self.agreed | self.risked and other_service.may_still_cost(other):
                self.against(Rule.ONE_PAID_RENDER, job_id, f"{render.id} began while {other.id} may still be charged")
        others.append((service, render))

    def asked(self, service: Service, request: RenderRequest) -> None:
        """A submit is on its way."""
        self.outs.asked(service, request)

    def answered(self, service: Service, request: RenderRequest, kind: str | None) -> None:
        """The bot has an answer of a service in hand."""
        job_id = self.job_of_attempt.get(request.client_key)
        if kind == Moderated.kind and job_id is not None:
            self.jobs[job_id].refused_by = service.name
        self.outs.answered(service, request, kind)

    def stepping(self, story: Story, living: list[Story]) -> None:
        for each in living:
            alive = each.home is not None and each.home.alive
            both = each.job_id == story.job_id and each.step in AT_WORK and story.step in AT_WORK
            if each is not story and each.state is StoryState.RUNNING and alive and both:
                words = f"{story.id} does {story.step} while {each.id} does {each.step}"
                self.against(Rule.ONE_STORY, story.job_id, words)

    def broke(self, story: Story, error: Exception) -> None:
        self._say(story.job_id, f"step {story.step} broke: {type(error).__name__}: {error}")
        self.against(Rule.NO_SURPRISE, story.job_id, f"{story.step} raised {type(error).__name__}: {error}")

    def posted(self, message: Message) -> None:
        if self.is_fleet:
            self.notices.posted(message)
        if not message.text.startswith("card "):
            return
        job_id = message.text.split()[1]
        cards = self.cards[job_id]
        self._say(job_id, f"card posted in {message.channel}")
        for each in cards:
            unsure = message.given_up or not each.answered
            excused = each.deleted or unsure or self.disturbed_at_s >= each.at_s
            if not excused:
                self.against(Rule.ONE_CARD, job_id, "a second card while the first stands and its answer came")
        cards.append(message)
        if len(cards) > 2:
            self.against(Rule.ONE_CARD, job_id, "a third card")

    def shared(self, file: File) -> None:
        if not file.is_video:
            return
        seen = self.by_number[int(file.name.removesuffix(".mp4").rpartition("-")[2])]
        self._say(seen.id, f"file {file.id} shared in {file.channel}")
        files = self.files[seen.id]
        for each in files:
            if each.is_seen:
                self.against(Rule.ONE_FILE, seen.id, f"{file.id} is shared while {each.id} is there")
        files.append(file)

    def disturbed(self) -> None:
        self.outs.disturbed()
        self.notices.disturbed()
        self.disturbed_at_s = asyncio.get_running_loop().time()

    def _moved(self, job_id: str, old: JobState, new: JobState, failure: str | None) -> None:
        seen = self.jobs[job_id]
        seen.state, seen.failure = new, failure
        self._say(job_id, f"{old} -> {new}" + (f" ({failure})" if new is JobState.FAILED else ""))
        # Proven absent, a job goes over `submitting` in one transaction; the triggers see its first and last state.
        if new not in NEXT[old] and (old, new) != (JobState.CHECKING, JobState.QUEUED):
            self.against(Rule.LEGAL_MOVES, job_id, f"{old} -> {new}")
        if new is JobState.DELIVERED and seen.video_at_s is None:
            seen.video_at_s = asyncio.get_running_loop().time()
        if new in ENDED:
            seen.ended_at_s = asyncio.get_running_loop().time()
            seen.told_paid = seen.booked_usd_micros > 0
            self.ended(seen)

    def _booked(
        self, job_id: str, kind: str, usd_micros: int, closed: int | None, attempt_id: str | None, payers: list[str]
    ) -> None:
        self._say(job_id, f"ledger: {kind} {_usd(usd_micros)}" + (f" for try {attempt_id}" if attempt_id else ""))
        if kind in {"capture", "possibly_paid"}:
            self.jobs[job_id].booked_usd_micros += usd_micros
        if kind == "possibly_paid":
            self.unknown[str(attempt_id)] = usd_micros
        over = usd_micros - (closed or 0)
        # Beside the hold: the limits were asked for it.
        at_a_risk = kind == "possibly_paid" and closed is None
        if kind in {"capture", "possibly_paid"} and over > 0 and not at_a_risk:
            user_id, slack_channel_id, day, month = payers
            for scope, key in (("person", user_id), ("slack_channel", slack_channel_id), ("workspace", "T1")):
                for period in (day, month):
                    self._over[scope, key, period] += over

    def _written_off(self, job_id: str, attempt_id: str, old: str) -> None:
        """Only what is in doubt can turn out not to have arrived, or be said not to have."""
        if old != AttemptState.INTENT.value:
            self.against(Rule.LEGAL_MOVES, job_id, f"try {attempt_id} was {old}, and counts as never accepted")
        elif attempt_id in self.sworn_absent:
            self.agreed.add(attempt_id)

    def _tried_again(self, job_id: str) -> None:
        """One more attempt of a job, after those that nobody could find out about."""
        before = [each for each in self.jobs[job_id].attempts if each in self.unknown]
        self.risked.update(before)
        dear = [each for each in before if self.unknown[each] >= self.risk_below_usd_micros]
        if len(before) > 1 or dear:
            words = ", ".join(f"{each} at {_usd(self.unknown[each])}" for each in before)
            self.against(Rule.ONE_RISK, job_id, f"one more try after {words}, of which it is not known if they arrived")

    def _fits(self, scope: str, key: str, period: str, taken: int) -> None:
        for limit in self.limits:
            span = Span.DAY if len(period) == len("2026-11-16") else Span.MONTH
            if limit.scope.value != scope or limit.span is not span or limit.usd_micros is None:
                continue
            if taken > limit.usd_micros + self._over[scope, key, period]:
                self.against(Rule.BUDGET, "-", f"{scope} {key} in {period}: {_usd(taken)} of {_usd(limit.usd_micros)}")

    def _say(self, job_id: str, words: str) -> None:
        seen = self.jobs.get(job_id)
        self.history.tell(seen.subject if seen else "-", words)


def _at(stored: str | None) -> datetime | None:
    """As SQLite keeps it: UTC without saying so."""
    return None if stored is None else datetime.fromisoformat(stored).replace(tzinfo=UTC)


def _usd(usd_micros: int) -> str:
    return f"${usd_micros / 1_000_000:.2f}"
