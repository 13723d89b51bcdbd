"""Admins and notices put together: who is told what, on both roads."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.clock import Clock
from bot.config import Settings
from bot.jobs.balances import LowBalance
from bot.jobs.ports import Alarm
from bot.mail.address import MailServer
from bot.mail.post import PostOffice
from bot.slack.admin_desk import AdminDesk
from bot.slack.budget_notices import BudgetTopics
from bot.slack.client import SlackDoor
from bot.slack.incident_notices import IncidentTopics
from bot.slack.notice_mails import NoticeMails
from bot.slack.notice_poster import NoticePoster
from bot.slack.notice_writer import NoticeWriter, Sources
from bot.slack.service_notices import BalanceTopics, EndingTopics
from bot.slack.views.admin import hello
from bot.slack.views.told import plain
from bot.store.admin_settings import StoredAdmins
from bot.store.engine import Store
from bot.store.incidents import StoredIncidents
from bot.store.notice_figures import StoredLowBalances, StoredMonths
from bot.store.notices import StoredNotices
from bot.upstreams.registry import Registry
from bot.wiring.rules import limits_of


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSide:
    admins: AdminDesk
    greets: Callable[[str, str, Sequence[str]], Awaitable[Mapping[str, str]]]
    refused_places: Callable[[str], Awaitable[Mapping[str, str]]]
    mails_to: int
    loops: tuple[Callable[[], Coroutine[Any, Any, None]], ...]


def post_office(settings: Settings) -> PostOffice | None:
    """None: no e-mail is set up."""
    if settings.smtp_url is None:
        return None
    return PostOffice(
        server=MailServer.at(settings.smtp_url.get_secret_value()),
        sender=settings.mail_from,
        recipients=settings.mail_to,
    )


def notice_side(
    settings: Settings,
    store: Store,
    *,
    door: SlackDoor,
    registry: Registry,
    low_balances: Callable[[], Awaitable[Sequence[LowBalance]]],
    clock: Clock,
    alarm: Alarm,
    holder: str,
    home: str,
) -> NoticeSide:
    """`low_balances`: the accounts that run dry. `holder` is new with every start. `home`: our workspace, if known."""
    desk = AdminDesk(
        book=StoredAdmins(store, by_configuration=settings.admins), clock=clock, by_configuration=settings.admins
    )
    book = StoredNotices(store, home=home)
    poster = NoticePoster(slack=door.worker, book=book, clock=clock, alarm=alarm)

    pen = plain(settings.zone)
    mailed = {
        "incidents": IncidentTopics(incidents=StoredIncidents(store), registry=registry, clock=clock, plain=pen).topics,
        "budgets": BudgetTopics(
            spending=StoredMonths(store), limits=limits_of(settings), clock=clock, zone=settings.zone, plain=pen
        ).topics,
    }
    posted = {
        **mailed,
        "endings": EndingTopics(registry=registry, clock=clock).topics,
        "balances": BalanceTopics(
            low=low_balances, book=StoredLowBalances(store), registry=registry, clock=clock
        ).topics,
    }
    writer = NoticeWriter(
        book=book,
        sources=Sources(by_name=posted),
        poster=poster,
        clock=clock,
        alarm=alarm,
        holder=holder,
        alone=settings.database_url.startswith("sqlite"),
    )
    loops = [writer.run]
    if (office := post_office(settings)) is not None:
        mails = NoticeMails(book=book, sources=Sources(by_name=mailed), post=office, clock=clock, alarm=alarm)
        loops.append(mails.run)

    async def greets(team_id: str, user_id: str, places: Sequence[str]) -> Mapping[str, str]:
        version = (await desk.choices(team_id)).version
        return await poster.try_out(team_id, places, f"hello.{version}", hello(user_id, command=settings.command))

    return NoticeSide(
        admins=desk,
        greets=greets,
        refused_places=book.refused_places,
        mails_to=len(settings.mail_to) if settings.smtp_url is not None else 0,
        loops=tuple(loops),
    )
