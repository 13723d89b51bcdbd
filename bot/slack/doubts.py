"""The two buttons under a question to admins. Each click gets an answer; the first one settles it."""

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from bot.jobs.doubt_desk import DoubtDesk, DoubtOutcome
from bot.slack.desk import Desk
from bot.slack.ids import ActionId
from bot.slack.message import Message
from bot.slack.payloads import Body, Click, click_of
from bot.slack.views.doubt import doubt_said

LEAVES_QUESTION = {DoubtOutcome.TOO_EARLY, DoubtOutcome.NOT_ADMIN, DoubtOutcome.UNKNOWN}


class DoubtListeners:
    def __init__(self, *, doubts: DoubtDesk, desk: Desk) -> None:
        self._doubts = doubts
        self._desk = desk

    def register(self, app: AsyncApp) -> None:
        app.action(ActionId.WAS_MADE.value)(self._desk.errors.reports_errors(self.was_made))
        app.action(ActionId.WAS_NOT_MADE.value)(self._desk.errors.reports_errors(self.was_not_made))

    async def was_made(self, ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:  # noqa: ARG002
        click = click_of(body)
        await self._desk.answer_click(ack, click.caller, self._answered(click, made=True))

    async def was_not_made(self, ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:  # noqa: ARG002
        click = click_of(body)
        await self._desk.answer_click(ack, click.caller, self._answered(click, made=False))

    async def _answered(self, click: Click, *, made: bool) -> Message | None:
        """What is settled takes the question's place, buttons and all."""
        answer = await self._doubts.answer(click.caller.team_id, click.caller.user_id, click.value, made=made)
        said = doubt_said(answer)
        if answer.outcome in LEAVES_QUESTION:
            return said
        await self._desk.replies.say(click.caller, said, replaces=True)
        return None
