"""The bot as a child process, all as `sora-bot run` has it but, where wanted, the clock: 90 s by it are over in a few.

What is measured on the wire (connecting, answers, Slack's three seconds) stays real. A fork server that has imported
the program once starts the children, so that they do not spend their lives importing, which takes longer than the rest
of a start.
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

import bot
from bot import config
from bot.cli.run import serve
from bot.clock import Clock
from bot.demo.bot_process import KEPT, PR_SET_PDEATHSIG, BotDied
from bot.observing.confidential import Confidential
from bot.observing.pipeline import logging_to

STOP_S = 9.0
LOOK_S = 0.01
LAST_LINES = 15
LOG = "bot.log"


class ForkedBot:
    """A running bot; make it with `running`."""

    def __init__(self, process: ForkServerProcess, log: Path) -> None:
        self._process = process
        self._log = log

    @classmethod
    @asynccontextmanager
    async def running(cls, told: Mapping[str, str], *, clock: Clock, folder: Path) -> AsyncIterator["ForkedBot"]:
        """Begin; it need not be ready yet. At the end it is stopped politely, then not."""
        folder.mkdir(parents=True, exist_ok=True)
        process = _server().Process(target=_live, args=(dict(told), folder, clock))
        process.start()
        running = cls(process, folder / LOG)
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

    async def died(self) -> None:
        """Return never.

        Raises:
            BotDied: it is over.
        """
        while self.code is None:
            await asyncio.sleep(LOOK_S)
        lines = self._log.read_text(errors="replace").splitlines()[-LAST_LINES:]
        raise BotDied("\n".join([f"The bot ended with code {self.code}. Its last words ({self._log}):", *lines]))

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


def _live(told: dict[str, str], folder: Path, clock: Clock) -> None:
    """The child's whole life."""
    if sys.platform.startswith("linux"):  # the fork server ends with the test's process, and takes us along
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.setsid()
    os.chdir(folder)
    with (folder / LOG).open("ab") as log:
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
