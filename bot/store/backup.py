"""A copy of the SQLite file before an upgrade changes it. Postgres has its operator's own."""

import sqlite3
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

from bot.store.refusals import BackupFailedError

KEEP = 3
"""Upgrades one can go back by."""


def back_up(database: Path, *, schema: str, now: datetime) -> Path:
    """Copy the file beside itself, with the time and the schema it still has in the name; forget all but the latest.

    By sqlite's own backup, which takes along what is still in the write-ahead log. The name appears when the copy is
    whole.

    Raises:
        BackupFailedError: no space, no right to write.
    """
    name = f"{database.stem}-before-{now:%Y%m%dT%H%M%SZ}-schema-{schema}{database.suffix}"
    copy, unfinished = database.with_name(name), database.with_name(name + ".part")
    try:
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(unfinished)) as target:
            target.execute("PRAGMA synchronous=FULL")
            source.backup(target)
        unfinished.chmod(database.stat().st_mode & 0o777)
        unfinished.replace(copy)
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            unfinished.unlink()
        raise BackupFailedError(
            f"{database.name} could not be backed up before its upgrade ({error}), so nothing was changed. Make room"
            f" in {database.parent.absolute()} and start again."
        ) from None
    for old in backups_of(database)[:-KEEP]:
        old.unlink()
    return copy


def backups_of(database: Path) -> list[Path]:
    """Oldest first."""
    return sorted(database.parent.glob(f"{database.stem}-before-*{database.suffix}"))
