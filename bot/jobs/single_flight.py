"""One look for everybody who asks the same while it is under way: twenty questions at once are not twenty answers."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class SingleFlight:
    """Nothing is kept: an answer is never older than the look that made it takes."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, asyncio.Future[Any]] = {}

    async def look(self, what: Hashable, work: Callable[[], Awaitable[T]]) -> T:
        """Join the look at `what`, or begin it. Its error is everybody's; if who began it is cancelled, another begins.

        The same `what` must always mean the same kind of answer, and the answer must not be changed: it is shared.
        """
        while (joined := self._under_way.get(what)) is not None:
            await asyncio.wait({joined})
            if not joined.cancelled():
                shared: T = joined.result()
                return shared
        begun = self._under_way[what] = asyncio.get_running_loop().create_future()
        try:
            answer = await work()
            begun.set_result(answer)
        except Exception as error:
            begun.set_exception(error)
            begun.exception()  # looked at, so that asyncio does not complain when nobody joined
            raise
        finally:
            del self._under_way[what]
            begun.cancel()  # does nothing to an answer
        return answer
