"""The durable engine in little: a queue by person, recorded steps, replay after a death. What DBOS does for `workflow`.

`StoryLog` is the part on disk and outlives every process; `Engine` is the part in one process.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from bot.clock import Clock, woken
from bot.jobs.model import Job
from bot.jobs.ports import Announced
from bot.jobs.story import Checked, Settled, Steps, Submitted, Waited, story
from bot.jobs.workflow import story_id
from tests.simulator.life import Life

QUEUE_LOOK_S = 0.25
PEERS_LOOK_S = 5.0
IDLE_S = 3600.0
ADOPTS_AFTER_S = 30.0
"""A peer's stories are taken over when it has been dead for so long (design 4)."""

E = TypeVar("E", bound=StrEnum)


class StoryState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    BROKEN = "broken"
    """A step raised something that is no outcome."""


@dataclass(slots=True)
class Story:
    id: str
    partition: str
    state: StoryState = StoryState.WAITING
    home: Life | None = None
    """Who runs it, or ran it and died."""
    outcomes: list[tuple[str, str]] = field(default_factory=list)
    step: str = ""
    """The one that is running."""

    @property
    def job_id(self) -> str:
        return self.id.partition(".")[0]


@dataclass
class StoryLog:
    running_max: int
    stories: dict[str, Story] = field(default_factory=dict)
    waiting: list[Story] = field(default_factory=list)
    living: dict[str, Story] = field(default_factory=dict)
    """By story id, those that run; of a dead home too."""
    by_partition: Counter[str] = field(default_factory=Counter)
    engines: list[asyncio.Event] = field(default_factory=list)
    _open: list[tuple[str, str]] = field(default_factory=list)

    def enqueue(self, _session: Any, id_: str, partition: str) -> None:
        """`jobs.ports.Enqueue`: in force when the transaction around it commits."""
        self._open.append((id_, partition))

    def committed(self) -> None:
        for id_, partition in self._open:
            if id_ in self.stories:
                raise AssertionError(f"story {id_} was enqueued twice")
            made = self.stories[id_] = Story(id_, partition)
            self.waiting.append(made)
            self.stir()
        self._open.clear()

    def stir(self) -> None:
        """Something may be free to start: every engine looks."""
        for each in self.engines:
            each.set()

    def rolled_back(self) -> None:
        self._open.clear()

    def taken(self, home: Life) -> list[Story]:
        """Waiting stories for which their person has room, oldest first."""
        taken = []
        for each in list(self.waiting):
            if self.by_partition[each.partition] < self.running_max:
                self.waiting.remove(each)
                self.by_partition[each.partition] += 1
                self.living[each.id] = each
                each.state, each.home = StoryState.RUNNING, home
                taken.append(each)
        return taken

    def ended(self, each: Story, state: StoryState) -> None:
        each.state = state
        self.by_partition[each.partition] -= 1
        del self.living[each.id]
        if self.waiting:
            self.stir()

    def lost(self, jobs: Sequence[Job]) -> list[str]:
        """`sweep.LostStories`: neither waiting nor running."""
        alive = {StoryState.WAITING, StoryState.RUNNING}
        found = {job.id: self.stories.get(story_id(job.id, job.generation)) for job in jobs}
        return [job_id for job_id, each in found.items() if each is None or each.state not in alive]


class Engine:
    def __init__(
        self,
        *,
        log: StoryLog,
        steps: Steps,
        life: Life,
        clock: Clock,
        alone: bool,
        subject: Callable[[str], str],
        broke: Callable[[Story, Exception], None],
        stepping: Callable[[Story], None],
    ) -> None:
        self._log = log
        self._steps = steps
        self._life = life
        self._clock = clock
        self._alone = alone
        self._subject = subject
        self._broke = broke
        self._stepping = stepping

    async def run(self) -> None:
        stirred = asyncio.Event()
        self._log.engines.append(stirred)
        try:
            while True:
                self._adopt(asyncio.get_running_loop().time())
                for each in self._log.taken(self._life) if self._log.waiting else ():
                    self._start(each)
                if await woken(self._clock, stirred, within_s=IDLE_S if self._alone else PEERS_LOOK_S):
                    await self._clock.sleep(QUEUE_LOOK_S)
        finally:
            self._log.engines.remove(stirred)

    def _adopt(self, now_s: float) -> None:
        """Stories of the dead: at once where nobody else can be alive, else when it is sure."""
        for each in list(self._log.living.values()):
            if each.home is None or each.home.alive:
                continue
            if self._alone or now_s - each.home.ended_at_s >= ADOPTS_AFTER_S:
                each.home = self._life
                self._start(each)

    def _start(self, each: Story) -> None:
        self._life.spawn(self._tell(each), subject=self._subject(each.job_id))

    async def _tell(self, each: Story) -> None:
        try:
            await story(each.job_id, _Recorded(each, self._steps, self._life, self._stepping))
        except Exception as error:  # noqa: BLE001 - recorded as the workflow's error; the sweep begins a new one
            self._log.ended(each, StoryState.BROKEN)
            self._broke(each, error)
            return
        await self._life.moment("before the story's end is recorded")
        self._log.ended(each, StoryState.DONE)


class _Recorded:
    """`workflow._Recorded` on our log: an outcome that was recorded is never asked for again."""

    def __init__(self, each: Story, steps: Steps, life: Life, stepping: Callable[[Story], None]) -> None:
        self._story = each
        self._steps = steps
        self._life = life
        self._stepping = stepping
        self._replayed = 0

    async def announce(self, job_id: str) -> Announced:
        return Announced(await self._step("announce", self._steps.announce(job_id)))

    async def submit(self, job_id: str) -> Submitted:
        return Submitted(await self._step("submit", self._steps.submit(job_id)))

    async def later(self, job_id: str) -> None:
        await self._step("later", self._steps.later(job_id))

    async def check(self, job_id: str) -> Checked:
        return Checked(await self._step("check", self._steps.check(job_id)))

    async def wait(self, job_id: str) -> Waited:
        return Waited(await self._step("wait", self._steps.wait(job_id)))

    async def settle(self, job_id: str) -> Settled:
        return Settled(await self._step("settle", self._steps.settle(job_id)))

    async def deliver(self, job_id: str) -> None:
        await self._step("deliver", self._steps.deliver(job_id))

    async def tell(self, job_id: str) -> None:
        await self._step("tell", self._steps.tell(job_id))

    async def _step(self, name: str, work: Coroutine[Any, Any, object]) -> str:
        outcomes = self._story.outcomes
        if self._replayed < len(outcomes):
            work.close()
            recorded, outcome = outcomes[self._replayed]
            assert recorded == name, f"{self._story.id}: the story asks for {name} where {recorded} was recorded"
            self._replayed += 1
            return outcome
        self._story.step = name
        self._stepping(self._story)
        outcome = str(await work)
        await self._life.moment(f"before the outcome of {name} is recorded")
        outcomes.append((name, outcome))
        self._replayed += 1
        self._story.step = ""
        return outcome
