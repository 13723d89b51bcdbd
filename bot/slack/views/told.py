"""One text for two roads: what a notice says, as a message in Slack and as a plain e-mail."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.slack.message import Message
from bot.slack.views.blocks import context, message, section
from bot.slack.views.words import moment, quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Pen:
    """How the same words are written on one road."""

    foreign: Callable[[str], str]
    """Somebody else's words or names: they can neither ping nor format."""
    at: Callable[[datetime], str]
    channel: Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """`title` is a whole sentence with its icon before it; `small` is what matters less."""

    icon: str
    title: str
    lines: tuple[str, ...] = ()
    small: tuple[str, ...] = ()

    def message(self) -> Message:
        """Written with Slack's pen."""
        lines = [f"{self.icon} *{self.title}*", *(each for each in self.lines if each)]
        return message(f"{self.title}", section("\n".join(lines)), context(*self.small))

    def mail(self) -> tuple[str, str]:
        """Subject and text, written with the plain pen."""
        parts = [self.title, *(each for each in self.lines if each), *(each for each in self.small if each)]
        return self.title, "\n\n".join(parts) + "\n"


SLACK = Pen(foreign=quoted, at=moment, channel=lambda place: f"<#{place}>")


def plain(zone: ZoneInfo) -> Pen:
    """For e-mails: times are the workspace's."""
    return Pen(
        foreign=lambda words: " ".join(words.split()),
        at=lambda time: f"{time.astimezone(zone):%Y-%m-%d %H:%M} {time.astimezone(zone).tzname()}",
        channel=lambda place: f"the Slack channel {place}",
    )
