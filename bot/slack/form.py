"""The form's listeners: a change redraws it, sending it starts the video."""

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.desk import Desk
from bot.slack.forms import Forms
from bot.slack.ids import FORM_FIELDS, FORM_SELECTS, ActionId, CallbackId
from bot.slack.payloads import Body, form_of
from bot.slack.views.form import done_view

TOO_OLD = "This form is from another time. Please open a new one; nothing was charged."


class FormListeners:
    def __init__(self, *, forms: Forms, desk: Desk) -> None:
        self._forms = forms
        self._desk = desk

    def register(self, app: AsyncApp) -> None:
        guarded = self._desk.errors.reports_errors
        app.view(CallbackId.FORM.value)(guarded(self.sent))
        for action in FORM_SELECTS:
            app.action(action.value)(guarded(self.changed))
        for action in FORM_FIELDS:
            app.action(action.value)(guarded(self.typed))

    async def changed(self, ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:
        await ack()
        form = form_of(body)
        if form is not None:
            pressed = {each.get("action_id") for each in body.get("actions", [])}
            await self._forms.redraw(client, form, more=ActionId.FORM_MORE.value in pressed)

    async def typed(self, ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:  # noqa: ARG002
        """Fields are read when the form is sent; a client that tells of them before is only thanked."""
        await ack()

    async def sent(self, ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:
        form = form_of(body)
        if form is None:
            await ack(response_action="update", view=done_view(TOO_OLD))
            return
        await self._desk.answer_form(ack, client, form, self._forms.send(client, form))
