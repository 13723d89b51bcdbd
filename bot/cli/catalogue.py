"""`sora-bot catalogue`: what is offered at which price and who receives it, and what about that needs a person."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any

import typer

from bot import config
from bot.catalogue.checkup import STALE_DAYS, Finding, checkup, drift_finding, live_findings
from bot.catalogue.costs import drifts
from bot.catalogue.loader import CatalogueError, load_catalogue
from bot.catalogue.model import Catalogue, Model, Tier
from bot.catalogue.price_words import price_words
from bot.catalogue.sunset import Sold
from bot.cli.usage import settings_understood
from bot.clock import Clock, SystemClock
from bot.providers.errors import ProviderError
from bot.providers.model_lists import ListsModels
from bot.store.charges import read_beside
from bot.upstreams.registry import Upstream
from bot.wiring.catalogue import catalogue_of
from bot.wiring.services import PREVIEW, opened_services

COSTS_OF = timedelta(days=30)
CLASSES = {"fast": "Fast", "pro": "Best"}
catalogue = typer.Typer(help="What can be made, at which price, and for how long.", no_args_is_help=True)


@catalogue.command("show")
def show(
    everything: Annotated[bool, typer.Option("--all", help="Services without a key too.")] = False,
) -> None:
    """List what is offered with its prices, and who receives the prompt."""
    settings, known, problems = _read()
    sold = asyncio.run(_sold(settings, known, everything=everything))
    _echo_problems(problems)
    for line in shown(sold, SystemClock()):
        typer.echo(line)
    raise typer.Exit(2 if problems else 0)


@catalogue.command("check")
def check(
    days: Annotated[int, typer.Option(min=1, help="Facts older than this are called old.")] = STALE_DAYS,
    everything: Annotated[bool, typer.Option("--all", help="Services without a key too.")] = False,
    live: Annotated[bool, typer.Option(help="Ask the services for their own lists of models; free.")] = False,
) -> None:
    """Say what is old, ends soon, has no price or costs something else. Exit code 1: a person is needed."""
    settings, known, problems = _read()
    clock = SystemClock()
    sold = asyncio.run(_sold(settings, known, everything=everything))
    findings = [*checkup(known, sold, now=clock.now(), stale_days=days), *_costs(settings, sold, clock)]
    if live:
        findings += asyncio.run(_live(settings, known, clock))
    _echo_problems(problems)
    for line in told(findings):
        typer.echo(line)
    if not findings and not problems:
        typer.echo(f"All well: {len(sold)} models, no fact older than {days} days, nothing ends within 30.")
    raise typer.Exit(1 if problems or any(each.needs_person for each in findings) else 0)


def _read() -> tuple[config.Settings, Catalogue, Sequence[str]]:
    """Settings, catalogue, and what is wrong with the tables of models; then the catalogue is the packaged one."""
    with settings_understood():
        settings = without_slack()
    try:
        return settings, catalogue_of(settings), ()
    except CatalogueError as error:
        return settings, load_catalogue(), error.problems


def without_slack() -> config.Settings:
    """The settings of whoever asks about services alone: no Slack token is needed for that.

    Raises:
        SettingsError: as always.
    """
    unused: Any = {"slack_bot_token": "unused", "slack_app_token": "unused"}
    return config.load(**unused)


async def _sold(settings: config.Settings, known: Catalogue, *, everything: bool) -> tuple[Sold, ...]:
    if everything:
        return tuple(
            Sold(
                service=each.protocol,
                service_label=known.protocols[each.protocol].label,
                model=each,
                tier=Tier.PREVIEW if each.protocol == PREVIEW else Tier.OFFICIAL,
            )
            for each in known.models
        )
    async with opened_services(settings, known, SystemClock()) as upstreams:
        return tuple(each for upstream in upstreams for each in sold_by(upstream))


def sold_by(upstream: Upstream) -> Iterable[Sold]:
    return (
        Sold(service=upstream.name, service_label=upstream.label, model=each, tier=upstream.tier)
        for each in upstream.models
    )


def _costs(settings: config.Settings, sold: Sequence[Sold], clock: Clock) -> Iterable[Finding]:
    """What services said that videos cost; nothing where there is no database yet."""
    now = clock.now()
    priced = [replace(each, model=each.model.at(now)) for each in sold]
    return map(drift_finding, drifts(read_beside(settings.database_url, now - COSTS_OF), priced))


async def _live(settings: config.Settings, known: Catalogue, clock: Clock) -> Sequence[Finding]:
    """What every configured service's own list says otherwise."""
    async with opened_services(settings, known, clock) as upstreams:
        return [each for upstream in upstreams for each in await asked(upstream, known)]


async def asked(upstream: Upstream, known: Catalogue) -> Sequence[Finding]:
    """A list in which none of our models stands proves nothing: it may be about something else."""
    provider = upstream.provider
    if not isinstance(provider, ListsModels):
        return [_mute(upstream)]
    try:
        listed = await provider.models_now()
    except ProviderError as error:
        mend = "Who owns the key looks with `sora-bot doctor`."
        return [Finding(service=upstream.name, model="", what=f"its list was not told: {error.detail}", mend=mend)]
    if listed is None:
        return [_mute(upstream)]
    ours = _wire_names(upstream.models)
    everything = ours | _wire_names(each for each in known.models if each.protocol == upstream.protocol.key)
    unknown = {name: words for name, words in listed.videos.items() if name not in everything}
    if not ours & listed.names:
        what = "its own list names none of our models, so it proves nothing about them"
        mend = "Who runs the bot looks at the service, or makes one video with `sora-bot provider record`."
        return [Finding(service=upstream.name, model="", what=what, mend=mend, needs_person=False)]
    return list(live_findings(upstream.name, upstream.models, listed.names, told=unknown))


def _wire_names(models: Iterable[Model]) -> set[str]:
    return {name for each in models for name in (each.wire_name, each.picture_wire_name) if name is not None}


def _mute(upstream: Upstream) -> Finding:
    what, mend = "has no list of its models that could be asked", "Nobody can; its models show when they are used."
    return Finding(service=upstream.name, model="", what=what, mend=mend, needs_person=False)


def _echo_problems(problems: Sequence[str]) -> None:
    for problem in problems:
        typer.echo(f"✗ {problem}")
        typer.echo("    Who runs the bot corrects sora.toml; until then the bot does not start.")


def told(findings: Sequence[Finding]) -> Iterable[str]:
    """What needs a person first; two lines each: what it is, and who can mend it and how."""
    for each in sorted(findings, key=lambda each: not each.needs_person):
        name = f"{each.service}, {each.model}" if each.model else each.service
        yield f"{'✗' if each.needs_person else '·'} {name}: {each.what}"
        yield f"    {each.mend}"


def shown(sold: Sequence[Sold], clock: Clock) -> Iterable[str]:
    now = clock.now()
    rows: list[tuple[str, ...]] = [("SERVICE", "MODEL", "CLASS", "SECONDS", "PRICE", "WHO RECEIVES IT", "")]
    rows += [_row(replace(each, model=each.model.at(now)), each.model) for each in sold]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _row(sold: Sold, written: Model) -> tuple[str, ...]:
    model = sold.model
    return (
        sold.service,
        model.name,
        CLASSES[model.model_class],
        lengths_words(model.lengths_s),
        price_words(model.price, model.resolutions),
        model.receives,
        "; ".join(_notes(written)),
    )


def _notes(model: Model) -> Iterable[str]:
    if model.own == ("model",):
        yield f"yours ({model.source})"
    elif model.own:
        yield f"yours: {', '.join(model.own)}"
    if model.retires_at is not None:
        yield f"ends {model.retires_at:%Y-%m-%d}"
    if model.next_price is not None and model.next_price.since is not None:
        yield f"from {model.next_price.since:%Y-%m-%d} {price_words(model.next_price, model.resolutions)}"
    if model.price.since is not None:
        yield f"priced since {model.price.since:%Y-%m-%d}"


def lengths_words(lengths_s: Sequence[int]) -> str:
    """ "4-15" where every second is there, else each."""
    first, last = lengths_s[0], lengths_s[-1]
    if len(lengths_s) > 2 and len(lengths_s) == last - first + 1:
        return f"{first}-{last}"
    return " ".join(map(str, lengths_s))
