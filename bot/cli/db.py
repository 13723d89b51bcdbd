"""`sora-bot db copy`: from one SQLite file to a Postgres that several processes share."""

import asyncio
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer

from bot import config
from bot.cli.usage import settings_understood
from bot.clock import Clock, SystemClock
from bot.store.alone import file_of, held_alone
from bot.store.copying import Content, Copied, copy
from bot.store.engine import opened_store
from bot.store.postgres import driver_url, is_postgres
from bot.store.refusals import CannotOpenError

db = typer.Typer(help="The database.", no_args_is_help=True)


class NotFromHereError(CannotOpenError):
    """There is nothing to copy, or not to there."""


@db.command("copy")
def copy_command(
    target: Annotated[str, typer.Argument(help="postgresql://user:password@host/name, empty")],
    source: Annotated[str, typer.Option("--from", help="the SQLite file's URL; SORA_DATABASE_URL unless given")] = "",
) -> None:
    """Move everything to an empty Postgres, videos under way too. Stop the bot first."""
    with settings_understood():
        moved = asyncio.run(move(source or config.load_storage().database_url, target, clock=SystemClock()))
    for line in moved:
        typer.echo(line)


async def move(source: str, target: str, *, clock: Clock) -> list[str]:
    """Copy, then put the file aside: a bot started on it again would send the same videos a second time.

    Raises:
        CannotOpenError: with the reason in words; nothing was changed.
    """
    file = file_of(source)
    if file is None or not file.exists():
        raise NotFromHereError(f"There is no SQLite file to copy from{f' at {file}' if file else ''}.")
    if not is_postgres(driver_url(target)):
        raise NotFromHereError("Give the Postgres to copy to: postgresql://user:password@host/name.")
    async with opened_store(source, clock=clock) as old, opened_store(target) as new:
        copied = await asyncio.to_thread(_copied, old.engine, new.engine)
    with held_alone(file):
        aside = file.rename(file.with_name(f"{file.stem}-moved-{clock.now():%Y%m%dT%H%M%SZ}{file.suffix}"))
    return _told(copied, aside)


def _copied(source: sa.Engine, target: sa.Engine) -> Copied:
    with source.connect() as reading, target.begin() as writing:
        return copy(reading, writing)


def _told(copied: Copied, aside: Path) -> list[str]:
    return [
        *(f"{table:<16}{content.rows:>9} {_sums(content)}" for table, content in copied.tables.items()),
        "Every count and every sum is the same in both.",
        f"{copied.under_way} videos are under way; they go on when the bot starts.",
        f"The file was put aside as {aside}; nothing is started on it by itself.",
        "Now set SORA_DATABASE_URL to the new database, leave SORA_SPOOL as it is, and start the bot.",
    ]


def _sums(content: Content) -> str:
    dollars = {name.removesuffix("_usd_micros"): value for name, value in content.sums.items() if "usd_micros" in name}
    return ", ".join(f"{name} ${value / 1_000_000:,.6f}".rstrip("0").rstrip(".") for name, value in dollars.items())
