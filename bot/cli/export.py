"""`sora-bot export health`: what was observed of services, as a table or as a document, from beside a running bot."""

import csv
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from sqlalchemy.orm import Session

from bot import config
from bot.cli.usage import how_far_back, settings_understood
from bot.clock import Clock, SystemClock
from bot.store import checks
from bot.store.beside import looking_beside
from bot.store.circuits import circuits
from bot.store.pasts import known_models, pasts
from bot.upstreams.checks import Check
from bot.upstreams.health import health_of
from bot.upstreams.past import WINDOWS, ServicePast, uptime
from bot.upstreams.router import model_circuit

export = typer.Typer(help="What is known, for other programs.", no_args_is_help=True)

_COLUMNS = [each.name for each in fields(Check) if each.name != "about"]


class Format(StrEnum):
    JSON = "json"
    CSV = "csv"


@export.callback()
def _only_commands() -> None:
    """Makes `health` a command of its own, with one alone Typer would leave its name out."""


@export.command()
def health(
    form: Annotated[Format, typer.Option("--format", help="csv: each observation a line; json: all that is known.")] = (
        Format.JSON
    ),
    since: Annotated[str, typer.Option(help="How far back observations go: 24h, 7d, 12w.")] = "7d",
    out: Annotated[Path | None, typer.Option(help="A file; without it, to the screen.")] = None,
) -> None:
    """Uptime, render times, incidents and each check of every service. Times are UTC."""
    back = how_far_back(since)
    try:
        with (
            settings_understood(),
            looking_beside(config.load_storage().database_url) as session,
            _opened(out) as target,
        ):
            write_health(session, target, form, back=back, clock=SystemClock())
    except OSError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


def write_health(session: Session, target: TextIO, form: Format, *, back: timedelta, clock: Clock) -> None:
    now = clock.now()
    if form is Format.CSV:
        table = csv.writer(target)
        table.writerow(_COLUMNS)
        for check in checks.since(session, now - back):
            table.writerow([_plain(getattr(check, name)) for name in _COLUMNS])
        return
    document = {
        "at": now,
        "services": list(_services(session, now)),
        "checks": [{name: getattr(each, name) for name in _COLUMNS} for each in checks.since(session, now - back)],
    }
    json.dump(document, target, default=_plain, indent=1, ensure_ascii=False)
    target.write("\n")


def _services(session: Session, now: datetime) -> Iterator[dict[str, Any]]:
    """All that were ever observed, configured or not."""
    models, known = known_models(session), circuits(session)
    for upstream, past in sorted(pasts(session, models, now=now).items()):
        standing = health_of(known.get(upstream), now)
        yield {
            "service": upstream,
            "state": standing.state,
            "since": standing.since,
            "first_seen": past.first_seen,
            "uptime": {label: uptime(past, models[upstream], window=span, now=now) for label, span in WINDOWS.items()},
            "page": asdict(past.page) if past.page else None,
            "models": [
                {
                    "model": model,
                    "state": health_of(known.get(model_circuit(upstream, model)), now).state,
                    **_times(past, model),
                }
                for model in sorted(models[upstream])
            ],
            "incidents": [asdict(each) for each in past.incidents],
        }


def _times(past: ServicePast, model: str) -> dict[str, Any]:
    times = past.times.get(model)
    return {
        "videos": times.videos if times else 0,
        "p50_s": times.half_s if times else None,
        "p90_s": times.most_s if times else None,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value


@contextmanager
def _opened(out: Path | None) -> Iterator[TextIO]:
    if out is None:
        yield sys.stdout
        return
    with out.open("w", encoding="utf-8", newline="") as file:
        yield file
