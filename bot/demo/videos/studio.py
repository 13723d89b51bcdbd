"""Makes the MP4s, each in a process of its own, and keeps them by what was asked.

A process, because encoding would hold the event loop's interpreter lock for seconds; one for each film and not a pool,
because then it can be ended at any moment and never outlives a killed parent.
"""

import asyncio
import base64
import hashlib
import json
import logging
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

import bot
from bot.demo.videos.job import Asked

LABEL: Final = "Local video service · demo render"
FILMS_AT_ONCE: Final = 1
_IMPORT_ROOT: Final = Path(bot.__file__).parent.parent
_WORKER: Final = "bot.demo.videos.studio_worker"

_log = logging.getLogger(__name__)


class StudioError(Exception):
    """The worker ended without a film; the message is the end of what it wrote to stderr."""


class Films(Protocol):
    """Where a render's film comes from."""

    async def film(self, asked: Asked) -> Path: ...


class Studio:
    """Films of `Asked` values in one folder. Several services, and processes, may share the folder."""

    def __init__(
        self, folder: Path, *, label: str = LABEL, worker: Sequence[str] = (sys.executable, "-m", _WORKER)
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._label = label
        self._worker = tuple(worker)
        self._free = asyncio.Semaphore(FILMS_AT_ONCE)
        self._in_work: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def film(self, asked: Asked) -> Path:
        """The film of this order: made now, or long ago for the same order.

        Raises:
            StudioError: the worker could not make it.
        """
        name = _name(asked, self._label)
        path = self._folder / f"{name}.mp4"
        async with self._in_work[name], self._free:
            if not path.exists():
                await self._make(asked, path)
        return path

    async def _make(self, asked: Asked, path: Path) -> None:
        order = {
            "prompt": asked.prompt,
            "length_s": asked.length_s,
            "size_px": asked.size_px,
            "picture": None if asked.picture is None else base64.b64encode(asked.picture).decode(),
            "label": self._label,
            "path": str(path),
        }
        try:
            process = await asyncio.create_subprocess_exec(
                *self._worker,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                cwd=_IMPORT_ROOT,
            )
        except OSError as error:
            raise StudioError(f"no worker could be started: {error}") from error
        try:
            _, complaint = await process.communicate(json.dumps(order).encode())
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0 or not path.exists():
            tail = complaint.decode(errors="replace")[-500:]
            _log.error("the studio could not make a film: %s", tail)
            raise StudioError(tail)


class OneFilm:
    """The same film for every order: for tests that count orders and do not look at pictures."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def film(self, asked: Asked) -> Path:  # noqa: ARG002 - whatever was asked
        return self._path


def _name(asked: Asked, label: str) -> str:
    parts = [label, asked.prompt, str(asked.length_s), asked.size]
    digest = hashlib.sha256("\0".join(parts).encode())
    digest.update(b"\0" + (asked.picture or b""))
    return digest.hexdigest()[:32]
