"""Notices as their channels show them: one message for one stretch of trouble and Slack channel, and no more.

Later states are edits and replies. A second message may come once it is over, where the bot cannot know if the first
is there. What one stretch is, is worked out here from the rows of incidents, not asked of the bot.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.slack.admin_ports import NoticeKind
from bot.upstreams.health import HealthState
from tests.simulator.incident_watch import Told
from tests.simulator.services import Service
from tests.simulator.slack_town import Message
from tests.simulator.virtual_loop import START

PLACES: Mapping[NoticeKind, tuple[str, ...]] = {NoticeKind.STATUS: ("C0", "CNEWS"), NoticeKind.FAILOVER: ("CMOVES",)}
"""What the admins of a fleet chose; people order videos in the first one."""
ONE_STRETCH = timedelta(minutes=15)
"""What begins anew so soon goes on."""
TOLD_WITHIN = timedelta(minutes=10)
"""A death, a pause that Slack asked for, and an edit come in between."""
WRITTEN_S = 60.0
OVER = "again."
"""How the title of a notice ends whose trouble is over."""


@dataclass(slots=True)
class _Stretch:
    """Incidents of one service that overlap or follow one another. A model that is gone for good is one of its own."""

    service: str
    incidents: list[Told]

    @property
    def began_at(self) -> datetime:
        return min(each.began_at for each in self.incidents)

    @property
    def ended_at(self) -> datetime | None:
        ends = [each.ended_at for each in self.incidents]
        return None if None in ends else max(end for end in ends if end is not None)


@dataclass
class NoticeWatch:
    clock: Clock
    services: Mapping[str, Service]
    incidents: Mapping[int, Told]
    against: Callable[[str], None]
    messages: list[tuple[str, Message]] = field(default_factory=list)
    """(service, message): every one that stands in a channel by itself."""
    disturbed_s: list[float] = field(default_factory=list)

    def posted(self, message: Message) -> None:
        places = {each for places in PLACES.values() for each in places}
        is_ours = message.channel in places and message.thread_ts is None and not message.text.startswith("card ")
        service = self._service_of(message) if is_ours else None
        if service is None:
            return
        stretch = self._newest(service, message)
        if stretch is None:
            self.against(f"{message.text!r} in {message.channel}, and nothing is wrong with {service}")
            return
        earlier = self._about(stretch, message.channel)
        self.messages.append((service, message))
        if not earlier or message.given_up:
            return
        words = f"{message.text!r} in {message.channel}, where {earlier[0].text!r} stands already"
        if stretch.ended_at is None:
            self.against(f"{words}, while it goes on")
        elif len(earlier) > 1 or not self._unsure(earlier[0]):
            self.against(words)

    def disturbed(self) -> None:
        self.disturbed_s.append(self._now_s())

    def ended(self) -> None:
        """The history is over: what lasted was told, and what is over is told as over."""
        now = self.clock.now()
        for stretch in self._stretches():
            began, ended = stretch.began_at, stretch.ended_at
            if (ended or now) - began < TOLD_WITHIN:
                continue
            for place in PLACES[NoticeKind.STATUS]:
                there = self._about(stretch, place)
                if not there:
                    self.against(
                        f"{stretch.service} was in trouble from {began:%d. %H:%M} on; {place} never heard of it"
                    )
                elif ended is not None and now - ended >= TOLD_WITHIN and not any(OVER in each.text for each in there):
                    self.against(f"{there[-1].text!r} stands in {place}, and it is over since {ended:%d. %H:%M}")

    def _service_of(self, message: Message) -> str | None:
        """A title names its service, or the lines below it do."""
        for text in (message.text, json.dumps(message.blocks)):
            named = [name for name, each in self.services.items() if each.protocol.label in text]
            if len(named) == 1:
                return named[0]
        return None

    def _newest(self, service: str, message: Message) -> _Stretch | None:
        """What a message is about. Only who says "shut down" speaks of what is gone."""
        found = [each for each in self._stretches() if each.service == service]
        gone = _says_gone(message)
        return next((each for each in reversed(found) if _is_gone(each.incidents) is gone), None)

    def _about(self, stretch: _Stretch, place: str) -> list[Message]:
        """Messages about it in that channel: by their moment, up to where the next stretch of the service begins."""
        gone = _is_gone(stretch.incidents)
        alike = [each for each in self._stretches() if each.service == stretch.service]
        after = [
            each.began_at for each in alike if each.began_at > stretch.began_at and _is_gone(each.incidents) is gone
        ]
        until = min(after, default=None)
        return [
            message
            for service, message in self.messages
            if service == stretch.service
            and message.channel == place
            and _says_gone(message) is gone
            and _moment(message) >= stretch.began_at
            and (until is None or _moment(message) < until)
        ]

    def _unsure(self, message: Message) -> bool:
        died = any(message.at_s <= each <= message.at_s + WRITTEN_S for each in self.disturbed_s)
        return message.given_up or not message.answered or died

    def _stretches(self) -> list[_Stretch]:
        """Oldest first."""
        told = sorted(self.incidents.values(), key=lambda each: each.began_at)
        found = [_Stretch(each.upstream, [each]) for each in told if _is_gone([each])]
        for name in self.services:
            lasting = [each for each in told if each.upstream == name and not _is_gone([each])]
            found += [_Stretch(name, piece) for piece in _pieces(lasting)]
        return sorted(found, key=lambda each: each.began_at)

    def _now_s(self) -> float:
        return (self.clock.now() - START).total_seconds()


def _pieces(incidents: Iterable[Told]) -> Iterator[list[Told]]:
    piece: list[Told] = []
    for each in incidents:
        ends = [one.ended_at for one in piece]
        goes_on = None in ends or any(end is not None and each.began_at <= end + ONE_STRETCH for end in ends)
        if piece and not goes_on:
            yield piece
            piece = []
        piece.append(each)
    if piece:
        yield piece


def _is_gone(incidents: Iterable[Told]) -> bool:
    return all(each.state == HealthState.RETIRED.value for each in incidents)


def _says_gone(message: Message) -> bool:
    return "shut down" in f"{message.text} {json.dumps(message.blocks)}"


def _moment(message: Message) -> datetime:
    return START + timedelta(seconds=message.at_s)
