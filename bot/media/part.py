"""A file while it is written: nobody sees it before it is whole, and what a kill leaves of it is swept away."""

import fcntl
import hashlib
import os
import secrets
import threading
from collections.abc import Iterable
from io import FileIO
from pathlib import Path

PART = ".part"


class Part:
    """A file being written, locked for as long as its process lives so that nobody else sweeps it away.

    Its calls come from several threads and, when the task was cancelled, in any order: the lock makes `discard` final.
    """

    def __init__(self, directory: Path, stem: str) -> None:
        self._path = directory / f"{stem}.{secrets.token_hex(6)}{PART}"
        self._file: FileIO | None = None
        self._digest = hashlib.sha256()
        self._lock = threading.Lock()
        self._discarded = False

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def write(self, chunks: list[bytes]) -> None:
        with self._lock:
            if self._discarded:
                return
            if self._file is None:
                self._file = FileIO(self._path, "x")
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for chunk in chunks:
                rest = memoryview(chunk)
                while rest:  # an unbuffered write may take only a part
                    rest = rest[self._file.write(rest) :]
                self._digest.update(chunk)

    def rename(self, target: Path) -> None:
        """On disk first, then visible: after a power cut a name never stands for an empty file."""
        with self._lock:
            if self._file is not None and not self._discarded:
                os.fsync(self._file)
                self._path.replace(target)

    def discard(self) -> None:
        with self._lock:
            self._discarded = True
            if self._file is not None:
                self._file.close()
                self._path.unlink(missing_ok=True)  # gone already when it was renamed


def sweep(parts: Iterable[Path]) -> None:
    """Drop those nobody holds any more; a living writer's lock keeps his."""
    for part in parts:
        try:
            with part.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                part.unlink(missing_ok=True)
        except (BlockingIOError, FileNotFoundError):
            continue
