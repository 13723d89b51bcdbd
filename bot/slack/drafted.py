"""Buttons that carry a draft: open the form with it, or start it at the price that stands on the button."""

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.asking import Asking
from bot.slack.desk import Desk
from bot.slack.forms import Forms, Opening
from bot.slack.ids import ActionId
from bot.slack.lookups import Lookups
from bot.slack.message import Message
from bot.slack.payloads import Body, Click, click_of
from bot.slack.views import answers


class DraftListeners:
    def __init__(self, *, asking: Asking, forms: Forms, lookups: Lookups, desk: Desk) -> None:
        self._asking = asking
        self._forms = forms
        self._lookups = lookups
        self._desk = desk

    def register(self, app: AsyncApp) -> None:
        guarded = self._desk.errors.reports_errors
        app.action(ActionId.OPEN_FORM.value)(guarded(self.open))
        for action in (ActionId.CONFIRM_PRICE, ActionId.CONFIRM_AGAIN, ActionId.TAKE_CHEAPER):
            app.action(action.value)(guarded(self.start))
        app.action(ActionId.STATUS_DETAILS.value)(guarded(self.status_details))

    async def open(self, ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:
        await ack()
        click = click_of(body)

        async def opening() -> Opening | None:
            draft = await self._asking.drafts.get(click.caller.team_id, click.caller.user_id, click.value)
            return None if draft is None else Opening(wish=draft.wish, rights_confirmed=draft.rights_confirmed)

        await self._forms.open(client, click.caller, opening)

    async def start(self, ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:  # noqa: ARG002
        click = click_of(body)
        await self._desk.answer_click(ack, click.caller, self._started(click), replaces=click.is_ephemeral)

    async def _started(self, click: Click) -> Message:
        """One draft is one job, however often the button is pressed."""
        draft = await self._asking.drafts.get(click.caller.team_id, click.caller.user_id, click.value)
        if draft is None:
            return answers.draft_gone()
        return await self._asking.ask(
            click.caller,
            draft.wish,
            order_key=f"draft:{click.value}",
            usd_micros_shown=draft.usd_micros_shown,
            again=draft.again,
        )

    async def status_details(self, ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:  # noqa: ARG002
        click = click_of(body)
        answering = self._lookups.status(click.caller, details=True)
        await self._desk.answer_click(ack, click.caller, answering, replaces=click.is_ephemeral)
