"""`sora-bot doctor`: looks at everything a running bot relies on; each line says who can mend it and how."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import typer

from bot import config
from bot.catalogue.loader import CatalogueError, load_catalogue
from bot.clock import Clock, SystemClock
from bot.mail.address import MailServer
from bot.mail.post import MailNotSent, PostOffice
from bot.providers.errors import AuthFailed, ProviderError, QuotaExhausted, Unreachable
from bot.slack.checks import check_app_token, check_bot_token
from bot.slack.manifest import SCOPES
from bot.upstreams.registry import Upstream
from bot.wiring.accounts import ACCOUNTS
from bot.wiring.catalogue import catalogue_of
from bot.wiring.notices import post_office
from bot.wiring.services import check_service, opened_services

DISK_FREE_MIN_BYTES = 2 * 1024**3
"""Two of the largest videos Slack takes."""
CLOCK_OFF_MAX_S = 60
"""Slack refuses signatures five minutes off; past one minute something is wrong already."""
BY_NAME = {each.name: each for each in ACCOUNTS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    ok: bool
    what: str
    mend: str = ""
    """Who can mend it, and how. Empty when all is well."""
    serious: bool = True


def doctor() -> None:
    """Check tokens, scopes, keys, disk and clock. Nothing is changed and nothing is paid."""
    try:
        settings = config.load()
    except config.SettingsError as error:
        for problem in error.problems:
            typer.echo(f"✗ {problem}")
        raise typer.Exit(1) from None
    failed = asyncio.run(_print_all(settings))
    raise typer.Exit(1 if failed else 0)


async def _print_all(settings: config.Settings) -> bool:
    failed = False
    async for line in lines(settings, SystemClock()):
        mark = "✓" if line.ok else ("✗" if line.serious else "!")
        typer.echo(f"{mark} {line.what}")
        if line.mend:
            typer.echo(f"    {line.mend}")
        failed = failed or (line.serious and not line.ok)
    return failed


async def lines(settings: config.Settings, clock: Clock) -> AsyncIterator[Line]:
    async for line in _slack(settings, clock):
        yield line
    async for line in _services(settings, clock):
        yield line
    if (office := post_office(settings)) is not None:
        yield await _mail(office, settings)
    yield _disk(settings)
    yield Line(ok=True, what="Contacted by this bot: " + ", ".join(sorted(_hosts(settings))))


async def _slack(settings: config.Settings, clock: Clock) -> AsyncIterator[Line]:
    token = settings.slack_bot_token
    found = await check_bot_token(
        token.get_secret_value() if token else "", api_url=settings.slack_api_url, now=clock.now()
    )
    if found.problem:
        yield Line(ok=False, what="SLACK_BOT_TOKEN", mend=f"{found.problem} Who made the Slack app can look there.")
        return
    yield Line(ok=True, what=f"SLACK_BOT_TOKEN: @{found.bot} in {found.team}")
    for scope in SCOPES:
        if scope.name in found.missing_scopes:
            needed = not scope.without
            yield Line(
                ok=False,
                serious=needed,
                what=f"Scope {scope.name} is missing: {'the bot cannot run' if needed else scope.without}",
                mend=f"For {scope.why}. A workspace admin adds it at OAuth & Permissions and installs the app anew.",
            )
    if abs(found.clock_off_s) > CLOCK_OFF_MAX_S:
        side = "ahead of" if found.clock_off_s > 0 else "behind"
        off = f"This machine's clock is {abs(found.clock_off_s):.0f} s {side} Slack's"
        yield Line(ok=False, what=off, mend="Who runs this machine switches time synchronisation (NTP) on.")
    if settings.slack_app_token is not None:
        app = await check_app_token(settings.slack_app_token.get_secret_value(), api_url=settings.slack_api_url)
        mend = f"{app.problem} Who made the Slack app can look there." if app.problem else ""
        yield Line(ok=not app.problem, what="SLACK_APP_TOKEN: Socket Mode", mend=mend)
    else:
        yield Line(ok=True, what=f"No SLACK_APP_TOKEN: Slack must reach port {settings.port} at /slack/events by https")


async def _services(settings: config.Settings, clock: Clock) -> AsyncIterator[Line]:
    try:
        catalogue = catalogue_of(settings)
        async with opened_services(settings, catalogue, clock) as upstreams:
            for upstream in upstreams:
                yield await _service(upstream)
            yield _admins(settings, upstreams)
    except CatalogueError as error:
        yield Line(ok=False, what=str(error), mend="Who runs the bot corrects SORA_VIDEOS_MODELS or sora.toml.")
    except config.SettingsError as error:
        yield Line(ok=False, what=str(error), mend="Who runs the bot corrects the setting, or the file it names.")


async def _service(upstream: Upstream) -> Line:
    problem = await check_service(upstream.provider)
    models = ", ".join(each.label for each in upstream.models) or "no models"
    if problem is not None:
        return Line(ok=False, what=f"{upstream.label}: {problem.detail}", mend=_mend(upstream, problem))
    if not upstream.models:
        mend = 'Who runs the bot sets SORA_VIDEOS_MODELS, for example "minimax/h3=0.072/s, my-wan=free".'
        return Line(ok=False, what=f"{upstream.label}: answers, but has no models", mend=mend)
    return Line(ok=True, what=f"{upstream.label}: answers; {models}")


def _mend(upstream: Upstream, problem: ProviderError) -> str:
    account = BY_NAME.get(upstream.name)
    setting = account.setting if account else "SORA_VIDEOS_KEY"
    match problem:
        case AuthFailed():
            where = f"makes a new one at {account.keys_at}" if account else "asks that server's operator for another"
            return f"Who owns the key checks it at the service or {where}, and puts it into {setting}."
        case QuotaExhausted():
            where = (account.money_at or account.keys_at) if account else "that server's operator"
            return f"Who pays for {upstream.label} adds money: {where}."
        case Unreachable():
            return f"Who runs this machine lets it reach {upstream.label}, or corrects the address in the settings."
        case _:
            return f"Nobody here: {upstream.label} has trouble of its own. Look again in some minutes."


def _admins(settings: config.Settings, upstreams: Sequence[Upstream]) -> Line:
    """Who is asked where a service can neither be asked nor be sent the same order twice without harm."""
    mute = [each.label for each in upstreams if not (each.listing or each.protocol.honours_idempotency_key)]
    if settings.admins or not mute:
        asked = ", ".join(settings.admins) or "not needed, every service can be asked itself"
        return Line(ok=True, what=f"SORA_ADMINS: {asked}")
    return Line(
        ok=False,
        serious=False,
        what=f"SORA_ADMINS is empty: nobody is asked when an answer of {' or '.join(mute)} is lost",
        mend="It is booked as possibly paid after 7 days. Who runs the bot lists member ids (U0123ABCD,U0456EFGH), or"
        " has typed the code that a start prints: this check does not see such admins.",
    )


async def _mail(office: PostOffice, settings: config.Settings) -> Line:
    try:
        await office.check()
    except MailNotSent as failure:
        mend = "Who runs the mail server says what belongs into SORA_SMTP_URL."
        return Line(ok=False, serious=False, what=f"E-mail: {failure.words}", mend=mend)
    return Line(ok=True, what=f"E-mail: the server lets us in; notices go to {', '.join(settings.mail_to)}")


def _disk(settings: config.Settings) -> Line:
    folder = settings.spool if settings.spool.exists() else settings.spool.absolute().parents[0]
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    enough = free >= DISK_FREE_MIN_BYTES
    return Line(
        ok=enough,
        what=f"{free / 1024**3:.1f} GB free for videos in {settings.spool}",
        mend="" if enough else "Who runs this machine makes room, or points SORA_SPOOL elsewhere.",
    )


def _hosts(settings: config.Settings) -> set[str]:
    hosts = {urlsplit(settings.slack_api_url).netloc}
    protocols = load_catalogue().protocols
    for account in ACCOUNTS:
        if account.secrets(settings) is not None:
            url = settings.service(account.name).url
            base = urlsplit(url or protocols[account.protocol].base_url).netloc
            page = protocols[account.protocol].status_page
            watched = {urlsplit(page.url).netloc} if page is not None else set()
            hosts |= {base} if url else {base, *account.more_hosts, *watched} - {""}
    if settings.smtp_url is not None:
        hosts.add(MailServer.at(settings.smtp_url.get_secret_value()).host)
    return hosts | {urlsplit(each.url).netloc for each in settings.videos_servers.values()}
