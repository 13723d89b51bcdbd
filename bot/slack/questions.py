"""The three buttons under a question to a video's person, and "What happened?". Each click gets an answer."""

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from bot.jobs.consent import AnswerWord
from bot.jobs.happened import HappenedDesk
from bot.jobs.questions import QuestionDesk
from bot.slack.desk import Desk
from bot.slack.errors import Listener
from bot.slack.ids import ActionId
from bot.slack.message import Message
from bot.slack.modals import open_modal, update_modal
from bot.slack.payloads import Body, Click, click_of
from bot.slack.views.form import done_view
from bot.slack.views.question import answer_said
from bot.slack.views.what_happened import looking, what_happened

WORDS = {
    ActionId.USE_OFFER: AnswerWord.USE,
    ActionId.WAIT_FOR_IT: AnswerWord.WAIT,
    ActionId.STOP_ASKING: AnswerWord.STOP,
}


class QuestionListeners:
    def __init__(self, *, questions: QuestionDesk, happened: HappenedDesk, desk: Desk) -> None:
        self._questions = questions
        self._happened = happened
        self._desk = desk

    def register(self, app: AsyncApp) -> None:
        for action, word in WORDS.items():
            app.action(action.value)(self._desk.errors.reports_errors(self._answering(word)))
        app.action(ActionId.WHAT_HAPPENED.value)(self._desk.errors.reports_errors(self.what_happened))

    def _answering(self, word: AnswerWord) -> Listener:
        async def clicked(ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:  # noqa: ARG001 - Bolt's
            click = click_of(body)
            await self._desk.answer_click(ack, click.caller, self._answered(click, word))

        return clicked

    async def _answered(self, click: Click, word: AnswerWord) -> Message:
        """The question stands on the job's card, which its new state redraws; the click is answered beside it."""
        caller = click.caller
        return answer_said(await self._questions.answer(caller.team_id, caller.user_id, click.value, word))

    async def what_happened(self, ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:
        """The trigger is spent on a loading view, as for a form."""
        await ack()
        click = click_of(body)
        caller = click.caller
        view_id = await open_modal(client, caller.trigger_id, looking())
        if view_id is None:
            return
        try:
            found = await self._happened.look(caller.team_id, caller.user_id, click.value)
        except Exception as error:
            await update_modal(client, view_id, done_view(self._desk.errors.described(error)))
            raise
        await update_modal(client, view_id, what_happened(found))
