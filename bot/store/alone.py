"""One process per SQLite file."""

import fcntl
from pathlib import Path

import sqlalchemy as sa

from bot.store.refusals import DatabaseTakenError


def file_of(url: str) -> Path | None:
    """A SQLite database's file. None: it is in memory, or no SQLite."""
    path = sa.make_url(url).database if url.startswith("sqlite") else None
    return Path(path) if path and path != ":memory:" else None


class held_alone:  # noqa: N801 - reads as a phrase in `with`
    """One process per SQLite file, by a lock the kernel drops when the process dies, however it dies."""

    def __init__(self, file: Path | None) -> None:
        self._path = None if file is None else file.with_name(file.name + ".lock")

    def __enter__(self) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("w")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise DatabaseTakenError(
                f"Another sora-bot is running on {self._path.stem}. One process serves one SQLite file:"
                " stop the other one, or give several processes a Postgres with SORA_DATABASE_URL=postgresql://..."
            ) from None

    def __exit__(self, *_: object) -> None:
        if self._path is not None:
            self._file.close()
