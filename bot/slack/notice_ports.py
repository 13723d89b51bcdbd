"""What is told to Slack channels and by e-mail, as values, and the rows' port, implemented by `store`.

Every method is one transaction, committed when it returns. Methods that return bool are compare-and-set: False means
that somebody else has gone on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.slack.admin_ports import NoticeKind
from bot.slack.message import Message

POSTS_MAX = 2
"""The notice, and at most one that says its end where the first was perhaps never seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One message in a notice's thread, sent once. `key` is unique within the notice."""

    key: str
    message: Message
    first_of: str = ""
    """Only where no reply was sent whose key begins like this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One e-mail, sent once. `key` is unique within the workspace."""

    key: str
    subject: str
    text: str
    after: str = ""
    """Only where that one was sent: nobody is told of the end of what they never heard of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One matter and all that is to be told of it by now: one message per Slack channel, its thread, its e-mails."""

    key: str
    """Unique within the workspace, and the same for as long as the matter goes on."""
    kinds: tuple[NoticeKind, ...]
    """Which choices of the admins it follows."""
    also: tuple[str, ...] = ()
    """Slack channels that hear of it whatever the admins chose, because it is about them."""
    not_where: NoticeKind | None = None
    """Places that have chosen this kind hear of it in another topic already."""
    message: Message
    begins: bool = True
    """False: where nothing was said of it, nothing is said any more."""
    ends: bool = False
    """Nothing about it will change; together with `begins` it is said once and never edited."""
    replies: tuple[Reply, ...] = ()
    mails: tuple[Mail, ...] = ()


class NoticeState(StrEnum):
    OWED = "owed"
    """Nothing is on its way to Slack."""
    INTENT = "intent"
    """Committed before the call. Found by another process it means: perhaps done."""
    POSTED = "posted"
    UNKNOWN = "unknown"
    """The answer was lost; not repeated by itself."""
    REFUSED = "refused"
    """Slack does not let us post there; `refusal` is its word."""
    GONE = "gone"
    """Somebody deleted it, or Slack does not let us edit it any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message about one topic in one Slack channel."""

    id: int
    team_id: str
    topic: str
    slack_channel_id: str
    state: NoticeState = NoticeState.OWED
    posts: int = 0
    ts: str | None = None
    shown_hash: str = ""
    shown_at: datetime | None = None
    over: bool = False


class MailState(StrEnum):
    INTENT = "intent"
    SENT = "sent"
    FAILED = "failed"
    """Surely not sent, and not tried any more."""
    UNKNOWN = "unknown"
    """Perhaps sent; not repeated."""
    AGAIN = "again"
    """Surely not sent; tried once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeLease:
    """The right to write a workspace's notices."""

    paused_until: datetime | None


class NoticeBook(Protocol):
    async def teams(self) -> Sequence[str]:
        """Workspaces that are known."""

    async def lease(
        self, team_id: str, holder: str, *, now: datetime, until: datetime, at_once: bool
    ) -> NoticeLease | None:
        """Take or renew the right to write. None: another holder has it. `at_once`: no other process can be alive."""

    async def give_up(self, holder: str, *, now: datetime) -> None: ...

    async def pause(self, team_id: str, *, until: datetime) -> None: ...

    async def channels(self, team_id: str) -> Mapping[NoticeKind, Sequence[str]]:
        """What the admins chose."""

    async def notices(self, team_id: str, topics: Sequence[str]) -> Sequence[Notice]:
        """Those there are of these topics."""

    async def owe(self, team_id: str, topic: str, slack_channel_id: str) -> Notice:
        """The topic's notice in that Slack channel, created if there is none."""

    async def intend(self, notice: Notice, *, at: datetime) -> Notice | None:
        """The right to one post. None: the row is not as it was thought to be."""

    async def unsent(self, notice: Notice, *, back_to: NoticeState) -> None:
        """Proven: the intended post was not made."""

    async def posted(self, notice: Notice, *, ts: str, shown_hash: str, at: datetime, over: bool) -> None: ...

    async def ended(self, notice: Notice, state: NoticeState, *, refusal: str = "") -> None:
        """Of the intended post, or of the message that is there: `unknown`, `refused` or `gone`."""

    async def shown(self, notice: Notice, *, shown_hash: str, at: datetime, over: bool) -> None: ...

    async def replied(self, notice: Notice) -> Mapping[str, NoticeState]:
        """Messages in its thread, by key."""

    async def begin_reply(self, notice: Notice, key: str, *, at: datetime) -> bool:
        """The right to send it; it was never begun, or proven not sent."""

    async def reply_ended(self, notice: Notice, key: str, state: NoticeState) -> None: ...

    async def mails(self, team_id: str) -> bool:
        """Whether the admins want e-mails."""

    async def mail_states(self, team_id: str, keys: Sequence[str]) -> Mapping[str, MailState]:
        """Those that were begun."""

    async def begin_mail(self, team_id: str, key: str, *, at: datetime, again_before: datetime) -> int | None:
        """The right to send it, and which try this is. None: it was begun before; a failed try waits for its turn."""

    async def mail_ended(self, team_id: str, key: str, state: MailState, *, failure: str = "") -> None: ...

    async def refused_places(self, team_id: str) -> Mapping[str, str]:
        """Slack channels whose latest notice was refused, with Slack's word for it."""
