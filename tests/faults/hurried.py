"""The bot as a child process, all as `sora-bot run` has it but the clock: what takes 90 s by it is over in a few.

What is measured on the wire (connecting, answers, Slack's three seconds) stays real. A fork server that has imported
the program once starts the children, so that a thousand of them do not spend their lives importing.
"""

import asyncio
import ctypes
import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from e2e.town import BriskClock

import bot
from bot import config
from bot.cli.run import serve
from bot.demo.bot_process import KEPT, PR_SET_PDEATHSIG
from bot.observing.confidential import Confidential
from bot.observing.pipeline import logging_to

STOP_S = 9.0
LOOK_S = 0.01


class HurriedBot:
    """A running bot; make it with `running`."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process

    @classmethod
    @asynccontextmanager
    async def running(cls, told: Mapping[str, str], *, clock: BriskClock, folder: Path) -> AsyncIterator["HurriedBot"]:
        """Begin; it need not be ready yet. At the end it is stopped politely, then not."""
        folder.mkdir(parents=True, exist_ok=True)
        process = _server().Process(target=_live, args=(dict(told), folder, clock))
        process.start()
        running = cls(process)
        try:
            yield running
        finally:
            await running._stop()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def code(self) -> int | None:
        """With which exit code it ended; None: it runs."""
        return self._process.exitcode

    async def gone(self, within_s: float) -> None:
        """Return when it has ended, however.

        Raises:
            TimeoutError: it is still there.
        """
        async with asyncio.timeout(within_s):
            while self.code is None:
                await asyncio.sleep(LOOK_S)

    def kill(self) -> None:
        self._process.kill()

    async def _stop(self) -> None:
        if self.code is None:
            self._process.terminate()
            try:
                await self.gone(STOP_S)
            except TimeoutError:
                self._process.kill()
                await self.gone(STOP_S)


def _server() -> multiprocessing.context.ForkServerContext:
    """It finds our modules by PYTHONPATH: what it is told of `sys.path` it does not use (Python 3.11)."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(map(str, (Path(bot.__file__).parents[1], Path(__file__).parents[1])))
    try:
        forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
    return context


def _live(told: dict[str, str], folder: Path, clock: BriskClock) -> None:
    """The child's whole life."""
    if sys.platform.startswith("linux"):  # the fork server ends with the test's process, and takes us along
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.setsid()
    os.chdir(folder)
    with (folder / "bot.log").open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    for name in os.environ.keys() - KEPT:
        del os.environ[name]
    os.environ.update(told)
    settings = config.load()
    confidential = Confidential.of(settings)
    with logging_to(sys.stderr, confidential=confidential, level=settings.log_level, dress=settings.log_format):
        try:
            asyncio.run(serve(settings, confidential, clock=clock))
        except Exception:
            logging.getLogger(__name__).exception("the bot has ended")
            raise
