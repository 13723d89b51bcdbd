"""Incidents as topics: one per matter for who hears of services, one for who only hears of moved videos."""

from collections.abc import Sequence
from datetime import timedelta

from bot.catalogue.model import Tier
from bot.clock import Clock
from bot.slack.admin_ports import NoticeKind
from bot.slack.matters import Matter, matters, reminders_due
from bot.slack.notice_ports import Mail, Reply, Topic
from bot.slack.views.incident import Troubled, moving_told, reminder_told, removed_told, state_told, trouble_told
from bot.slack.views.told import SLACK, Pen
from bot.upstreams.health import HealthState
from bot.upstreams.incidents import WHOLE_SERVICE, Incidents
from bot.upstreams.registry import Registry

LOOKED_BACK = timedelta(days=60)
"""So that the first of a row of incidents, whose id names their notice, is always seen."""
TOLD_FOR = timedelta(days=1)
"""After its end: a Slack or a bot that was away hears of it so late."""
DOWN = frozenset({HealthState.SUSPENDED, HealthState.MAINTENANCE, HealthState.RETIRED})


class IncidentTopics:
    def __init__(self, *, incidents: Incidents, registry: Registry, clock: Clock, plain: Pen) -> None:
        """`plain` writes the e-mails."""
        self._incidents = incidents
        self._registry = registry
        self._clock = clock
        self._plain = plain

    async def topics(self, _team_id: str) -> Sequence[Topic]:
        """The same in every workspace: services are the operator's."""
        now = self._clock.now()
        known = {
            each.id: each
            for each in (*await self._incidents.changed_since(now - LOOKED_BACK), *await self._incidents.open())
        }
        fresh = [each for each in matters(known.values()) if not each.settled(now - TOLD_FOR)]
        out = {each.upstream for each in fresh for one in each.open if _is_out(one.state, one.model)}
        return [topic for each in fresh for topic in self._of(each, out)]

    def _of(self, matter: Matter, out: set[str]) -> list[Topic]:
        troubled = self._troubled(matter, out)
        if matter.upstream not in self._registry or matter.worst.removed:
            told = removed_told(troubled, SLACK).message()
            return [Topic(key=matter.key, kinds=(NoticeKind.STATUS,), message=told, begins=False, ends=True)]
        goes_on = matter.ended_at is None
        status = Topic(
            key=matter.key,
            kinds=(NoticeKind.STATUS,),
            message=trouble_told(troubled, SLACK).message(),
            begins=goes_on,
            ends=not goes_on,
            replies=self._replies(troubled),
            mails=self._mails(troubled),
        )
        moving = Topic(
            key=f"moved.{matter.key}",
            kinds=(NoticeKind.FAILOVER,),
            not_where=NoticeKind.STATUS,
            message=moving_told(troubled, SLACK).message(),
            begins=goes_on and matter.jobs_moved > 0,
            ends=not goes_on,
        )
        return [status, moving]

    def _replies(self, troubled: Troubled) -> tuple[Reply, ...]:
        matter, now = troubled.matter, self._clock.now()
        if matter.ended_at is None:
            told = [Reply(key=f"state.{matter.worst.state}", message=state_told(troubled, SLACK).message())]
            if due := reminders_due(matter, now):
                told.append(Reply(key=f"still.{due}", message=reminder_told(troubled, SLACK).message()))
            return tuple(told)
        # At once the first time; of what goes on and off only the end that lasts is told again.
        return (
            Reply(
                key=f"end.{matter.ended_at:%Y%m%dT%H%M%S}",
                message=trouble_told(troubled, SLACK).message(),
                first_of="" if matter.settled(now) else "end.",
            ),
        )

    def _mails(self, troubled: Troubled) -> tuple[Mail, ...]:
        """The beginning, and the end once it is one."""
        matter = troubled.matter
        subject, text = trouble_told(troubled, self._plain).mail()
        start = f"{matter.key}.start"
        if matter.ended_at is None:
            return (Mail(key=start, subject=subject, text=text),)
        if matter.settled(self._clock.now()):
            return (Mail(key=f"{matter.key}.end", subject=subject, text=text, after=start),)
        return ()

    def _troubled(self, matter: Matter, out: set[str]) -> Troubled:
        known = matter.upstream in self._registry
        models = self._registry.upstream(matter.upstream).models if known else ()
        labels = {each.name: each.label for each in models}
        return Troubled(
            matter=matter,
            label=self._registry.label(matter.upstream),
            models=tuple(labels.get(each, each) for each in matter.models),
            others=tuple(
                each.label
                for each in self._registry.upstreams
                if each.name not in {matter.upstream, *out} and each.tier is not Tier.PREVIEW
            ),
        )


def _is_out(state: HealthState, model: str) -> bool:
    return model == WHOLE_SERVICE and state in DOWN
