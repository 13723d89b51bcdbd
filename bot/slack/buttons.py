"""Buttons that carry a job: on cards, in listings, and where we could not post. Each click gets a sentence."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.jobs.wish import Wish
from bot.slack.asking import Asking, sent_directly
from bot.slack.desk import Desk
from bot.slack.errors import Listener
from bot.slack.forms import Forms, Opening
from bot.slack.ids import ActionId
from bot.slack.lookups import Lookups
from bot.slack.message import Message
from bot.slack.payloads import Body, Caller, Click, click_of
from bot.slack.views import answers, video_answers
from bot.slack.views.place import cannot_join


class CardSeen(Protocol):
    async def __call__(self, job_id: str, *, slack_channel_id: str, ts: str) -> None:
        """A click came from there, which is how a card whose post was never answered is found."""


class ButtonListeners:
    def __init__(self, *, asking: Asking, lookups: Lookups, forms: Forms, desk: Desk, card_seen: CardSeen) -> None:
        self._asking = asking
        self._jobs = asking.jobs
        self._lookups = lookups
        self._forms = forms
        self._desk = desk
        self._card_seen = card_seen

    def register(self, app: AsyncApp) -> None:
        uses: dict[ActionId, Callable[[Click, AsyncWebClient], Awaitable[Message]]] = {
            ActionId.CANCEL: self.cancel,
            ActionId.AGAIN: self.again,
            ActionId.DELETE: self.remove,
            ActionId.REMOVE: self.remove,
            ActionId.SEND_AGAIN: self.send_again,
            ActionId.KEEP_WAITING: self.keep_waiting,
            ActionId.ELSEWHERE: self.elsewhere,
            ActionId.SEND_TO_ME: self.send_to_me,
            ActionId.TRY_AGAIN: self.try_again,
            ActionId.JOIN_AND_START: self.join_and_start,
            ActionId.SHOW_VIDEO: self.show,
        }
        for action, use in uses.items():
            app.action(action.value)(self._desk.errors.reports_errors(self._answering(use)))
        app.action(ActionId.EDIT.value)(self._desk.errors.reports_errors(self.edit))

    def _answering(self, use: Callable[[Click, AsyncWebClient], Awaitable[Message]]) -> Listener:
        async def clicked(ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:
            click = click_of(body)
            await self._desk.answer_click(ack, click.caller, self._seen_and(use, click, client))

        return clicked

    async def _seen_and(
        self, use: Callable[[Click, AsyncWebClient], Awaitable[Message]], click: Click, client: AsyncWebClient
    ) -> Message:
        if click.message_ts and not click.is_ephemeral:
            await self._card_seen(click.value, slack_channel_id=click.caller.slack_channel_id, ts=click.message_ts)
        return await use(click, client)

    async def edit(self, ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:
        await ack()
        click = click_of(body)

        async def opening() -> Opening | None:
            wish = await self._wish(click)
            return None if wish is None else Opening(wish=wish)

        await self._forms.open(client, click.caller, opening)

    async def cancel(self, click: Click, _client: AsyncWebClient) -> Message:
        caller = click.caller
        return video_answers.cancel_said(await self._jobs.cancel(caller.team_id, caller.user_id, click.value))

    async def remove(self, click: Click, _client: AsyncWebClient) -> Message:
        caller = click.caller
        return video_answers.remove_said(await self._jobs.remove(caller.team_id, caller.user_id, click.value))

    async def again(self, click: Click, _client: AsyncWebClient) -> Message:
        """For anybody who sees the card, as their own order. Twice in two minutes is asked about."""
        wish = await self._wish(click)
        if wish is None:
            return video_answers.unknown_video()
        return await self._asking.ask(click.caller, wish, order_key=click.caller.trigger_id)

    async def send_again(self, click: Click, _client: AsyncWebClient) -> Message:
        sent = await self._jobs.send_again(click.caller.team_id, click.caller.user_id, click.value)
        return answers.told("On its way again. It costs nothing more.") if sent else video_answers.not_yours_or_over()

    async def keep_waiting(self, click: Click, _client: AsyncWebClient) -> Message:
        kept = await self._jobs.keep_waiting(click.caller.team_id, click.caller.user_id, click.value)
        return (
            answers.told("Fine, I keep watching. The video comes when it is done.")
            if kept
            else (video_answers.not_yours_or_over())
        )

    async def elsewhere(self, click: Click, _client: AsyncWebClient) -> Message:
        begun = await self._jobs.elsewhere(click.caller.team_id, click.caller.user_id, click.value)
        return (
            answers.told("Starting it at another service. Its message keeps you posted.")
            if begun
            else (video_answers.not_yours_or_over())
        )

    async def show(self, click: Click, _client: AsyncWebClient) -> Message:
        record = await self._jobs.record(click.caller.team_id, click.value)
        return video_answers.unknown_video() if record is None else await self._lookups.shown(record)

    async def send_to_me(self, click: Click, _client: AsyncWebClient) -> Message:
        return await self._once_more(click, sent_directly, order_key=f"{click.value}:directly")

    async def try_again(self, click: Click, _client: AsyncWebClient) -> Message:
        """Each refusal is a job of its own with buttons of its own, so one more try per message is enough."""
        return await self._once_more(click, replace, order_key=f"{click.value}:retry")

    async def join_and_start(self, click: Click, client: AsyncWebClient) -> Message:
        """Only on this click, only into the public channel it names."""
        record = await self._jobs.record(click.caller.team_id, click.value)
        if record is None or record.job.order.user_id != click.caller.user_id:
            return video_answers.not_yours_or_over()
        try:
            await client.conversations_join(channel=record.job.order.place.slack_channel_id)
        except SlackApiError:
            return cannot_join(record.job, bot_user_id=self._asking.replies.bot_user_id)
        return await self.try_again(click, client)

    async def _once_more(self, click: Click, changed: Callable[[Wish], Wish], *, order_key: str) -> Message:
        """The order that could not be posted, with its prompt and at most its price."""
        caller: Caller = click.caller
        record = await self._jobs.record(caller.team_id, click.value)
        wish = await self._wish(click)
        if record is None or wish is None or record.job.order.user_id != caller.user_id:
            return video_answers.not_yours_or_over()
        price = record.job.held_usd_micros
        return await self._asking.ask(caller, changed(wish), order_key=order_key, usd_micros_shown=price, again=True)

    async def _wish(self, click: Click) -> Wish | None:
        return await self._jobs.wish_of(click.caller.team_id, click.caller.user_id, click.value)
