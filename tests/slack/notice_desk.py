"""Notices over a real database and the local Slack, with as many processes as a test wants. Time is the test's."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session
from virtual_clock import VirtualClock

from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import Tier
from bot.demo.slack import LocalSlack, Message
from bot.jobs.balances import LowBalance
from bot.quota.limits import Limit, ScopeKind
from bot.quota.periods import Span
from bot.slack.admin_ports import AdminChoices, NoticeKind
from bot.slack.budget_notices import BudgetTopics
from bot.slack.client import SlackDoor, opened_slack
from bot.slack.incident_notices import IncidentTopics
from bot.slack.manifest import manifest
from bot.slack.notice_mails import NoticeMails, Post
from bot.slack.notice_poster import NoticePoster
from bot.slack.notice_writer import NoticeWriter, Sources
from bot.slack.service_notices import BalanceTopics, EndingTopics
from bot.slack.views.told import plain
from bot.store.admin_settings import StoredAdmins
from bot.store.engine import Store, opened_store
from bot.store.incidents import StoredIncidents, moved, over, trouble
from bot.store.notice_figures import StoredLowBalances, StoredMonths
from bot.store.notices import StoredNotices
from bot.upstreams.health import HealthState
from bot.upstreams.registry import Registry

ADA = "U0ADA00001"
VIDEOS, STUDIO, SECRET = "C0VIDEOS01", "C0STUDIO03", "C0SECRET04"
LIMITS = (
    Limit(scope=ScopeKind.WORKSPACE, span=Span.MONTH, usd_micros=50_000_000),
    Limit(scope=ScopeKind.SLACK_CHANNEL, span=Span.MONTH, usd_micros=20_000_000, clips=100),
)


@dataclass(kw_only=True)
class NoticeDesk:
    store: Store
    slack: LocalSlack
    door: SlackDoor
    clock: VirtualClock
    registry: Registry
    limits: tuple[Limit, ...] = LIMITS
    low: list[LowBalance] = field(default_factory=list)
    alarms: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    processes: int = 0

    @property
    def team_id(self) -> str:
        return self.slack.team_id

    def sources(self) -> Sources:
        clock, pen = self.clock, plain(ZoneInfo("UTC"))

        async def low() -> Sequence[LowBalance]:
            return tuple(self.low)

        incidents = StoredIncidents(self.store)
        months = StoredMonths(self.store)
        return Sources(
            by_name={
                "incidents": IncidentTopics(incidents=incidents, registry=self.registry, clock=clock, plain=pen).topics,
                "budgets": BudgetTopics(
                    spending=months, limits=self.limits, clock=clock, zone=ZoneInfo("UTC"), plain=pen
                ).topics,
                "endings": EndingTopics(registry=self.registry, clock=clock).topics,
                "balances": BalanceTopics(
                    low=low, book=StoredLowBalances(self.store), registry=self.registry, clock=clock
                ).topics,
            }
        )

    def writer(self, *, alone: bool = True) -> NoticeWriter:
        """A process. A second one with `alone` is the program started again."""
        self.processes += 1
        book = StoredNotices(self.store)
        poster = NoticePoster(slack=self.door.worker, book=book, clock=self.clock, alarm=self.alarm)
        return NoticeWriter(
            book=book,
            sources=self.sources(),
            poster=poster,
            clock=self.clock,
            alarm=self.alarm,
            holder=f"process-{self.processes}",
            alone=alone,
        )

    def mails(self, post: Post) -> NoticeMails:
        return NoticeMails(
            book=StoredNotices(self.store), sources=self.sources(), post=post, clock=self.clock, alarm=self.alarm
        )

    async def choose(self, mail: bool = True, **channels: Sequence[str]) -> None:
        """As an admin does it in the settings: `choose(status=[VIDEOS])`."""
        book = StoredAdmins(self.store, by_configuration=[ADA])
        was = await book.choices(self.team_id)
        wanted = AdminChoices(channels={NoticeKind(kind): tuple(ids) for kind, ids in channels.items()}, mail=mail)
        await book.save(self.team_id, ADA, wanted, was_version=was.version, now=self.clock.now())

    async def trouble(
        self,
        upstream: str = "fal",
        model: str = "",
        *,
        state: HealthState = HealthState.SUSPENDED,
        cause: str = "capacity",
    ) -> None:
        now = self.clock.now()
        await self.store.write(lambda session: trouble(session, upstream, model, state=state, cause=cause, now=now))

    async def over(self, upstream: str = "fal", model: str = "") -> None:
        now = self.clock.now()
        await self.store.write(lambda session: over(session, upstream, model, now=now))

    async def moved(self, upstream: str = "fal", *, extra_usd_micros: int = 0) -> None:
        now = self.clock.now()

        def work(session: Session) -> None:
            moved(session, upstream, "", extra_usd_micros=extra_usd_micros, now=now)

        await self.store.write(work)

    def posts(self, channel: str = VIDEOS) -> list[Message]:
        """What the bot said in a Slack channel, threads left out."""
        return [each for each in self._said(channel) if not each.thread_ts or each.thread_ts == each.ts]

    def thread(self, of: Message) -> list[Message]:
        return [each for each in self._said(of.channel_id) if each.thread_ts == of.ts and each.ts != of.ts]

    def _said(self, channel: str) -> list[Message]:
        return [each for each in self.slack.messages(ADA, channel) if each.user_id == self.slack.bot_user_id]

    async def alarm(self, what: str, facts: Any) -> None:
        self.alarms.append((what, dict(facts)))


def words(message: Message) -> str:
    return str(message.blocks)


def services() -> Registry:
    """Three real ones of the catalogue; none is ever called."""
    catalogue = load_catalogue()

    def one(name: str, protocol: str) -> Any:
        return SimpleNamespace(
            name=name,
            label=catalogue.protocols[protocol].label,
            tier=Tier.OFFICIAL,
            protocol=catalogue.protocols[protocol],
            models=tuple(each for each in catalogue.models if each.protocol == protocol),
        )

    return Registry([one("fal", "fal"), one("runway", "runway"), one("kling", "kling")])


@asynccontextmanager
async def notice_desk(folder: Path, database_url: str) -> AsyncIterator[NoticeDesk]:
    clock = VirtualClock(datetime(2026, 11, 21, 9, 0, tzinfo=UTC))
    async with AsyncExitStack() as owned:
        store = await owned.enter_async_context(opened_store(database_url, clock=clock))
        slack = await owned.enter_async_context(LocalSlack.running(manifest=manifest(), directory=folder / "slack"))
        door = await owned.enter_async_context(opened_slack(token=slack.bot_token, base_url=slack.api_url, timeout_s=2))
        desk = NoticeDesk(store=store, slack=slack, door=door, clock=clock, registry=services())
        await desk.choose()
        yield desk
