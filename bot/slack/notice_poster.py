"""Notices on their way to Slack: posted at most once for each intent that was committed first, edited, answered to."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import Clock
from bot.jobs.ports import Alarm
from bot.slack.failures import NotSent, OutcomeUnknown, SlackFailure, TokenDead, TryLater, slack_failures
from bot.slack.message import Message
from bot.slack.notice_ports import Notice, NoticeBook, NoticeState, Reply
from bot.slack.posting import post

_log = logging.getLogger(__name__)


class NoticePoster:
    """Each method is one call to Slack at most.

    They raise TryLater, NotSent and TokenDead, having written down that nothing was done; the rest is in the rows.
    """

    def __init__(self, *, slack: AsyncWebClient, book: NoticeBook, clock: Clock, alarm: Alarm) -> None:
        self._slack = slack
        self._book = book
        self._clock = clock
        self._alarm = alarm

    async def post(self, notice: Notice, message: Message, *, over: bool) -> Notice | None:
        """As it is when it was posted. None: it was not, as far as we know."""
        begun = await self._book.intend(notice, at=self._clock.now())
        if begun is None:
            return None
        try:
            _, ts = await post(self._slack, message, slack_channel_id=notice.slack_channel_id, thread_ts=None)
        except (TryLater, NotSent, TokenDead):
            await self._book.unsent(begun, back_to=notice.state)
            raise
        except OutcomeUnknown:
            await self._book.ended(begun, NoticeState.UNKNOWN)
            await self._alarm("notice_perhaps_posted", {"notice": notice.topic, "channel": notice.slack_channel_id})
        except SlackFailure as refusal:
            await self._book.ended(begun, NoticeState.REFUSED, refusal=refusal.code)
            await self._alarm("notice_refused", {"channel": notice.slack_channel_id, "code": refusal.code})
        else:
            shown, at = hash_of(message), self._clock.now()
            await self._book.posted(begun, ts=ts, shown_hash=shown, at=at, over=over)
            return replace(begun, state=NoticeState.POSTED, ts=ts, shown_hash=shown, shown_at=at, over=over)
        return None

    async def edit(self, notice: Notice, message: Message, *, over: bool) -> None:
        """May be done twice. An answer that got lost leaves the row as it is: the next look edits again."""
        try:
            with slack_failures("chat.update"):
                await self._slack.chat_update(
                    channel=notice.slack_channel_id, ts=notice.ts or "", text=message.text, blocks=message.blocks
                )
        except (TryLater, NotSent, TokenDead):
            raise
        except OutcomeUnknown:
            return
        except SlackFailure as refusal:
            _log.warning("a notice takes no more edits", extra={"notice": notice.topic, "code": refusal.code})
            await self._book.ended(notice, NoticeState.GONE, refusal=refusal.code)
        else:
            await self._book.shown(notice, shown_hash=hash_of(message), at=self._clock.now(), over=over)

    async def reply(self, notice: Notice, reply: Reply) -> None:
        """One message in the notice's thread, unless it was sent, perhaps, before."""
        if not await self._book.begin_reply(notice, reply.key, at=self._clock.now()):
            return
        ended = NoticeState.POSTED
        try:
            await post(self._slack, reply.message, slack_channel_id=notice.slack_channel_id, thread_ts=notice.ts)
        except (TryLater, NotSent, TokenDead):
            await self._book.reply_ended(notice, reply.key, NoticeState.OWED)
            raise
        except OutcomeUnknown:
            ended = NoticeState.UNKNOWN
        except SlackFailure as refusal:
            _log.warning("a notice's thread takes no message", extra={"notice": notice.topic, "code": refusal.code})
            ended = NoticeState.REFUSED
        await self._book.reply_ended(notice, reply.key, ended)

    async def try_out(self, team_id: str, places: Sequence[str], topic: str, message: Message) -> Mapping[str, str]:
        """Post it in Slack channels that were chosen just now. Those that refused, with Slack's word for it."""
        for place in places:
            notice = await self._book.owe(team_id, topic, place)
            if notice.state is not NoticeState.OWED:
                continue
            try:
                await self.post(notice, message, over=True)
            except SlackFailure as failure:
                _log.warning("a place could not be tried out", extra={"channel": place, "code": failure.code})
        refused = await self._book.refused_places(team_id)
        return {place: refused[place] for place in places if place in refused}


def hash_of(message: Message) -> str:
    """Tells two drawings apart."""
    drawn = json.dumps([message.text, message.blocks], sort_keys=True)
    return hashlib.sha256(drawn.encode()).hexdigest()[:32]
