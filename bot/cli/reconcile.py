"""`sora-bot reconcile`: each service's own list of renders laid beside our videos and what we booked for them."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Annotated

import typer

from bot import config
from bot.cli.catalogue import without_slack
from bot.cli.usage import how_far_back, settings_understood
from bot.clock import Clock, SystemClock
from bot.jobs.reconcile import OurRender, Reconciliation, reconciled
from bot.providers.base import FoundRender
from bot.providers.errors import ProviderError
from bot.slack.views.words import counted, usd
from bot.store.beside import looking_beside
from bot.store.reconcile import known_renders, renders_since
from bot.upstreams.registry import Upstream
from bot.wiring.catalogue import catalogue_of
from bot.wiring.services import opened_services

CLOCKS_APART = timedelta(minutes=5)
"""The service is asked from a little earlier: its clock need not be ours."""
LINES_MAX = 50
PROMPT_CHARACTERS = 60


def reconcile(
    service: Annotated[str, typer.Argument(help="Only this one, as in sora.toml: fal, kling, ...")] = "",
    since: Annotated[str, typer.Option(help="How far back: 24h, 7d, 4w.")] = "7d",
) -> None:
    """Compare with the services' own lists. Nothing is changed or paid. Exit code 1: a person should look."""
    back = how_far_back(since)
    with settings_understood():
        settings = without_slack()
        lines, agrees = asyncio.run(looked(settings, service, back, SystemClock()))
    for line in lines:
        typer.echo(line)
    raise typer.Exit(0 if agrees else 1)


async def looked(settings: config.Settings, service: str, back: timedelta, clock: Clock) -> tuple[Sequence[str], bool]:
    """
    Raises:
        SettingsError: no such service is configured.
        CannotOpenError: the database cannot be read.
    """
    lines: list[str] = []
    agrees = True
    since = clock.now() - back
    async with opened_services(settings, catalogue_of(settings), clock) as upstreams:
        chosen = [each for each in upstreams if service in {"", each.name}]
        if not chosen:
            names = ", ".join(each.name for each in upstreams)
            raise config.SettingsError([f'No service "{service}" is configured here; there is {names}.'])
        for upstream in chosen:
            found, problem = await _listed(upstream, since)
            result = _compared(settings.database_url, upstream, found, since, clock.now())
            lines += told(upstream, result, since=since, problem=problem)
            agrees = agrees and result.agrees and not problem
    return lines, agrees


async def _listed(upstream: Upstream, since: datetime) -> tuple[Sequence[FoundRender] | None, str]:
    """What the service lists, and why it could not be asked."""
    if upstream.listing is None:
        return None, ""
    try:
        return await upstream.listing.find(since - CLOCKS_APART), ""
    except ProviderError as error:
        return None, error.detail


def _compared(
    database_url: str, upstream: Upstream, found: Sequence[FoundRender] | None, since: datetime, now: datetime
) -> Reconciliation:
    with looking_beside(database_url) as session:
        ours = renders_since(session, upstream.name, since)
        known = known_renders(session, upstream.name, [each.ref.render_id for each in found or ()])
    return reconciled(ours, found, known=known, now=now, listing_lag_s=upstream.protocol.listing_lag_s)


def told(upstream: Upstream, result: Reconciliation, *, since: datetime, problem: str) -> Iterator[str]:
    """The comparison in words: one line that says how it stands, one for each thing to look at, one of sums."""
    made = counted(len(result.ours), "try", "tries")
    day = f"{since:%Y-%m-%d %H:%M} UTC"
    if problem:
        yield f"✗ {upstream.label}: its list could not be read: {problem}. A shorter --since may help."
    elif result.listed is None:
        yield f"- {upstream.label}: has no list to compare with. Since {day} we have {made}."
    else:
        mark = "✓" if result.agrees else "✗"
        yield f"{mark} {upstream.label}: lists {counted(result.listed, 'video', 'videos')} since {day}, we have {made}."
    sections = (
        ("not ours; somebody else uses this key", [_theirs(each) for each in result.foreign]),
        (
            "ours, its answer was lost, and it was made",
            [f"{_our(each)}, there {_theirs(found)}" for each, found in result.arrived],
        ),
        ("ours, and not in the list", [_our(each) for each in result.missing]),
        ("nobody knows whether it arrived", [_our(each) for each in result.open]),
        (
            "reported at another cost",
            [f"{_our(each)}, reported {usd(each.cost_usd_micros or 0)}" for each in result.costlier],
        ),
    )
    for what, lines in sections:
        for line in lines[:LINES_MAX]:
            yield f"    {what}: {line}"
        if len(lines) > LINES_MAX:
            yield f"    {what}: {len(lines) - LINES_MAX} more"
    yield f"    {_sums(result)}"


def _sums(result: Reconciliation) -> str:
    booked = f"Booked here: {usd(result.booked_usd_micros)}."
    if not result.reported:
        return f"{booked} It reports no costs; its invoice should say the same."
    cost = sum(each.cost_usd_micros or 0 for each in result.reported)
    ours = sum(each.booked_usd_micros for each in result.reported)
    tries = counted(len(result.reported), "try", "tries")
    return f"{booked} Of {tries} it said a cost, {usd(cost)} in all; {usd(ours)} is booked for them."


def _our(render: OurRender) -> str:
    at = f"{render.intent_at:%Y-%m-%d %H:%M}"
    return f"#{render.number} of {at}, {render.wire_name}, {usd(render.usd_micros)}, {render.render_id or 'no id'}"


def _theirs(found: FoundRender) -> str:
    at = f"{found.created_at:%Y-%m-%d %H:%M}" if found.created_at else "at an unknown time"
    prompt = f' "{found.prompt[:PROMPT_CHARACTERS]}"' if found.prompt else ""
    return f"{found.ref.render_id}, {at}{prompt}"
