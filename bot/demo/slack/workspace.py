"""What a workspace holds: people, channels, messages, files, and the forms that are open."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from bot.demo.slack.refusals import NotOffered

Json = dict[str, Any]


class Kind(StrEnum):
    PUBLIC = "public"
    PRIVATE = "private"
    DIRECT = "direct"
    GROUP = "group"


@dataclass(slots=True, kw_only=True)
class User:
    id: str
    name: str
    real_name: str
    is_bot: bool = False
    is_admin: bool = False
    tz: str = "Europe/Berlin"
    tz_offset_s: int = 3600


@dataclass(slots=True, kw_only=True)
class Message:
    """One message. `pings` is everybody its markup names; `notified` only whom it told, which an edit never does."""

    ts: str
    channel_id: str
    user_id: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    file_ids: list[str] = field(default_factory=list)
    thread_ts: str | None = None
    ephemeral_to: str | None = None
    subtype: str | None = None
    metadata: Json | None = None
    reply_broadcast: bool = False
    edits: int = 0
    edited_ts: str | None = None
    is_deleted: bool = False
    pings: list[str] = field(default_factory=list)
    notified: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    posted_at: datetime

    @property
    def is_reply(self) -> bool:
        return self.thread_ts is not None and self.thread_ts != self.ts

    def seen_by(self, user_id: str) -> bool:
        """Whether this person's screen shows it, once they are in its channel."""
        return not self.is_deleted and self.ephemeral_to in {None, user_id}


@dataclass(slots=True, kw_only=True)
class Channel:
    """A channel or a direct message. A direct one has its two people as members."""

    id: str
    name: str
    kind: Kind
    members: set[str]
    is_archived: bool = False
    is_ext_shared: bool = False
    refuses: str | None = None
    """An error code with which every post is refused: `restricted_action`, `posting_to_channel_denied`, ..."""
    messages: list[Message] = field(default_factory=list)

    def message(self, ts: str) -> Message | None:
        """A message that is still there; ephemeral ones exist for no method."""
        found = self.find(ts)
        return None if found is None or found.is_deleted or found.ephemeral_to else found

    def find(self, ts: str) -> Message | None:
        return next((each for each in reversed(self.messages) if each.ts == ts), None)

    def replies(self, ts: str) -> list[Message]:
        return [each for each in self.messages if each.thread_ts == ts and each.ts != ts and not each.is_deleted]


@dataclass(slots=True, kw_only=True)
class SlackFile:
    """A granted upload, and the file it becomes when it is completed."""

    id: str
    name: str
    length: int
    user_id: str
    path: Path
    secret: str
    """The unguessable part of its upload URL."""
    alt_txt: str = ""
    title: str = ""
    mimetype: str = ""
    received: int | None = None
    is_completed: bool = False
    is_deleted: bool = False
    looks: int = 0
    """How often `files.info` was asked since it was completed."""
    shares: dict[str, list[str]] = field(default_factory=dict)
    """Channel id to the `ts` of each message that shows it."""
    created_at: datetime


@dataclass(slots=True, kw_only=True)
class View:
    """A modal or a home tab as one person has it on the screen. `values` is what they have entered."""

    id: str
    user_id: str
    type: str
    hash: str
    told: Json
    """The view as the app gave it."""
    root_view_id: str
    previous_view_id: str | None = None
    channel_id: str | None = None
    """Where the person was when it opened: what `default_to_current_conversation` fills in."""
    values: dict[str, dict[str, Json]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def blocks(self) -> list[Json]:
        return list(self.told.get("blocks") or [])

    @property
    def external_id(self) -> str:
        return str(self.told.get("external_id") or "")

    @property
    def title(self) -> str:
        return str((self.told.get("title") or {}).get("text", ""))


@dataclass(slots=True, kw_only=True)
class Workspace:
    """Everything at once. Tests and the page read it freely; changes go through the methods of Slack and of people."""

    team_id: str
    domain: str
    users: dict[str, User] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    files: dict[str, SlackFile] = field(default_factory=dict)
    stacks: dict[str, list[View]] = field(default_factory=dict)
    """The modals each person has open, the visible one last."""
    homes: dict[str, View] = field(default_factory=dict)
    known_views: dict[str, View] = field(default_factory=dict)
    """Every view ever opened: a closed one answers `not_found`."""
    last_tick_us: int = 0
    count: int = 0

    def user(self, wanted: "User | str") -> User:
        """By the user, id or name.

        Raises:
            NotOffered: nobody is called that.
        """
        if isinstance(wanted, User):
            return wanted
        for each in self.users.values():
            if wanted in {each.id, each.name}:
                return each
        raise NotOffered(f"nobody is called {wanted}")

    def channel(self, wanted: "Channel | str") -> Channel:
        """By the channel, id or name, with or without `#`."""
        if isinstance(wanted, Channel):
            return wanted
        for each in self.channels.values():
            if wanted.removeprefix("#") in {each.id, each.name}:
                return each
        raise NotOffered(f"no channel is called {wanted}")

    def direct(self, one_id: str, other_id: str) -> Channel:
        """The direct messages between two people, opened at the first use."""
        members = {one_id, other_id}
        for each in self.channels.values():
            if each.kind is Kind.DIRECT and each.members == members:
                return each
        channel = Channel(id=self.new_id("D"), name="", kind=Kind.DIRECT, members=members)
        self.channels[channel.id] = channel
        return channel

    def new_id(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}0{self.count:09d}"

    def new_ts(self, now: datetime) -> str:
        """A message's time, which is also its name: never given twice, always growing."""
        self.last_tick_us = max(int(now.timestamp() * 1_000_000), self.last_tick_us + 1)
        return f"{self.last_tick_us // 1_000_000}.{self.last_tick_us % 1_000_000:06d}"

    @property
    def messages(self) -> list[Message]:
        """Every message of every channel, in the order of posting, deleted and ephemeral ones too."""
        return sorted((each for channel in self.channels.values() for each in channel.messages), key=lambda m: m.ts)

    def open_view(self, view_id: str) -> View | None:
        """A modal on somebody's screen or a home tab; None when it is closed."""
        on_screen = [*(view for stack in self.stacks.values() for view in stack), *self.homes.values()]
        return next((view for view in on_screen if view.id == view_id), None)
