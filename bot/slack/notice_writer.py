"""The notice writer: brings every notice to what its topic says.

Nothing is queued: what is to be told are the topics, worked out anew at each look from the rows of those they are
about. One process writes a workspace's notices, by a lease in the database.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.jobs.ports import Alarm
from bot.slack.admin_ports import NoticeKind
from bot.slack.client import CALL_TIMEOUT_S, CONNECT_TIMEOUT_S
from bot.slack.failures import NotSent, TokenDead, TryLater
from bot.slack.notice_ports import POSTS_MAX, Notice, NoticeBook, NoticeState, Reply, Topic
from bot.slack.notice_poster import NoticePoster, hash_of

_log = logging.getLogger(__name__)

SWEEP_S = 5.0
LEASE_S = 2 * CALL_TIMEOUT_S + 5
"""Long enough that a call begun under the lease has ended, or been given up, before another holder may begin."""
LEASE_LEFT_MIN_S = CALL_TIMEOUT_S + CONNECT_TIMEOUT_S + 2
SPACING_S = 10.0
"""Between two edits of one notice; its end is not kept waiting."""
LATE_REPLIES_S = 1800.0
"""So long after a notice showed its end, its thread is looked at."""
GIVE_UP_MAX_S = 1.0

TopicsOf = Callable[[str], Awaitable[Sequence[Topic]]]
"""What is to be told in a workspace by now."""


class _LeaseOver(Exception):
    """Somebody else writes this workspace's notices now, or Slack asked for a pause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What there is to tell: functions by a name for the log."""

    by_name: Mapping[str, TopicsOf]

    async def topics(self, team_id: str) -> list[Topic]:
        """One source that fails must not silence the others."""
        found: list[Topic] = []
        for name, topics_of in self.by_name.items():
            try:
                found.extend(await topics_of(team_id))
            except Exception:  # noqa: BLE001
                _log.exception("what there is to tell could not be worked out", extra={"source": name})
        return found


@dataclass(slots=True, kw_only=True)
class _Tenure:
    team_id: str
    until: datetime


class NoticeWriter:
    """`run` is the loop."""

    def __init__(
        self,
        *,
        book: NoticeBook,
        sources: Sources,
        poster: NoticePoster,
        clock: Clock,
        alarm: Alarm,
        holder: str,
        alone: bool,
    ) -> None:
        """`holder` is new with every start. `alone`: the database belongs to one process, so its lease is taken over
        without waiting for it to run out."""
        self._book = book
        self._sources = sources
        self._poster = poster
        self._clock = clock
        self._alarm = alarm
        self._holder = holder
        self._alone = alone
        self._dead: set[str] = set()

    async def run(self) -> None:
        """Write notices until cancelled. What is on its way then is found as perhaps done by the next holder."""
        try:
            while True:
                await self.sweep()
                await self._clock.sleep(SWEEP_S)
        finally:
            await self._give_up()

    async def sweep(self) -> None:
        """One look at everything."""
        try:
            teams = await self._book.teams()
        except Exception:  # noqa: BLE001 - a database that is busy must not end the writer: the next sweep looks again
            _log.exception("notices could not be looked through")
            return
        for team_id in teams:
            if team_id in self._dead:
                continue
            try:
                await self._write_workspace(team_id)
            except _LeaseOver:
                continue
            except Exception:  # noqa: BLE001 - one workspace's trouble is not another's
                _log.exception("a workspace's notices could not be written", extra={"team": team_id})

    async def _write_workspace(self, team_id: str) -> None:
        tenure = _Tenure(team_id=team_id, until=self._clock.now())
        await self._hold(tenure)
        try:
            await self._tell_all(tenure, await self._sources.topics(team_id))
        except TryLater as busy:
            await self._book.pause(team_id, until=self._clock.now() + timedelta(seconds=busy.retry_after_s))
        except NotSent:
            _log.warning("Slack cannot be reached for notices; the next look tries again", extra={"team": team_id})
        except TokenDead as dead:
            self._dead.add(team_id)
            await self._alarm("slack_token_dead", {"team": team_id, "code": dead.code})

    async def _tell_all(self, tenure: _Tenure, topics: Sequence[Topic]) -> None:
        team_id = tenure.team_id
        chosen = await self._book.channels(team_id)
        there = {
            (each.topic, each.slack_channel_id): each
            for each in await self._book.notices(team_id, [topic.key for topic in topics])
        }
        for topic in topics:
            # Also where it was told before an admin chose otherwise: no message is left that says "out" for ever.
            old = [place for key, place in there if key == topic.key]
            for place in dict.fromkeys([*(_places(topic, chosen) if topic.begins else ()), *old]):
                notice = there.get((topic.key, place)) or await self._book.owe(team_id, topic.key, place)
                await self._tell(tenure, topic, notice)

    async def _tell(self, tenure: _Tenure, topic: Topic, notice: Notice) -> None:
        match notice.state:
            case NoticeState.OWED if topic.begins:
                await self._hold(tenure)
                if (posted := await self._poster.post(notice, topic.message, over=topic.ends)) is not None:
                    await self._go_on(tenure, topic, posted)
            case NoticeState.INTENT:  # a process that is no more: whether it was posted is not known
                await self._book.ended(notice, NoticeState.UNKNOWN)
            case NoticeState.UNKNOWN if topic.ends and not topic.begins and notice.posts < POSTS_MAX:
                await self._hold(tenure)
                await self._poster.post(notice, topic.message, over=True)
            case NoticeState.POSTED:
                await self._go_on(tenure, topic, notice)

    async def _go_on(self, tenure: _Tenure, topic: Topic, notice: Notice) -> None:
        now, shown_at = self._clock.now(), notice.shown_at or self._clock.now()
        said_once = topic.begins and topic.ends
        due = (topic.ends and not notice.over) or now >= shown_at + timedelta(seconds=SPACING_S)
        if not said_once and due and not (topic.ends and notice.over) and hash_of(topic.message) != notice.shown_hash:
            await self._hold(tenure)
            await self._poster.edit(notice, topic.message, over=topic.ends)
        if topic.replies and not (notice.over and now > shown_at + timedelta(seconds=LATE_REPLIES_S)):
            sent = await self._book.replied(notice)
            for reply in topic.replies:
                if _is_owed(reply, sent):
                    await self._hold(tenure)
                    await self._poster.reply(notice, reply)

    async def _hold(self, tenure: _Tenure) -> None:
        """The lease, renewed early enough that a whole call fits into what is left of it."""
        now = self._clock.now()
        if tenure.until - now >= timedelta(seconds=LEASE_LEFT_MIN_S):
            return
        until = now + timedelta(seconds=LEASE_S)
        lease = await self._book.lease(tenure.team_id, self._holder, now=now, until=until, at_once=self._alone)
        if lease is None or (lease.paused_until is not None and lease.paused_until > now):
            raise _LeaseOver
        tenure.until = until

    async def _give_up(self) -> None:
        """So that other processes need not wait for our leases to run out."""
        try:
            async with asyncio.timeout(GIVE_UP_MAX_S):
                await self._book.give_up(self._holder, now=self._clock.now())
        except Exception as error:  # noqa: BLE001 - we are ending; the lease ends by itself
            _log.warning("others will write the notices when our lease has run out (%s)", type(error).__name__)


def _is_owed(reply: Reply, sent: Mapping[str, NoticeState]) -> bool:
    if reply.first_of and any(key.startswith(reply.first_of) and key != reply.key for key in sent):
        return False
    return sent.get(reply.key, NoticeState.OWED) is NoticeState.OWED


def _places(topic: Topic, chosen: Mapping[NoticeKind, Sequence[str]]) -> list[str]:
    told_already = set(chosen.get(topic.not_where, ())) if topic.not_where is not None else set()
    wanted = [place for kind in topic.kinds for place in chosen.get(kind, ()) if place not in told_already]
    return list(dict.fromkeys([*topic.also, *wanted]))
