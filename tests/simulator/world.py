"""One history from its first order to its verdict: the town, its processes and their deaths, and how it ends."""

import asyncio
import contextlib
import itertools
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.jobs.book import BookAway
from bot.media.spool import Spool
from bot.quota.limits import Limit, ScopeKind
from bot.quota.periods import Span
from bot.slack.admin_ports import AdminChoices
from bot.store.admin_settings import StoredAdmins
from tests.simulator.adapter import GENUINE
from tests.simulator.dial import Dial, Fault, Occurrence
from tests.simulator.fleet import RATES as FLEET_RATES
from tests.simulator.fleet import fleet_services
from tests.simulator.ground import Ground
from tests.simulator.history import EVERYBODY, History
from tests.simulator.judge import Judge, Rule, Violation
from tests.simulator.life import Life
from tests.simulator.market import town_services
from tests.simulator.notice_watch import PLACES
from tests.simulator.people import DAY_S, People, Plan, T, plans
from tests.simulator.process import ADMINS, RULES, TEAM, Ports, Process, Surroundings
from tests.simulator.services import Render, Service
from tests.simulator.slack_town import Message, SlackTown
from tests.simulator.story_log import StoryLog
from tests.simulator.verdict import final_verdict
from tests.simulator.virtual_loop import START, VirtualClock, VirtualLoop
from tests.simulator.weather import Trouble

LIMITS = (
    Limit(scope=ScopeKind.PERSON, span=Span.DAY, usd_micros=5_000_000),
    Limit(scope=ScopeKind.WORKSPACE, span=Span.DAY, usd_micros=400_000_000),
    Limit(scope=ScopeKind.SLACK_CHANNEL, span=Span.DAY, usd_micros=60_000_000),
)
FLEET_LIMITS = (
    Limit(scope=ScopeKind.PERSON, span=Span.DAY, usd_micros=15_000_000),
    Limit(scope=ScopeKind.WORKSPACE, span=Span.DAY, usd_micros=150_000_000),
    Limit(scope=ScopeKind.SLACK_CHANNEL, span=Span.DAY, usd_micros=60_000_000),
)
DRAIN_S = 4 * DAY_S
"""After the last order everything has so long to end: a doubt, and after it a wait for a service, a day each."""
SHOWN_S = 600.0
"""Cards and deliveries go on for so long after the last job has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Everything that decides a history."""

    seed: int
    jobs: int
    days: float
    replicas: int = 1
    chaos: float = 1.0
    risk_below_usd_micros: int = 0
    """Cheaper submits that nobody can ask about are sent once more (SORA_RETRY_UNKNOWN_BELOW_USD)."""
    without: frozenset[Fault] = frozenset()
    often: Mapping[Fault, float] = field(default_factory=dict)
    """Rates of faults that this history is about, in place of the usual ones; `chaos` does not multiply them."""
    muted: frozenset[Occurrence] = frozenset()
    fleet: bool = False
    """Four services with a month of real incidents, in place of five that mostly work."""
    trouble: float = 1.0
    """Of a fleet: multiplies how often incidents come."""
    only: frozenset[int] | None = None
    """Orders that are asked for; None: all."""


@dataclass(kw_only=True, repr=False)
class Outcome:
    """Without a repr: where SIGINT is caught, Python 3.11's Runner has its task and the task's result written out, and
    throws that away. A month's history took many minutes and all the memory there was."""

    setup: Setup
    violations: list[Violation]
    history: History
    injected: list[Occurrence]
    figures: Mapping[str, object]
    ends: Counter[str]
    answers: Mapping[str, int]
    alarms: Counter[str]
    judge: Judge
    charges: Mapping[str, int]
    """By render, what was paid for it in the end, in micro-dollars."""


Daily = Callable[[int, int], None]
"""(days that have passed, jobs so far)"""


def run(setup: Setup, ports: Ports | None = None, daily: Daily = lambda _day, _jobs: None) -> Outcome:
    """Play one history to its end, or to its first violation."""
    with (
        tempfile.TemporaryDirectory() as folder,
        asyncio.Runner(loop_factory=VirtualLoop) as runner,
        ThreadPoolExecutor(1) as threads,
    ):
        return runner.run(World(setup, ports or Ports(), Path(folder), threads, daily).history())


def opened_dial(setup: Setup) -> Dial:
    often = {**FLEET_RATES, **setup.often} if setup.fleet else setup.often
    return Dial(setup.seed, setup.without, setup.muted, setup.chaos, often)


def services_of(setup: Setup, clock: VirtualClock, dial: Dial) -> list[Service]:
    if setup.fleet:
        return fleet_services(clock, dial, days=setup.days, trouble=setup.trouble)
    return town_services(clock, dial)


def plans_of(setup: Setup, dial: Dial, services: list[Service]) -> list[Plan]:
    return plans(dial, jobs=setup.jobs, days=setup.days, services=services, is_fleet=setup.fleet)


class World:
    def __init__(self, setup: Setup, ports: Ports, folder: Path, threads: ThreadPoolExecutor, daily: Daily) -> None:
        self._setup = setup
        self._daily = daily
        self._clock = clock = VirtualClock()
        self.dial = dial = opened_dial(setup)
        limits = FLEET_LIMITS if setup.fleet else LIMITS
        self.services = services_of(setup, clock, dial)
        self.told = History(clock)
        self.judge = judge = Judge(
            self.told,
            limits,
            {each.name: each for each in self.services},
            setup.risk_below_usd_micros,
            is_fleet=setup.fleet,
        )
        self.stories = StoryLog(RULES.running_max)
        self.ground = Ground(self.stories, judge.told)
        self.slack = SlackTown(dial)
        film = folder / "film.mp4"
        film.write_bytes(b"film" * 16)
        self._around = Surroundings(
            clock=clock,
            dial=dial,
            ground=self.ground,
            stories=self.stories,
            services=self.services,
            slack=self.slack,
            limits=limits,
            spool=Spool(folder / "spool", threads=threads),
            film=film,
            threads=threads,
            ports=ports,
            alone=setup.replicas == 1,
            risk_below_usd_micros=setup.risk_below_usd_micros,
            tells=setup.fleet,
        )
        self.people = People(town=self, dial=dial, judge=judge, slack=self.slack, services=self.services)
        self.alarms: Counter[str] = Counter()
        self.told_people: list[Message] = []
        """Messages that are words to a person, not cards."""
        self.lives: Counter[str] = Counter()
        self._up: list[Process] = []
        self._doings: dict[asyncio.Task[Any], None] = {}
        self._connect()

    async def history(self) -> Outcome:
        """Orders come and go; then nothing fails any more, what is open ends, and the verdict is spoken."""
        asked = plans_of(self._setup, self.dial, self.services)
        only = self._setup.only
        orders = [each for each in asked if only is None or each.number in only]
        self._plan_outages()
        if self._setup.fleet:
            await self._choose_places()
        watches = []
        for service in self.services:
            for trouble in service.troubles:
                watches.append(asyncio.ensure_future(self.judge.outs.watch(service, trouble)))
        days = asyncio.ensure_future(self._count_days())
        supervisors = [asyncio.ensure_future(self._supervise(f"bot{n + 1}")) for n in range(self._setup.replicas)]
        try:
            ordering = [asyncio.ensure_future(self.people.order(each)) for each in orders]
            await self._or_stopped(asyncio.gather(*ordering))
            self.dial.calm = True
            await self._or_stopped(self._drained())
            if not self.judge.violations:
                final_verdict(self)
        finally:
            for each in [days, *watches, *supervisors, *self._doings]:
                each.cancel()
            for process in list(self._up):
                process.life.end("the end of the history")
            await asyncio.gather(*watches, *supervisors, *self._doings, return_exceptions=True)
            self.ground.close()
        return self._outcome()

    async def do(self, work: Callable[[Process], Coroutine[Any, Any, T]], *, subject: str) -> T | None:
        while not self._up:
            await asyncio.sleep(5)
        process = self._up[int(self.dial.chance("which replica", subject) * len(self._up))]
        doing = process.life.spawn(work(process), subject=subject)
        await asyncio.wait([doing])
        if doing.cancelled():
            return None
        error = doing.exception()
        if isinstance(error, BookAway):
            return None
        return doing.result()

    def begin(self, work: Coroutine[Any, Any, object]) -> None:
        doing = asyncio.ensure_future(work)
        self._doings[doing] = None
        doing.add_done_callback(self._finished)

    def _finished(self, doing: "asyncio.Task[Any]") -> None:
        self._doings.pop(doing, None)
        if not doing.cancelled() and (error := doing.exception()) is not None:
            asyncio.get_running_loop().call_exception_handler({"message": "a person broke", "exception": error})

    def _connect(self) -> None:
        judge, people, around = self.judge, self.people, self._around

        def began(job: Any) -> None:
            around.subject_of_job[job.id] = job.subject
            people.began(job)

        def posted(message: Message) -> None:
            judge.posted(message)
            if not message.text.startswith("card "):
                self.told_people.append(message)
            people.reads(message)

        def accepted(service: Service, render: Render) -> None:
            judge.accepted(service, render)
            self.begin(service.call_back(render, self._webhook))

        judge.began, judge.ended, judge.overdue, judge.questioned = (
            began,
            people.ended,
            people.overdue,
            people.questioned,
        )
        self.slack.posted, self.slack.shared = posted, judge.shared
        around.broke = judge.broke
        around.stepping = lambda story: judge.stepping(story, list(self.stories.living.values()))
        around.alarmed = self._alarmed
        for each in self.services:
            each.accepted, each.asked, each.answered = accepted, judge.asked, judge.answered
            each.checked = judge.outs.checked

    async def _webhook(self, service: Service, render: Render, event_id: str) -> bool:
        if not self._up:
            return False
        token = str(render.request.webhook_url).rpartition("/")[2]
        headers = {**GENUINE, "id": event_id}
        heard = await self.do(
            lambda bot: bot.webhooks.hear(service.name, token, headers, render.id.encode()), subject=render.subject
        )
        return heard is not None

    def _alarmed(self, name: str, facts: Mapping[str, object]) -> None:
        self.alarms[name] += 1
        job = self.judge.jobs.get(str(facts.get("job")))
        self.told.tell(job.subject if job else EVERYBODY, f"alarm {name}")

    async def _supervise(self, name: str) -> None:
        """Start the process, and start it again some seconds after each death."""
        while True:
            self.lives[name] += 1
            died = asyncio.Event()
            life = Life(f"{name}.{self.lives[name]}", self.dial, self._died(died))
            try:
                process = Process(self._around, life)
            except Exception as error:
                self.judge.against(Rule.NO_SURPRISE, "-", f"no process can be put together: {error!r}")
                raise
            self._up.append(process)
            starting = life.spawn(process.run(), subject=life.name)
            starting.add_done_callback(lambda done, life=life: _start_failed(done, life))
            await died.wait()
            await life.buried()
            await asyncio.sleep(self.dial.dice("down for", name).choice((1.0, 5.0, 40.0, 300.0)))

    def _died(self, died: asyncio.Event) -> Callable[[Life, str], None]:
        def told(life: Life, where: str) -> None:
            self._up = [each for each in self._up if each.life is not life]
            self.judge.disturbed()
            self.told.tell(life.name, f"dies {where}")
            self.stories.stir()
            died.set()

        return told

    async def _count_days(self) -> None:
        for day in itertools.count(1):
            await asyncio.sleep(DAY_S)
            self._daily(day, len(self.judge.jobs))

    async def _choose_places(self) -> None:
        admins = StoredAdmins(self.ground, by_configuration=ADMINS)
        await admins.save(TEAM, ADMINS[0], AdminChoices(channels=PLACES), was_version=0, now=self._clock.now())

    def _plan_outages(self) -> None:
        for service in self.services:
            for day in range(int(self._setup.days) + 1):
                if self.dial.hits(Fault.OUTAGE, f"{service.name}-{day}"):
                    dice = self.dial.dice("outage", f"{service.name}-{day}")
                    begin = START + timedelta(days=day + dice.random())
                    lasts = timedelta(seconds=dice.lognormvariate(6.5, 1.2))
                    service.troubles.append(Trouble(begin, begin + lasts))

    async def _drained(self) -> None:
        """Nothing fails any more. Everything that is open ends, or the time is up."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + DRAIN_S
        while loop.time() < until_s:
            await asyncio.sleep(SHOWN_S)
            if not self.stories.waiting and not self.stories.living and not self._doings:
                await asyncio.sleep(SHOWN_S)
                return

    async def _or_stopped(self, work: Any) -> None:
        working, stopped = asyncio.ensure_future(work), asyncio.ensure_future(self.judge.stopped.wait())
        try:
            await asyncio.wait([working, stopped], return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                await working
        finally:
            stopped.cancel()
            working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await working

    def _outcome(self) -> Outcome:
        judge = self.judge
        renders = [each for found in judge.renders.values() for each in found]
        charged = sum(service.charged_usd_micros(render) for service, render in renders)
        return Outcome(
            setup=self._setup,
            violations=judge.violations,
            history=self.told,
            injected=self.dial.injected,
            figures={
                "jobs": len(judge.jobs),
                "renders": len(renders),
                "restarts": sum(self.lives.values()) - self._setup.replicas,
                "services charged": f"${charged / 1e6:,.2f}",
                "sent at a risk": len(judge.risked),
                "notices": len(judge.notices.messages),
                "files": sum(len(each) for each in judge.files.values()),
            },
            ends=Counter(f"{each.state} {each.failure or ''}".strip() for each in judge.jobs.values()),
            answers=self.people.answers,
            alarms=self.alarms,
            judge=judge,
            charges={render.id: service.charged_usd_micros(render) for service, render in renders},
        )


def _start_failed(done: "asyncio.Task[None]", life: Life) -> None:
    if not done.cancelled() and done.exception() is not None:
        life.end(f"at its start: {type(done.exception()).__name__}")
