"""Direct messages to the bot: a prompt or a picture gets Review and start, a subcommand its answer."""

import logging
from dataclasses import replace
from typing import Protocol, assert_never

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from bot.jobs.book import BookAway
from bot.slack.asking import Asking, wish_from
from bot.slack.desk import Desk
from bot.slack.failures import slack_failures
from bot.slack.lookups import Lookups
from bot.slack.message import Message
from bot.slack.options import Options
from bot.slack.payloads import Body, Caller
from bot.slack.people_messages import message_text
from bot.slack.people_pictures import MessagePictures
from bot.slack.rate import CommandRate
from bot.slack.text import Misread, Nothing, Prompt, Told, parse
from bot.slack.views import answers

_log = logging.getLogger(__name__)


class EventBook(Protocol):
    """Which events were answered, by any process; implemented by `store`."""

    async def is_new(self, team_id: str, event_id: str) -> bool:
        """True for the first who asks, False for all after. Raises BookAway."""


class DirectListener:
    def __init__(
        self,
        *,
        asking: Asking,
        lookups: Lookups,
        pictures: MessagePictures,
        events: EventBook,
        desk: Desk,
        rate: CommandRate,
    ) -> None:
        self._asking = asking
        self._lookups = lookups
        self._pictures = pictures
        self._desk = desk
        self._rate = rate
        self._events = events

    def register(self, app: AsyncApp) -> None:
        app.event("message")(self._desk.errors.reports_errors(self.written))

    async def written(self, ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:
        """Slack sends an event again when in doubt; starting something takes a click, so twice is only a nuisance."""
        await ack()
        event = body.get("event") or {}
        if not _is_a_persons(event):
            return
        caller = Caller(
            team_id=str(body.get("team_id") or event.get("team") or ""),
            user_id=str(event["user"]),
            slack_channel_id=str(event["channel"]),
            thread_ts=event.get("thread_ts"),
        )
        if await self._is_repeated(caller.team_id, body) or not self._rate.allows(caller.team_id, caller.user_id):
            return
        said = await self._answer(client, caller, event)
        with slack_failures("chat.postMessage"):
            await client.chat_postMessage(
                channel=caller.slack_channel_id, thread_ts=caller.thread_ts, text=said.text, blocks=said.blocks
            )

    async def _answer(self, client: AsyncWebClient, caller: Caller, event: Body) -> Message:
        """Nothing starts without a click: here nobody has seen a price yet. The text is unescaped already."""
        parsed = parse(message_text(event).replace("&", "&amp;"))
        if isinstance(parsed, Told):
            return await self._lookups.answer(caller, parsed)
        picture_id, notice = await self._pictures.taken(client, event)
        match parsed:
            case Nothing():
                if picture_id is None and not notice:
                    return await self._lookups.help()
                return answers.review_and_start("", await self._draft(caller, "", Options(), picture_id), notice=notice)
            case Misread(prompt=prompt, options=options):
                draft_id = await self._draft(caller, prompt, options, picture_id)
                return answers.misread(parsed.troubles, prompt, draft_id)
            case Prompt(prompt=prompt, options=options):
                draft_id = await self._draft(caller, prompt, options, picture_id)
                return answers.review_and_start(prompt, draft_id, notice=notice)
            case _:
                assert_never(parsed)

    async def _draft(self, caller: Caller, prompt: str, options: Options, picture_id: str | None) -> str:
        wish = replace(wish_from(caller, prompt, options), picture_id=picture_id)
        return await self._asking.draft(wish, rights_confirmed=picture_id is None)

    async def _is_repeated(self, team_id: str, body: Body) -> bool:
        """Where that cannot be known now, an answer too many is better than none."""
        event_id = str(body.get("event_id", ""))
        try:
            return bool(event_id) and not await self._events.is_new(team_id, event_id)
        except BookAway:
            _log.warning("whether this message was answered before is not known; it is answered")
            return False


def _is_a_persons(event: Body) -> bool:
    """A new message of a person in a direct conversation: no bots, no edits, no joins."""
    if event.get("channel_type") != "im" or event.get("bot_id") or not event.get("user"):
        return False
    return event.get("subtype") in {None, "file_share"}
