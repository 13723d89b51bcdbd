"""Month budgets as topics: at a half, three quarters and nine tenths, each said once."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from bot.clock import Clock
from bot.quota.ledger import Balance
from bot.quota.limits import Limit, Scope, ScopeKind, standing_under
from bot.quota.periods import Span, period_of, resets_at
from bot.slack.admin_ports import NoticeKind
from bot.slack.notice_ports import Mail, Topic
from bot.slack.views.purse import Spent, budget_told
from bot.slack.views.told import SLACK, Pen

MARKS = (90, 75, 50)
"""Percent. Only the highest that is reached is said: who wakes up at 92 needs no word about 50."""
MAILED = 90
DAY = timedelta(days=1)


class MonthSpending(Protocol):
    """Implemented by `store`."""

    async def of_month(self, team_id: str, month: str) -> Mapping[Scope, Balance]:
        """What the workspace and its Slack channels spent and reserved."""


class BudgetTopics:
    def __init__(
        self, *, spending: MonthSpending, limits: Sequence[Limit], clock: Clock, zone: ZoneInfo, plain: Pen
    ) -> None:
        self._spending = spending
        shared = {ScopeKind.WORKSPACE, ScopeKind.SLACK_CHANNEL}
        self._limits = [each for each in limits if each.span is Span.MONTH and each.scope in shared]
        self._clock = clock
        self._zone = zone
        self._plain = plain

    async def topics(self, team_id: str) -> Sequence[Topic]:
        if not self._limits:
            return ()
        now = self._clock.now()
        month = period_of(Span.MONTH, now, self._zone).key
        spent = await self._spending.of_month(team_id, month)
        return [
            topic
            for limit in self._limits
            for scope, balance in sorted(spent.items())
            if scope.kind is limit.scope and _is_shared(scope)
            for topic in self._of(limit, scope, balance, now)
        ]

    def _of(self, limit: Limit, scope: Scope, balance: Balance, now: datetime) -> list[Topic]:
        stands = standing_under(limit, balance, now, self._zone)
        found = []
        for bound, used, reserved, in_clips in (
            (limit.usd_micros, stands.usd_micros_used, stands.usd_micros_reserved, False),
            (limit.clips, stands.clips_used, stands.clips_reserved, True),
        ):
            mark = next((each for each in MARKS if bound and (used + reserved) * 100 >= each * bound), None)
            if not bound or mark is None:
                continue
            place = scope.key if scope.kind is ScopeKind.SLACK_CHANNEL else ""
            spent = Spent(
                slack_channel_id=place,
                bound=bound,
                used=used,
                reserved=reserved,
                in_clips=in_clips,
                share=mark,
                lasts_until=lasts_until(bound, used + reserved, now, self._zone),
                resets_at=stands.resets_at,
            )
            # The bound is a part of the name: a budget that was raised has marks of its own.
            key = f"budget.{stands.period.key}.{scope.kind}.{scope.key}.{'clips' if in_clips else 'usd'}.{bound}.{mark}"
            found.append(self._topic(key, spent, place))
        return found

    def _topic(self, key: str, spent: Spent, place: str) -> Topic:
        subject, text = budget_told(spent, self._plain).mail()
        return Topic(
            key=key,
            kinds=(NoticeKind.BUDGET,),
            also=(place,) if place else (),
            message=budget_told(spent, SLACK).message(),
            ends=True,
            mails=(Mail(key=key, subject=subject, text=text),) if spent.share >= MAILED else (),
        )


def lasts_until(bound: int, taken: int, now: datetime, zone: ZoneInfo) -> date | None:
    """The day on which it is used up if the month goes on as it began. None: not in this month.

    A month that has just begun is reckoned as a whole day: three videos before breakfast are no pace.
    """
    local = now.astimezone(zone)
    begun = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    elapsed = max(now - begun, DAY)
    if taken <= 0:
        return None
    empty_at = now + elapsed * (max(0, bound - taken) / taken)
    if empty_at >= resets_at(period_of(Span.MONTH, now, zone), zone):
        return None
    return empty_at.astimezone(zone).date()


def _is_shared(scope: Scope) -> bool:
    """A direct message is somebody's own, and personal limits speak only on that person's cards."""
    return scope.kind is ScopeKind.WORKSPACE or scope.key.startswith(("C", "G"))
