"""The one coroutine that a video's life follows.

It knows no clock, no randomness and no I/O: the durable engine replays it from recorded steps after a crash, and a
simulator can run the same lines on a virtual clock. Every step may run twice; the rows behind it make that harmless.
"""

from enum import StrEnum
from typing import Protocol, assert_never

from bot.jobs.surface import Announced


class Submitted(StrEnum):
    RENDERING = "rendering"
    CHECKING = "checking"
    LATER = "later"
    """Nothing was sent: no slot, or every service that could make it is out."""
    OVER = "over"
    """Nobody is left to ask, or the person stopped it."""


class Checked(StrEnum):
    FOUND = "found"
    ABSENT = "absent"
    """Proven: it never arrived. Free to go on."""
    OVER = "over"
    """Not found out, or stopped."""


class Waited(StrEnum):
    ENDED = "ended"
    """There is a video, or there will be none."""
    AGAIN = "again"
    """It failed in a way that deserves another try."""


class Settled(StrEnum):
    DELIVER = "deliver"
    QUIET = "quiet"
    """Ended the way its person wished; the card says all there is."""
    TELL = "tell"
    """Ended without a video."""


class Steps(Protocol):
    """What the story does. Each returns an outcome; domain errors never leave a step (they replay as another class)."""

    async def announce(self, job_id: str) -> Announced: ...

    async def submit(self, job_id: str) -> Submitted: ...

    async def later(self, job_id: str) -> None: ...

    async def check(self, job_id: str) -> Checked: ...

    async def wait(self, job_id: str) -> Waited: ...

    async def settle(self, job_id: str) -> Settled: ...

    async def deliver(self, job_id: str) -> None: ...

    async def tell(self, job_id: str) -> None: ...


async def story(job_id: str, steps: Steps) -> None:
    """Accepted to delivered, or to an end that somebody was told."""
    if await steps.announce(job_id) is not Announced.REFUSED:
        await _render(job_id, steps)
    match await steps.settle(job_id):
        case Settled.DELIVER:
            await steps.deliver(job_id)
        case Settled.TELL:
            await steps.tell(job_id)
        case Settled.QUIET:
            pass


async def _render(job_id: str, steps: Steps) -> None:
    """Try services in turn until one has made it or nobody is left. One submit at a time, never two in doubt."""
    while True:
        match await steps.submit(job_id):
            case Submitted.OVER:
                return
            case Submitted.LATER:
                await steps.later(job_id)
                continue
            case Submitted.CHECKING:
                match await steps.check(job_id):
                    case Checked.OVER:
                        return
                    case Checked.ABSENT:
                        continue
                    case Checked.FOUND:
                        pass
            case Submitted.RENDERING:
                pass
            case unknown:
                assert_never(unknown)
        if await steps.wait(job_id) is Waited.ENDED:
            return
