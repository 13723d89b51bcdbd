"""A cache of finished videos and of pictures waiting to be sent, on disk.

    <spool>/<picture>.picture
    <spool>/<xx>/<job>.<sha-256>.mp4      xx: of 256 folders the job's, so that finding it reads a short one

A video can be fetched again, so the cache needs no database. A file is renamed into its place when whole: what a kill
leaves behind is only a `.part`, swept at the next start. Blocking work runs in threads of its own, because the durable
engine replaces the loop's default executor by a small pool that may be stuck.
"""

import asyncio
import errno
import os
import re
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

from bot.media.part import PART, Part, sweep

T = TypeVar("T")
WRITE_BYTES = 1 << 20
OUR_IDS = re.compile(r"[A-Za-z0-9_-]{1,80}")
PICTURE = ".picture"
SHA256_DIGITS = 64
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class SpoolError(Exception):
    """A file could not be kept; nothing of it is left."""


class SpoolFull(SpoolError):
    """The disk (or our share of it) is full: an operator's matter, worth another try later."""


class TooLarge(SpoolError):
    """More bytes than the caller allows."""


class Truncated(SpoolError):
    """Fewer bytes than were announced: the connection ended early; fetch again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpooledFile:
    path: Path
    sha256: str
    bytes: int


class Spool:
    """Files by job, in one directory of ours. Several replicas may share it; the last whole copy of a job wins."""

    def __init__(self, directory: Path, *, threads: Executor | None = None) -> None:
        """Create the directory (readable by us alone) and sweep what a killed process left half-written.

        `threads` runs the file work; without it the spool has two of its own, which `close` ends.
        """
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._directory = directory
        self._own_threads = ThreadPoolExecutor(2, thread_name_prefix="spool")  # starts none until used
        self._threads = threads or self._own_threads
        sweep(directory.glob(f"*{PART}"))
        # An earlier version kept videos in the directory itself. They are found until they are cleaned away.
        self._older = frozenset(each.name.partition(".")[0] for each in directory.glob("*.mp4"))

    def close(self) -> None:
        self._own_threads.shutdown(wait=True, cancel_futures=True)

    async def keep(
        self, job_id: str, chunks: AsyncIterator[bytes], *, expected_length: int | None, bytes_max: int
    ) -> SpooledFile:
        """Write a download to disk in constant memory. Repeatable: a job's newer file replaces the older.

        Raises:
            SpoolFull, TooLarge, Truncated: nothing is left behind; whatever `chunks` raises passes through, likewise.
        """
        stem = _safe(job_id)
        if expected_length is not None and expected_length > bytes_max:
            raise TooLarge(f"{expected_length:,} bytes are announced, {bytes_max:,} are allowed")
        part, count = Part(self._directory, stem), 0
        try:
            waiting: list[bytes] = []
            waiting_bytes = 0
            async for chunk in chunks:
                count += len(chunk)
                if count > bytes_max:
                    raise TooLarge(f"more than the allowed {bytes_max:,} bytes came")
                waiting.append(chunk)
                waiting_bytes += len(chunk)
                if waiting_bytes >= WRITE_BYTES:
                    await self._do(part.write, waiting)
                    waiting, waiting_bytes = [], 0
            await self._do(part.write, waiting)
            if expected_length is not None and count != expected_length:
                raise Truncated(f"{count:,} of {expected_length:,} bytes came")
            return await self._do(self._settle, part, stem, count)
        finally:
            part.discard()

    async def find(self, job_id: str) -> SpooledFile | None:
        """The job's file, if it is still here. The name carries the hash: a size is read, not the bytes."""
        return await self._do(self._found, _safe(job_id))

    async def drop(self, job_id: str) -> None:
        """Forget a job's files, copies made beside them too. Repeatable."""
        await self._do(self._removed, _safe(job_id))

    async def keep_picture(self, picture_id: str, content: bytes) -> Path:
        """Keep an order's fitted picture until its job needs it. Repeatable."""
        return await self._do(self._write_picture, _safe(picture_id), content)

    async def picture(self, picture_id: str) -> bytes | None:
        return await self._do(_read_or_none, self._directory / f"{_safe(picture_id)}{PICTURE}")

    async def clean(self, older_than: datetime) -> int:
        """Drop what was last written before that moment, pictures too; returns how many bytes that freed."""
        return await self._do(self._cleaned, older_than.timestamp())

    async def _do(self, work: Callable[..., T], *args: object) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *args)
        except OSError as error:
            if error.errno in FULL:
                raise SpoolFull(f"no room left in {self._directory}") from error
            raise

    def _settle(self, part: "Part", stem: str, count: int) -> SpooledFile:
        """Put a whole file in its place, then drop the job's other versions; in this order one is always there."""
        sha256 = part.sha256
        target = self._folder(stem) / f"{stem}.{sha256}.mp4"
        target.parent.mkdir(exist_ok=True, mode=0o700)
        part.rename(target)
        for other in self._beside(stem, "mp4"):
            if other.parent != target.parent or not other.name.startswith(f"{stem}.{sha256}"):
                other.unlink(missing_ok=True)
        return SpooledFile(path=target, sha256=sha256, bytes=count)

    def _found(self, stem: str) -> SpooledFile | None:
        for path in self._beside(stem, "mp4"):
            sha256 = path.name.removeprefix(f"{stem}.").removesuffix(".mp4")
            if len(sha256) == SHA256_DIGITS:
                return SpooledFile(path=path, sha256=sha256, bytes=path.stat().st_size)
        return None

    def _removed(self, stem: str) -> None:
        for path in self._beside(stem, "*"):
            if path.suffix != PART:
                path.unlink(missing_ok=True)

    def _folder(self, stem: str) -> Path:
        return self._directory / blake2b(stem.encode(), digest_size=1).hexdigest()

    def _beside(self, stem: str, suffix: str) -> Iterator[Path]:
        """Everything of a job: its videos, and the copies made from them."""
        folders = (self._folder(stem), self._directory) if stem in self._older else (self._folder(stem),)
        return (path for folder in folders for path in list(folder.glob(f"{stem}.*.{suffix}")))

    def _write_picture(self, picture_id: str, content: bytes) -> Path:
        part, target = Part(self._directory, picture_id), self._directory / f"{picture_id}{PICTURE}"
        try:
            part.write([content])
            part.rename(target)
        finally:
            part.discard()
        return target

    def _cleaned(self, before: float) -> int:
        freed = 0
        folders = [self._directory, *(each for each in self._directory.iterdir() if each.is_dir())]
        for entry in (entry for folder in folders for entry in os.scandir(folder)):
            try:
                facts = entry.stat(follow_symlinks=False)
                if entry.is_file(follow_symlinks=False) and facts.st_mtime < before:
                    os.unlink(entry.path)
                    freed += facts.st_size
            except FileNotFoundError:
                continue  # another replica was faster
        return freed


def _safe(our_id: str) -> str:
    """Ids become file names, so they may not lead elsewhere."""
    if not OUR_IDS.fullmatch(our_id):
        raise ValueError(f"not an id of ours: {our_id!r}")
    return our_id


def _read_or_none(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
