"""The last listeners: whatever nobody else takes is acked and explained, so that no click does nothing."""

import re

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.desk import Desk
from bot.slack.payloads import Body, caller_of
from bot.slack.views.answers import told
from bot.slack.views.form import done_view

ANYTHING = re.compile(".*", re.DOTALL)
OLD = "This button is from another version of me and does nothing any more. Nothing was charged."


class Fallbacks:
    """Registered after all others: Bolt takes the first listener that matches."""

    def __init__(self, *, desk: Desk, command: str) -> None:
        self._desk = desk
        self._command = command

    def register(self, app: AsyncApp) -> None:
        guarded = self._desk.errors.reports_errors
        app.command(ANYTHING)(guarded(self.unknown_command))
        app.action(ANYTHING)(guarded(self.unknown_click))
        app.shortcut(ANYTHING)(guarded(self.unknown_click))
        app.view_submission(ANYTHING)(guarded(self.unknown_form))
        app.view_closed(ANYTHING)(guarded(self.ignored))
        app.options(ANYTHING)(guarded(self.no_options))
        app.event(ANYTHING)(guarded(self.ignored))

    async def unknown_command(self, ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:  # noqa: ARG002
        await ack(text=f"I listen to {self._command} here. Nothing was started.", response_type="ephemeral")

    async def unknown_click(self, ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:  # noqa: ARG002
        await ack()
        await self._desk.replies.say(caller_of(body), told(OLD))

    async def unknown_form(self, ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:  # noqa: ARG002
        await ack(response_action="update", view=done_view(OLD.replace("button", "form")))

    async def ignored(self, ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:  # noqa: ARG002
        await ack()

    async def no_options(self, ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:  # noqa: ARG002
        await ack(options=[])
