"""`/sora`: the command's text to one use case, and its answer into the ack."""

from typing import assert_never

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from bot.jobs.wish import Wish
from bot.slack.admin_form import SettingsListeners
from bot.slack.asking import Asking, wish_from
from bot.slack.desk import Desk
from bot.slack.forms import Forms, Opening
from bot.slack.lookups import Lookups
from bot.slack.message import Message
from bot.slack.payloads import Body, Caller, command_caller
from bot.slack.rate import CommandRate
from bot.slack.text import Misread, Nothing, Parsed, Prompt, Told, parse
from bot.slack.views import answers


class CommandListener:
    def __init__(
        self,
        *,
        command: str,
        asking: Asking,
        lookups: Lookups,
        forms: Forms,
        settings: SettingsListeners,
        desk: Desk,
        rate: CommandRate,
    ) -> None:
        self._command = command
        self._asking = asking
        self._lookups = lookups
        self._forms = forms
        self._settings = settings
        self._desk = desk
        self._rate = rate

    def register(self, app: AsyncApp) -> None:
        app.command(self._command)(self._desk.errors.reports_errors(self.asked))

    async def asked(self, ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:
        caller = command_caller(body)
        if not self._rate.allows(caller.team_id, caller.user_id):
            await ack(text=answers.too_fast().text, response_type="ephemeral")
            return
        parsed = parse(body.get("text") or "")
        if isinstance(parsed, Told) and parsed.opens_settings:
            await ack()
            await self._settings.open(client, caller)
            return
        form_wish = _for_the_form(caller, parsed)
        if form_wish is None:
            await self._desk.answer_command(ack, caller, self._answer(caller, parsed))
            return
        await ack()
        await self._forms.open(client, caller, lambda: _ready(form_wish))

    async def _answer(self, caller: Caller, parsed: Parsed) -> Message:
        match parsed:
            case Told():
                return await self._lookups.answer(caller, parsed)
            case Misread():
                wish = wish_from(caller, parsed.prompt, parsed.options)
                return answers.misread(parsed.troubles, parsed.prompt, await self._asking.draft(wish))
            case Prompt():
                wish = wish_from(caller, parsed.prompt, parsed.options)
                return await self._asking.ask(caller, wish, order_key=caller.trigger_id)
            case Nothing():
                return await self._lookups.help()
            case _:
                assert_never(parsed)


def _for_the_form(caller: Caller, parsed: Parsed) -> Wish | None:
    """Texts that open the form: none at all, one word, or nearly a command."""
    match parsed:
        case Nothing():
            return Wish(team_id=caller.team_id, user_id=caller.user_id, place=caller.place, prompt="")
        case Prompt(doubtful=True):
            return wish_from(caller, parsed.prompt, parsed.options)
        case _:
            return None


async def _ready(wish: Wish) -> Opening:
    return Opening(wish=wish)
