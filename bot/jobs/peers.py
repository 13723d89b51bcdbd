"""Several processes on one database: each says that it lives, and takes over the stories of those that do not.

A process that cannot say so for a while ends itself before others take it for dead: what it might still do would be
done twice. That is a courtesy and no safeguard, because a stopped process notices nothing; the safeguard is the claim
that every effect commits before it happens (this room's README).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from bot.clock import Clock
from bot.jobs.book import BookAway
from bot.jobs.ports import Alarm

_log = logging.getLogger(__name__)

TakeOver = Callable[[Sequence[str]], Awaitable[int]]
"""Begin the pending stories of these dead processes again; returns how many."""


class FencedError(Exception):
    """We may be taken for dead. Only a new process, under a new name, goes on; the supervisor starts one."""


class PeerBook(Protocol):
    """Who lives, by the database's clock, which is the same for all; implemented by `store`."""

    async def beat(self, me: str) -> None: ...

    async def dead(self, *, silent_s: float) -> frozenset[str]:
        """Processes that left stories behind and have not been heard of for so long, or never."""

    async def leave(self, *names: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Beats:
    """In seconds. There must be room between the last two for an orderly end."""

    beat_s: float = 5.0
    fence_after_s: float = 20.0
    recover_after_s: float = 30.0

    def __post_init__(self) -> None:
        if not 0 < self.beat_s < self.fence_after_s < self.recover_after_s:
            raise ValueError("a process must beat before it is fenced, and be fenced before it is recovered")


class Peers:
    """`me` is new with every start."""

    def __init__(
        self, me: str, *, book: PeerBook, take_over: TakeOver, clock: Clock, alarm: Alarm, beats: Beats
    ) -> None:
        self._me = me
        self._book = book
        self._take_over = take_over
        self._clock = clock
        self._alarm = alarm
        self._beats = beats
        self._beaten_at = clock.now()

    async def join(self) -> None:
        """Before the first story: what we begin must not look like a dead one's.

        Raises:
            BookAway: the database does not answer.
        """
        self._beaten_at = self._clock.now()
        await self._book.beat(self._me)
        _log.info("the other processes on this database know this one as %s", self._me)

    async def leave(self) -> None:
        """After the last: whoever beats next takes over at once what we left behind."""
        try:
            await self._book.leave(self._me)
        except BookAway:
            _log.warning("others will take over what is left here once we have been silent for long enough")

    async def run(self) -> None:
        """Raises FencedError. Only beats: whatever else could keep it waiting would keep it from the fence."""
        while True:
            await self._clock.sleep(self._beats.beat_s)
            await self.beat()

    async def inherit(self) -> None:
        """While our engine runs: it takes over what the dead leave."""
        while True:
            await self._clock.sleep(self._beats.beat_s)
            await self.look_after_the_dead()

    async def beat(self) -> None:
        """Raises FencedError."""
        try:
            # Before the beat: who was stopped for long must not appear to live again.
            self._check_fence()
            begun_at = self._clock.now()
            async with asyncio.timeout(self._beats.beat_s):
                await self._book.beat(self._me)
            self._beaten_at = begun_at
        except (BookAway, TimeoutError):
            _log.warning("the database did not take our heartbeat; %s", self.problem())
            self._check_fence()

    async def look_after_the_dead(self) -> None:
        """Who cannot beat is in no state to take over anything."""
        if self.problem():
            return
        try:
            async with asyncio.timeout(self._beats.fence_after_s):
                dead = sorted(await self._book.dead(silent_s=self._beats.recover_after_s))
            if dead:
                taken = await self._take_over(dead)
                await self._alarm("peer_lost", {"peers": ",".join(dead), "stories": taken})
        except (BookAway, TimeoutError):
            _log.warning("no answer from the database: who is dead is asked again")

    def problem(self) -> str:
        """Empty: all is well. Else what is wrong, for the readiness of this process."""
        silent_s = self._silent_s()
        return f"no heartbeat for {silent_s:.0f} s" if silent_s > 2 * self._beats.beat_s else ""

    def _check_fence(self) -> None:
        if self._silent_s() >= self._beats.fence_after_s:
            raise FencedError(f"no heartbeat for {self._silent_s():.0f} s: others may take our place")

    def _silent_s(self) -> float:
        return (self._clock.now() - self._beaten_at) / timedelta(seconds=1)
