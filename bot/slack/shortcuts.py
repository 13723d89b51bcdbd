"""The shortcuts: "Make a video" from anywhere, and "Make a video from this" on a message: the way into threads."""

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from bot.jobs.model import Place
from bot.jobs.wish import Wish
from bot.slack.desk import Desk
from bot.slack.forms import Forms, Opening
from bot.slack.ids import CallbackId
from bot.slack.payloads import Body, Caller, caller_of
from bot.slack.people_messages import message_text
from bot.slack.people_pictures import MessagePictures


class ShortcutListeners:
    def __init__(self, *, forms: Forms, pictures: MessagePictures, desk: Desk) -> None:
        self._forms = forms
        self._pictures = pictures
        self._desk = desk

    def register(self, app: AsyncApp) -> None:
        guarded = self._desk.errors.reports_errors
        app.global_shortcut(CallbackId.MAKE.value)(guarded(self.make))
        app.message_shortcut(CallbackId.FROM_MESSAGE.value)(guarded(self.make_from_message))

    async def make(self, ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:
        await ack()
        caller = caller_of(body)

        async def opening() -> Opening:
            return Opening(wish=Wish(team_id=caller.team_id, user_id=caller.user_id, place=caller.place, prompt=""))

        await self._forms.open(client, caller, opening)

    async def make_from_message(self, ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:
        await ack()
        caller = caller_of(body)
        await self._forms.open(client, caller, lambda: self._from_message(client, caller, body))

    async def _from_message(self, client: AsyncWebClient, caller: Caller, body: Body) -> Opening:
        """The message's words, and its first picture, which may be somebody else's. The answer goes into its thread."""
        message = body.get("message") or {}
        thread_ts = str(message.get("thread_ts") or message.get("ts") or "") or None
        picture_id, notice = await self._pictures.taken(client, message)
        wish = Wish(
            team_id=caller.team_id,
            user_id=caller.user_id,
            place=Place(slack_channel_id=caller.slack_channel_id or caller.user_id, thread_ts=thread_ts),
            prompt=message_text(message),
            picture_id=picture_id,
        )
        return Opening(wish=wish, notice=notice, rights_confirmed=picture_id is None)
