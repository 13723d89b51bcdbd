"""`/sora settings`: opened for admins, saved, and tried out at once in every place that was chosen anew."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, assert_never

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.admin_desk import AdminDesk
from bot.slack.admin_payloads import SentSettings, settings_of
from bot.slack.admin_ports import SaveOutcome
from bot.slack.desk import ACK_LIMIT_S, Desk
from bot.slack.ids import SETTINGS_FIELDS, ActionId, CallbackId
from bot.slack.modals import open_modal, update_modal
from bot.slack.payloads import Body, Caller, click_of
from bot.slack.views.admin import (
    ADMINS_BLOCK,
    SettingsValue,
    may_not_words,
    open_settings,
    refused_words,
    saved_words,
    settings_form,
    settings_said,
)

TOO_OLD = "This form is from another version of me. Please open the settings anew; nothing was changed."
CHANGED = "Somebody changed the settings meanwhile. This is how they are now; nothing of yours was saved."
LAST_ADMIN = "Somebody has to stay admin. Nothing was saved."

Greets = Callable[[str, str, Sequence[str]], Awaitable[Mapping[str, str]]]
"""Says hello in Slack channels (workspace, who chose them, which). Those that refused, with Slack's word for it."""
RefusedPlaces = Callable[[str], Awaitable[Mapping[str, str]]]
"""Slack channels of a workspace in which the latest notice was refused."""


class SettingsListeners:
    def __init__(
        self,
        *,
        admins: AdminDesk,
        desk: Desk,
        greets: Greets,
        refused_places: RefusedPlaces,
        mails_to: int,
        command: str,
    ) -> None:
        """`mails_to`: how many addresses get e-mails; 0 where none are set up."""
        self._admins = admins
        self._desk = desk
        self._greets = greets
        self._refused_places = refused_places
        self._mails_to = mails_to
        self._command = command

    def register(self, app: AsyncApp) -> None:
        guarded = self._desk.errors.reports_errors
        app.action(ActionId.OPEN_SETTINGS.value)(guarded(self.pressed))
        app.view(CallbackId.SETTINGS.value)(guarded(self.sent))
        for action in SETTINGS_FIELDS:
            app.action(action.value)(guarded(self.typed))

    async def pressed(self, ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:
        await ack()
        await self.open(client, click_of(body).caller)

    async def typed(self, ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:  # noqa: ARG002
        """Fields are read when the form is sent; a client that tells of them before is only thanked."""
        await ack()

    async def open(self, client: AsyncWebClient, caller: Caller) -> None:
        """Spend the trigger first, then see whether they may."""
        view_id = await open_modal(client, caller.trigger_id, settings_said("One moment…"))
        if view_id is None:
            await self._desk.replies.say(caller, open_settings(self._command))
            return
        try:
            await update_modal(client, view_id, await self._view(caller))
        except Exception as error:  # noqa: BLE001 - told in the form that is open, and in the log
            await update_modal(client, view_id, settings_said(self._desk.errors.described(error)))

    async def sent(self, ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:
        form = settings_of(body, has_mail=self._mails_to > 0)
        if form is None:
            await ack(response_action="update", view=settings_said(TOO_OLD))
            return
        before = await self._admins.choices(form.caller.team_id)
        saving = self._desk.errands.start(self._saved(form))
        done, _ = await asyncio.wait({saving}, timeout=ACK_LIMIT_S)
        if not done:
            await ack(response_action="update", view=settings_said("Saving…"))
        outcome, view = await saving
        if not done:
            await update_modal(client, form.view_id, view or settings_said(LAST_ADMIN))
        elif view is None:
            await ack(response_action="errors", errors={ADMINS_BLOCK: LAST_ADMIN})
        else:
            await ack(response_action="update", view=view)
        if outcome is SaveOutcome.SAVED:
            await self._try_out(
                client, form, [each for each in form.wanted.all_channels if each not in before.all_channels]
            )

    async def _saved(self, form: SentSettings) -> tuple[SaveOutcome, dict[str, Any] | None]:
        """What became of it, and what is shown instead of the form; None: the form stays, with its error."""
        team_id, user_id = form.caller.team_id, form.caller.user_id
        outcome = await self._admins.save(team_id, user_id, form.wanted, was_version=form.was_version)
        match outcome:
            case SaveOutcome.SAVED:
                return outcome, settings_said(saved_words(form.wanted))
            case SaveOutcome.NO_ADMIN_LEFT:
                return outcome, None
            case SaveOutcome.NOT_ADMIN | SaveOutcome.CHANGED_MEANWHILE:
                return outcome, await self._view(form.caller, notice=CHANGED)
            case _:
                assert_never(outcome)

    async def _try_out(self, client: AsyncWebClient, form: SentSettings, new: Sequence[str]) -> None:
        """A place that takes nothing is better known now than on the day something has to be said there."""
        if not new:
            return
        refused = await self._greets(form.caller.team_id, form.caller.user_id, new)
        if not refused:
            return
        lines = [saved_words(form.wanted), *refused_words(refused, bot_user_id=self._desk.replies.bot_user_id)]
        await update_modal(client, form.view_id, settings_said("\n".join(lines)))

    async def _view(self, caller: Caller, *, notice: str = "") -> dict[str, Any]:
        admins = await self._admins.admins(caller.team_id)
        if caller.user_id not in admins:
            return settings_said(may_not_words(admins, command=self._command))
        value = SettingsValue(
            choices=await self._admins.choices(caller.team_id),
            by_configuration=self._admins.by_configuration,
            mails_to=self._mails_to,
            refused=await self._refused_places(caller.team_id),
            notice=notice,
            bot_user_id=self._desk.replies.bot_user_id,
        )
        return settings_form(value)
