"""What people do in channels: type commands and messages, use shortcuts, send pictures, look at the app's home."""

import html
import re
from dataclasses import dataclass, field

from bot.demo.slack import payloads
from bot.demo.slack.deliveries import Ack, Deliveries
from bot.demo.slack.drawing import message_json
from bot.demo.slack.posting import post
from bot.demo.slack.refusals import NotOffered, Refusal
from bot.demo.slack.response_urls import answer
from bot.demo.slack.tickets import ResponseUrl
from bot.demo.slack.workspace import Channel, Json, Kind, Message, SlackFile, User
from bot.demo.slack.world import World

SLACKBOT = "USLACKBOT"
MENTION = re.compile(r"(?<![\w<])@([a-z0-9._-]+)")


@dataclass(slots=True, kw_only=True)
class Answered:
    """What a person saw at once. `error`: operation_timeout, dispatch_failed, not_in_threads or unknown_command."""

    acked: bool = False
    latency_s: float = 0.0
    payload: Json | None = None
    error: str = ""
    said: Message | None = None
    """The message that the acknowledgement itself carried."""
    told: Json = field(default_factory=dict, repr=False)
    """What the app was sent: its trigger_id, its response_url."""


class People:
    """Everybody who is not the app. A person or channel may be named by id or by name."""

    def __init__(self, world: World, deliveries: Deliveries) -> None:
        self.world = world
        self.deliveries = deliveries

    async def command(
        self, user: User | str, channel: Channel | str, name: str, text: str = "", *, thread_ts: str | None = None
    ) -> Answered:
        """Type a slash command. In a thread the composer refuses it, and the app never hears of it."""
        person, place = self._who(user), self._where(user, channel)
        if thread_ts is not None:
            return self._told_off(person, place, f"{name} is not supported in threads. Sorry!", "not_in_threads")
        if name not in self.world.app.commands:
            return self._told_off(person, place, f"{name} is not a valid command.", "unknown_command")
        escaped = html.escape(text, quote=False)
        if self.world.app.commands[name]:
            escaped = MENTION.sub(self._mention, escaped)
        url = self.world.tickets.response(person.id, place.id)
        told = payloads.command(self.world, person, place, name, escaped, self._address(url))
        ack = await self.deliveries.deliver("slash_commands", told)
        answered = self._answered(ack)
        if not ack.acked:
            self._told_off(person, place, f'{name} failed with the error "{ack.error}"', ack.error)
        elif ack.payload:
            if ack.payload.get("response_type") == "in_channel":
                post(self.world, place, user_id=person.id, text=f"{name} {text}".rstrip(), subtype="slash_command")
            answered.said = self._say_in_ack(url, ack.payload)
        return answered

    async def message_shortcut(self, user: User | str, channel: Channel | str, ts: str, callback_id: str) -> Answered:
        """Use the app's item in a message's menu; ephemeral messages have none.

        Raises:
            NotOffered: no such shortcut, or no such message for this person.
        """
        person, place = self._who(user), self._where(user, channel)
        said = place.message(ts)
        if self.world.app.shortcuts.get(callback_id) != "message" or said is None:
            raise NotOffered(f"no message shortcut {callback_id} at {ts}")
        url = self.world.tickets.response(person.id, place.id, thread_ts=said.thread_ts)
        told = payloads.message_action(self.world, person, said, callback_id, self._address(url))
        return self._answered(await self.deliveries.deliver("interactive", told))

    async def global_shortcut(self, user: User | str, callback_id: str) -> Answered:
        """Use the app's item in the lightning menu.

        Raises:
            NotOffered: no such shortcut.
        """
        if self.world.app.shortcuts.get(callback_id) != "global":
            raise NotOffered(f"no global shortcut {callback_id}")
        told = payloads.shortcut(self.world, self._who(user), callback_id)
        return self._answered(await self.deliveries.deliver("interactive", told))

    async def say(
        self, user: User | str, channel: Channel | str, text: str, *, thread_ts: str | None = None,
        files: list[SlackFile] | None = None,
    ) -> Message:  # fmt: skip
        """Write a message. The app hears of it where it is a member and listens; `@name` mentions somebody."""
        person, place = self._who(user), self._where(user, channel)
        if place.is_archived:
            raise NotOffered(f"{place.name} is archived")
        marked = MENTION.sub(self._mention, html.escape(text, quote=False))
        paragraph = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
        said = post(
            self.world, place, user_id=person.id, text=marked, thread_ts=thread_ts,
            blocks=[{"type": "rich_text", "elements": [paragraph]}] if text else [],
            file_ids=[each.id for each in files or []], subtype="file_share" if files else None,
        )  # fmt: skip
        for each in files or []:
            each.shares.setdefault(place.id, []).append(said.ts)
        if self.world.app.user_id in place.members:
            self.deliveries.event(payloads.message_event(self.world, said))
            if f"<@{self.world.app.user_id}>" in marked and place.kind is not Kind.DIRECT:
                self.deliveries.event(payloads.message_event(self.world, said, type="app_mention"))
        return said

    async def upload_picture(
        self, user: User | str, content: bytes, name: str, *, mimetype: str = "image/png"
    ) -> SlackFile:
        """A file from somebody's machine, for a message or for the picture field of a form."""
        id = self.world.workspace.new_id("F")
        path = self.world.directory / id
        path.write_bytes(content)
        file = SlackFile(
            id=id, name=name, length=len(content), user_id=self._who(user).id, path=path, secret="", title=name,
            mimetype=mimetype, received=len(content), is_completed=True, created_at=self.world.clock.now(),
        )  # fmt: skip
        self.world.workspace.files[id] = file
        return file

    async def open_home(self, user: User | str, *, tab: str = "home") -> None:
        """Look at the app's home or messages tab."""
        person = self._who(user)
        event: Json = {
            "type": "app_home_opened", "user": person.id, "tab": tab,
            "channel": self.world.workspace.direct(person.id, self.world.app.user_id).id,
            "event_ts": self.world.workspace.new_ts(self.world.clock.now()),
        }  # fmt: skip
        self.deliveries.event(event)

    async def delete_message(self, said: Message) -> None:
        """Somebody with the right to do so removes a message."""
        said.is_deleted = True
        self.world.feed.tell(
            "message.deleted", channel=said.channel_id, ts=said.ts, thread_ts=said.thread_ts, user=None,
            message=message_json(self.world, said),
        )  # fmt: skip

    async def uninstall(self) -> None:
        """An admin removes the app: its token dies, and it is told."""
        self.world.app.is_revoked = True
        self.deliveries.event({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [self.world.app.user_id]}})
        self.deliveries.event({"type": "app_uninstalled"})

    def _who(self, user: User | str) -> User:
        return self.world.workspace.user(user)

    def _where(self, user: User | str, channel: Channel | str) -> Channel:
        """A channel this person is in; the app's name or id means their direct messages with it."""
        person, app = self._who(user), self.world.app
        if channel in {app.user_id, app.name} if isinstance(channel, str) else False:
            return self.world.workspace.direct(person.id, app.user_id)
        place = self.world.workspace.channel(channel)
        if person.id not in place.members:
            raise NotOffered(f"{person.name} is not in {place.name or place.id}")
        return place

    def _address(self, url: ResponseUrl) -> str:
        return f"{self.world.origin}/response/{url.secret}"

    def _mention(self, found: re.Match[str]) -> str:
        try:
            return f"<@{self.world.workspace.user(found.group(1)).id}>"
        except NotOffered:
            return found.group(0)

    def _answered(self, ack: Ack) -> Answered:
        return Answered(acked=ack.acked, latency_s=ack.latency_s, payload=ack.payload, error=ack.error, told=ack.told)

    def _told_off(self, person: User, place: Channel, words: str, error: str) -> Answered:
        """Slackbot's private remark under the composer."""
        said = post(self.world, place, user_id=SLACKBOT, text=words, ephemeral_to=person.id)
        return Answered(error=error, said=said)

    def _say_in_ack(self, url: ResponseUrl, told: Json) -> Message | None:
        try:
            return answer(self.world, url, told)
        except Refusal:
            return None
