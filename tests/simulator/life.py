"""One life of one process: its tasks, the moments at which it may die, and dying."""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from typing import Any

from sqlalchemy.orm import Session

from bot.store.engine import Store, T
from tests.simulator.dial import Dial, Fault
from tests.simulator.ground import Ground
from tests.simulator.services import SUBJECT

BUSY_SHARE = 0.1
"""So many transactions find the database busy and take a little, which is when others come in between."""


class Life:
    def __init__(self, name: str, dial: Dial, died: Callable[["Life", str], None]) -> None:
        self.name = name
        self.alive = True
        self.ended_at_s = 0.0
        self._dial = dial
        self._died = died
        self._tasks: dict[asyncio.Task[Any], None] = {}

    async def moment(self, where: str) -> None:
        """An await of this process: here it may be killed, and after that nothing of it runs any further."""
        self.go_on()
        if self._dial.hits(Fault.KILL, SUBJECT.get()):
            self.end(where)
        self.go_on()

    def end(self, where: str) -> None:
        """Die now. Whoever is in the middle of something stops there; no clean-up of theirs reaches anything."""
        if not self.alive:
            return
        self.alive, self.ended_at_s = False, asyncio.get_running_loop().time()
        self._died(self, where)
        for task in list(self._tasks):
            task.cancel()

    def spawn(self, work: Coroutine[Any, Any, T], *, subject: str) -> "asyncio.Task[T]":
        context = copy_context()
        context.run(SUBJECT.set, subject)
        task = asyncio.get_running_loop().create_task(work, context=context)
        self._tasks[task] = None
        task.add_done_callback(lambda done: self._tasks.pop(done, None))
        return task

    async def buried(self) -> None:
        """Return when no task of it is left."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def go_on(self) -> None:
        """Raises where nothing may go on: the process is dead."""
        if not self.alive:
            raise asyncio.CancelledError


class MortalStore(Store):
    """The real store, in which a process may die before a commit and after it."""

    def __init__(self, real: Ground, life: Life, dial: Dial) -> None:
        self.engine = real.engine
        self._real = real
        self._life = life
        self._dial = dial

    async def in_writer(self, work: Callable[[], T]) -> T:
        subject = SUBJECT.get()
        await self._life.moment("before a commit")
        if self._dial.chance("busy", subject) < BUSY_SHARE:
            await asyncio.sleep(0.2 * self._dial.chance("busy for", subject))
            await self._life.moment("before a commit")
        if self._dial.hits(Fault.DATABASE_LOCKED, subject):
            self._real.is_locked = True
        result = await self._real.in_writer(work)
        await self._life.moment("after a commit")
        return result

    def transact(self, work: Callable[[Session], T]) -> T:
        return self._real.transact(work)

    async def read(self, work: Callable[[Session], T]) -> T:
        self._life.go_on()
        return await self._real.read(work)

    def close(self) -> None:
        """The database outlives its processes."""
