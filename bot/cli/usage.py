"""What commands have in common when they cannot do what was asked: words on stderr, and exit code 2."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import typer

from bot.catalogue.problems import CatalogueError
from bot.config import SettingsError
from bot.store.refusals import CannotOpenError

_SPANS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


@contextmanager
def settings_understood() -> Iterator[None]:
    """Around whatever reads settings or opens a database: says what is wrong with them.

    Raises:
        typer.Exit: with code 2.
    """
    try:
        yield
    except (SettingsError, CatalogueError) as error:
        for problem in error.problems:
            typer.echo(f"- {problem}", err=True)
        raise typer.Exit(2) from None
    except CannotOpenError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


def how_far_back(since: str) -> timedelta:
    """What an operator writes as "24h", "7d" or "4w".

    Raises:
        typer.Exit: it is nothing of the kind; with code 2.
    """
    told = re.fullmatch(r"([1-9][0-9]{0,3})([hdw])", since.strip().lower())
    if told is None:
        typer.echo(f'--since {since}: write how far back, such as "24h", "7d" or "4w".', err=True)
        raise typer.Exit(2)
    return int(told[1]) * _SPANS[told[2]]
