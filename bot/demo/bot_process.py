"""The bot as a process of its own, as anybody would run it: told by its environment alone."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import bot

KEPT: Final = frozenset(
    {"PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TEMP", "TMP", "TZ", "SYSTEMROOT", "VIRTUAL_ENV"}
)
"""All that the child inherits. Tokens, keys and proxies of whoever tries the demo are none of its business."""
LAST_LINES: Final = 15
STOP_S: Final = 4.0
PR_SET_PDEATHSIG: Final = 1


class BotDied(Exception):
    """The bot ended by itself; the words end with the last lines of its log."""


class BotProcess:
    """A running bot; make it with `running`."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log

    @classmethod
    @asynccontextmanager
    async def running(
        cls, told: Mapping[str, str], *, inherited: Mapping[str, str], folder: Path
    ) -> AsyncIterator["BotProcess"]:
        """Start `python -m bot run` in `folder`, where no `.env` and no `sora.toml` of anybody's lies.

        Args:
            told: its settings.
            inherited: this process's environment, of which it gets what every program needs.
        """
        environment = {name: value for name, value in inherited.items() if name in KEPT} | dict(told)
        environment |= {"PYTHONPATH": str(Path(bot.__file__).parents[1]), "PYTHONUNBUFFERED": "1"}
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / "bot.log"
        with log.open("wb") as written:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "run",
                cwd=folder, env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=written, stderr=written,
                start_new_session=True, preexec_fn=_dies_with_us(os.getpid()),
            )  # fmt: skip
        running = cls(process, log)
        try:
            yield running
        finally:
            await running.stop()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def code(self) -> int | None:
        """With which exit code it ended; None: it runs."""
        return self._process.returncode

    async def gone(self, within_s: float) -> None:
        """Return when it has ended, however.

        Raises:
            TimeoutError: it is still there.
        """
        await asyncio.wait_for(self._process.wait(), within_s)

    async def died(self) -> None:
        """Return never.

        Raises:
            BotDied: it is over.
        """
        code = await self._process.wait()
        lines = self._log.read_text(errors="replace").splitlines()[-LAST_LINES:]
        raise BotDied("\n".join([f"The bot ended with code {code}. Its last words ({self._log}):", *lines]))

    async def stop(self) -> None:
        """Politely, then not."""
        if self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()


def _dies_with_us(parent: int) -> Callable[[], None] | None:
    """Linux ends the child when its parent dies, however it dies; elsewhere only an orderly end takes it along."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)

    def prepare() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return prepare
