"""The second road: e-mails, each sent at most once, by whichever process is first; a slow server holds up no notice."""

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from bot.clock import Clock
from bot.jobs.ports import Alarm
from bot.mail.post import MailNotSent, MailPerhapsSent
from bot.slack.notice_ports import Mail, MailState, NoticeBook
from bot.slack.notice_writer import Sources

_log = logging.getLogger(__name__)

SWEEP_S = 15.0
TRIES_MAX = 5
AGAIN_AFTER = timedelta(minutes=2)


class Post(Protocol):
    """The post office; `mail.post.PostOffice`."""

    async def send(self, subject: str, text: str, *, message_id: str) -> None:
        """
        Raises:
            MailNotSent, MailPerhapsSent
        """


class NoticeMails:
    """`run` is the loop."""

    def __init__(self, *, book: NoticeBook, sources: Sources, post: Post, clock: Clock, alarm: Alarm) -> None:
        self._book = book
        self._sources = sources
        self._post = post
        self._clock = clock
        self._alarm = alarm

    async def run(self) -> None:
        while True:
            try:
                await self.once()
            except Exception:  # noqa: BLE001 - a busy database must not end this: the next look tries again
                _log.exception("e-mails could not be looked through")
            await self._clock.sleep(SWEEP_S)

    async def once(self) -> None:
        """One look at everything."""
        for team_id in await self._book.teams():
            await self._write_workspace(team_id)

    async def _write_workspace(self, team_id: str) -> None:
        mails = [mail for topic in await self._sources.topics(team_id) for mail in topic.mails]
        if not mails or not await self._book.mails(team_id):
            return
        keys = [key for each in mails for key in (each.key, each.after) if key]
        states = await self._book.mail_states(team_id, keys)
        for mail in _owed(mails, states):
            await self._send_once(team_id, mail)

    async def _send_once(self, team_id: str, mail: Mail) -> None:
        now = self._clock.now()
        nth = await self._book.begin_mail(team_id, mail.key, at=now, again_before=now - AGAIN_AFTER)
        if nth is None:
            return
        try:
            await self._post.send(mail.subject, mail.text, message_id=f"{team_id}.{mail.key}")
        except MailPerhapsSent:
            await self._book.mail_ended(team_id, mail.key, MailState.UNKNOWN, failure="no answer")
            await self._alarm("mail_perhaps_sent", {"mail": mail.key})
        except MailNotSent as failure:
            again = failure.again and nth < TRIES_MAX
            state = MailState.AGAIN if again else MailState.FAILED
            await self._book.mail_ended(team_id, mail.key, state, failure=failure.words)
            await self._alarm("mail_not_sent", {"mail": mail.key, "why": failure.words, "again": again})
        else:
            await self._book.mail_ended(team_id, mail.key, MailState.SENT)


def _owed(mails: Sequence[Mail], states: Mapping[str, MailState]) -> list[Mail]:
    return [
        each
        for each in mails
        if states.get(each.key, MailState.AGAIN) is MailState.AGAIN and (not each.after or each.after in states)
    ]
