"""`sora-bot provider`: the configured services, and one real video recorded as a test of its adapter."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from bot import config
from bot.catalogue.price_words import dollars
from bot.cli.catalogue import without_slack
from bot.cli.takes import PROMPT, CannotRecord, Session, Take, take_of
from bot.cli.usage import settings_understood
from bot.clock import SystemClock
from bot.observing.confidential import Confidential
from bot.providers.overhearing import overheard
from bot.upstreams.registry import Upstream
from bot.wiring.catalogue import catalogue_of
from bot.wiring.services import opened_services

FOLDER = Path("tests/exchanges/recorded")
provider = typer.Typer(help="The services that videos come from.", no_args_is_help=True)


@provider.command("list")
def list_services() -> None:
    """Say which services are configured, and with which models."""
    for line in _run(_listed()):
        typer.echo(line)


@provider.command("record")
def record(
    name: Annotated[str, typer.Argument(help="A service, as `sora-bot provider list` calls it.")],
    model: Annotated[str, typer.Option(help="One of its models; else the cheapest.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether the price is fine.")] = False,
    into: Annotated[Path, typer.Option(help="Where the exchanges go.")] = FOLDER,
    film: Annotated[Path | None, typer.Option(help="Keep the video here too.")] = None,
) -> None:
    """Make one real video, which costs money, and keep what was said as a test: no key, no signed address in it."""
    for path in _run(_recorded(name, model, yes=yes, into=into, film=film)):
        typer.echo(f"Written: {path}")


def _run(work: Any) -> Sequence[Any]:
    try:
        with settings_understood():
            return tuple(asyncio.run(work))
    except CannotRecord as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


async def _listed() -> Sequence[str]:
    settings = without_slack()
    async with opened_services(settings, catalogue_of(settings), SystemClock()) as upstreams:
        rows = [
            (each.name, each.label, each.tier.value, ", ".join(model.name for model in each.models) or "no models")
            for each in upstreams
        ]
    widths = [max(len(row[at]) for row in rows) for at in range(3)]
    return ["  ".join((*(row[at].ljust(widths[at]) for at in range(3)), row[3])) for row in rows]


async def _recorded(name: str, model: str, *, yes: bool, into: Path, film: Path | None) -> Sequence[Path]:
    settings, clock = without_slack(), SystemClock()
    with overheard() as heard:
        known = catalogue_of(settings)
        async with opened_services(settings, known, clock) as upstreams:
            upstream = next((each for each in upstreams if each.name == name), None)
            if upstream is None:
                names = ", ".join(each.name for each in upstreams)
                raise CannotRecord(f'There is no service "{name}" here. Configured: {names}.')
            take = take_of(upstream, model, clock, base_url=_base_url(settings, upstream))
            agreed(take, yes=yes)
            return await Session(take, heard, Confidential.of(settings), clock).played(into, film)


def _base_url(settings: config.Settings, upstream: Upstream) -> str:
    server = settings.videos_servers.get(upstream.name)
    return server.url if server is not None else settings.service(upstream.name).url or upstream.protocol.base_url


def agreed(take: Take, *, yes: bool) -> None:
    """Show the price and wait for a yes.

    Raises:
        CannotRecord: it was a no.
    """
    cost = f"${dollars(take.usd_micros)}" if take.usd_micros else "nothing"
    typer.echo(f"One real video at {take.upstream.label}: {take.model.label}, {take.order.length_s} s, ", nl=False)
    typer.echo(f"{take.order.shape.value}, {take.order.resolution}. {take.model.receives} receives this prompt:")
    typer.echo(f"    {PROMPT}")
    typer.echo(f"It costs {cost}, from the account whose key is configured; no budget of the bot counts it.")
    if not yes and not typer.confirm("Make it?"):
        raise CannotRecord("Nothing was made and nothing was paid.")
