"""Admins and notices put together: who is told what, on both roads."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.clock import Clock
from bot.config import Settings
from bot.jobs.ports import Alarm
from bot.slack.admin_desk import AdminDesk
from bot.slack.client import SlackDoor
from bot.slack.notice_poster import NoticePoster
from bot.slack.views.notices import hello
from bot.store.admin_settings import StoredAdmins
from bot.store.engine import Store
from bot.store.notices import StoredNotices


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSide:
    admins: AdminDesk
    greets: Callable[[str, str, Sequence[str]], Awaitable[Mapping[str, str]]]
    refused_places: Callable[[str], Awaitable[Mapping[str, str]]]
    mails_to: int


def notice_side(settings: Settings, store: Store, *, door: SlackDoor, clock: Clock, alarm: Alarm) -> NoticeSide:
    desk = AdminDesk(
        book=StoredAdmins(store, by_configuration=settings.admins), clock=clock, by_configuration=settings.admins
    )
    book = StoredNotices(store)
    poster = NoticePoster(slack=door.worker, book=book, clock=clock, alarm=alarm)

    async def greets(team_id: str, user_id: str, places: Sequence[str]) -> Mapping[str, str]:
        version = (await desk.choices(team_id)).version
        return await poster.try_out(team_id, places, f"hello.{version}", hello(user_id, command=settings.command))

    return NoticeSide(
        admins=desk,
        greets=greets,
        refused_places=book.refused_places,
        mails_to=len(settings.mail_to) if settings.smtp_url is not None else 0,
    )
