"""Tasks that belong to an `async with` block and end with it."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager


class Crew:
    """Starts tasks inside a TaskGroup and can send all of them home."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def send_home(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()


@asynccontextmanager
async def working_crew() -> AsyncIterator[Crew]:
    """A crew whose tasks are cancelled and awaited when the block ends.

    An error of the block comes out as it is: a bare TaskGroup would wrap it into an ExceptionGroup, and every
    failing assertion of a test inside the block with it.
    """
    error: BaseException | None = None
    async with asyncio.TaskGroup() as group:
        crew = Crew(group)
        try:
            yield crew
        except BaseException as raised:  # noqa: BLE001 - raised again below, unwrapped
            error = raised
        finally:
            crew.send_home()
    if error is not None:
        raise error
