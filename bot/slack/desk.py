"""How listeners answer: what a use case returned goes into the ack, or, past two seconds, after it."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.errands import Errands
from bot.slack.errors import ErrorDesk
from bot.slack.message import Message
from bot.slack.modals import update_modal
from bot.slack.payloads import Caller, Form
from bot.slack.replies import Replies
from bot.slack.views.answers import still_working, told
from bot.slack.views.form import done_view

ACK_LIMIT_S = 2.0
"""Slack waits 3 s, and Bolt then runs the next matching listener too."""

STILL_WORKING = "Still working on it: keep this open for a moment. There is no need to send it again."


@dataclass(frozen=True, slots=True, kw_only=True)
class FormAnswer:
    """What becomes of a form that was sent: closed, redrawn as `view`, or kept with `errors` at its fields."""

    said: str = ""
    """One sentence, for a person who was told to wait."""
    view: dict[str, Any] | None = None
    errors: dict[str, str] | None = None


class Desk:
    """`answer_*` take a use case's coroutine, which is committed when it returns, and show what it says."""

    def __init__(
        self, *, errands: Errands, replies: Replies, errors: ErrorDesk, ack_limit_s: float = ACK_LIMIT_S
    ) -> None:
        self.errands = errands
        self.replies = replies
        self.errors = errors
        self._ack_limit_s = ack_limit_s

    async def answer_command(self, ack: AsyncAck, caller: Caller, work: Coroutine[Any, Any, Message]) -> None:
        """Within the limit the answer is the ack itself: no second call to Slack."""
        task = self.errands.start(work)
        if await self._in_time(task):
            await _ack_with(ack, task.result())
            return
        await _ack_with(ack, still_working())
        self.errands.start(self._say_later(caller, task))

    async def answer_click(
        self, ack: AsyncAck, caller: Caller, work: Coroutine[Any, Any, Message | None], *, replaces: bool = False
    ) -> None:
        """Acked when the use case is done, or after the limit; None needs no words."""
        task = self.errands.start(work)
        in_time = await self._in_time(task)
        await ack()
        if in_time:
            if (said := task.result()) is not None:
                await self.replies.say(caller, said, replaces=replaces)
            return
        await self.replies.say(caller, still_working())
        self.errands.start(self._say_later(caller, task))

    async def answer_form(
        self, ack: AsyncAck, client: AsyncWebClient, form: Form, work: Coroutine[Any, Any, FormAnswer]
    ) -> None:
        task = self.errands.start(work)
        if await self._in_time(task):
            answer = task.result()
            if answer.errors:
                await ack(response_action="errors", errors=answer.errors)
            elif answer.view is not None:
                await ack(response_action="update", view=answer.view)
            else:
                await ack()
            return
        # The form stays open with everything in it. Sent once more, it is the same order.
        await ack(response_action="errors", errors={form.prompt_block: STILL_WORKING})
        self.errands.start(self._redraw_later(client, form, task))

    async def _in_time(self, task: "asyncio.Task[Any]") -> bool:
        done, _ = await asyncio.wait({task}, timeout=self._ack_limit_s)
        return bool(done)

    async def _say_later(self, caller: Caller, task: "asyncio.Task[Any]") -> None:
        try:
            said = await task
        except Exception as error:  # noqa: BLE001 - as in `reports_errors`, which is gone by now
            await self.errors.tell(caller, error)
            return
        if said is not None:
            await self.replies.say(caller, said)

    async def _redraw_later(self, client: AsyncWebClient, form: Form, task: "asyncio.Task[FormAnswer]") -> None:
        try:
            answer = await task
        except Exception as error:  # noqa: BLE001 - likewise
            await self.errors.tell(form.caller, error)
            return
        if answer.errors:
            await self.replies.say(form.caller, told(" ".join(answer.errors.values())))
            return
        if not await update_modal(client, form.view_id, answer.view or done_view(answer.said)):
            await self.replies.say(form.caller, told(answer.said))


async def _ack_with(ack: AsyncAck, said: Message) -> None:
    await ack(text=said.text, blocks=said.blocks, response_type="ephemeral")
