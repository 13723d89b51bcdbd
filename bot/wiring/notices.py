"""Admins and notices put together: who is told what, on both roads."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.config import Settings
from bot.mail.address import MailServer
from bot.mail.post import PostOffice
from bot.slack.admin_desk import AdminDesk
from bot.slack.budget_notices import BudgetTopics
from bot.slack.incident_notices import IncidentTopics
from bot.slack.notice_mails import NoticeMails
from bot.slack.notice_poster import NoticePoster
from bot.slack.notice_writer import NoticeWriter, Sources, TopicsOf
from bot.slack.service_notices import BalanceTopics, EndingTopics
from bot.slack.views.admin import hello
from bot.slack.views.told import plain
from bot.store.admin_settings import StoredAdmins
from bot.store.incidents import StoredIncidents
from bot.store.notice_figures import StoredLowBalances, StoredMonths
from bot.store.notices import StoredNotices
from bot.wiring.ground import Ground
from bot.wiring.rules import limits_of
from bot.wiring.upstreams import Upstreams
from bot.wiring.workspace import Workspace


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


def notice_side(ground: Ground, upstreams: Upstreams, workspace: Workspace) -> NoticeSide:
    settings, clock, alarm = ground.settings, ground.clock, ground.alarm
    desk = AdminDesk(
        book=StoredAdmins(ground.store, by_configuration=settings.admins), clock=clock, by_configuration=settings.admins
    )
    book = StoredNotices(ground.store, home=workspace.identity.team_id)
    poster = NoticePoster(slack=workspace.door.worker, book=book, clock=clock, alarm=alarm)
    mailed = _mailed(ground, upstreams)
    writer = NoticeWriter(
        book=book,
        sources=Sources(by_name={**mailed, **_posted_alone(ground, upstreams)}),
        poster=poster,
        clock=clock,
        alarm=alarm,
        holder=ground.new_id(),
        alone=ground.alone,
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


def _mailed(ground: Ground, upstreams: Upstreams) -> dict[str, TopicsOf]:
    """What goes both roads."""
    settings, store, clock = ground.settings, ground.store, ground.clock
    pen = plain(settings.zone)
    incidents = IncidentTopics(incidents=StoredIncidents(store), registry=upstreams.registry, clock=clock, plain=pen)
    budgets = BudgetTopics(
        spending=StoredMonths(store), limits=limits_of(settings), clock=clock, zone=settings.zone, plain=pen
    )
    return {"incidents": incidents.topics, "budgets": budgets.topics}


def _posted_alone(ground: Ground, upstreams: Upstreams) -> dict[str, TopicsOf]:
    """What is told in Slack and not by e-mail."""
    registry, clock = upstreams.registry, ground.clock
    endings = EndingTopics(registry=registry, clock=clock)
    balances = BalanceTopics(
        low=upstreams.balances.low, book=StoredLowBalances(ground.store), registry=registry, clock=clock
    )
    return {"endings": endings.topics, "balances": balances.topics}
