"""The durable engine in little: a queue by person, recorded steps, replay after a death. What DBOS does for `workflow`.

`story_log.py` is the part on disk, which outlives every process; here is the part in one process.
"""

import asyncio
from collections.abc import Awaitable, Callable

from bot.clock import Clock, woken
from bot.jobs.book import BookAway
from bot.jobs.story import Checked, Settled, Steps, Submitted, Waited, story
from bot.jobs.surface import Announced
from tests.simulator.life import Life
from tests.simulator.story_log import Story, StoryLog, StoryState

QUEUE_LOOK_S = 0.25
PEERS_LOOK_S = 5.0
IDLE_S = 3600.0
AWAY_PAUSE_S = 2.0
ADOPTS_AFTER_S = 30.0
"""A peer's stories are taken over when it has been dead for so long (design 4)."""


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
        return Announced(await self._step(self._steps.announce, job_id))

    async def submit(self, job_id: str) -> Submitted:
        return Submitted(await self._step(self._steps.submit, job_id))

    async def later(self, job_id: str) -> None:
        await self._step(self._steps.later, job_id)

    async def check(self, job_id: str) -> Checked:
        return Checked(await self._step(self._steps.check, job_id))

    async def wait(self, job_id: str) -> Waited:
        return Waited(await self._step(self._steps.wait, job_id))

    async def settle(self, job_id: str) -> Settled:
        return Settled(await self._step(self._steps.settle, job_id))

    async def deliver(self, job_id: str) -> None:
        await self._step(self._steps.deliver, job_id)

    async def tell(self, job_id: str) -> None:
        await self._step(self._steps.tell, job_id)

    async def _step(self, step: Callable[[str], Awaitable[object]], job_id: str) -> str:
        outcomes, name = self._story.outcomes, step.__name__
        if self._replayed < len(outcomes):
            recorded, outcome = outcomes[self._replayed]
            assert recorded == name, f"{self._story.id}: the story asks for {name} where {recorded} was recorded"
        else:
            self._story.step = name
            self._stepping(self._story)
            outcome = await self._taken(step, job_id)
            await self._life.moment(f"before the outcome of {name} is recorded")
            outcomes.append((name, outcome))
            self._story.step = ""
        self._replayed += 1
        return outcome

    async def _taken(self, step: Callable[[str], Awaitable[object]], job_id: str) -> str:
        """`workflow._step`: while the database gives no answer, the step is repeated."""
        while True:
            try:
                return str(await step(job_id))
            except BookAway:
                await asyncio.sleep(AWAY_PAUSE_S)
