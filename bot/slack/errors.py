"""Errors on their way out: one table from class to words, and the surface's one broad `except`."""

import logging
import secrets
import traceback
from collections.abc import Callable, Coroutine, Mapping
from functools import wraps
from typing import Any

import aiohttp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.media.pictures import PictureRefused
from bot.slack.errands import Errands
from bot.slack.failures import MissingScope, NotSent, OutcomeUnknown, SlackFailure, TokenDead, TryLater
from bot.slack.ids import CallbackId
from bot.slack.payloads import Body, Caller, caller_of, command_caller
from bot.slack.replies import Replies
from bot.slack.views.answers import told
from bot.slack.witness import Witness

_log = logging.getLogger(__name__)

Listener = Callable[[AsyncAck, Body, AsyncWebClient], Coroutine[Any, Any, None]]
"""How every listener of ours looks; Bolt reads the parameters' names: ack, body, client."""

OURS = "Something went wrong on our side. If no message of it appears, nothing was charged; please try again."

WORDS: Mapping[type[Exception], str] = {
    PictureRefused: "",  # carries its own words
    TryLater: "Slack is busy at the moment. Nothing was charged; please try again in a minute.",
    NotSent: "Slack could not be reached. Nothing was charged; please try again in a minute.",
    OutcomeUnknown: "Slack's answer was lost. If no message of it appears, nothing was charged; please try again.",
    MissingScope: "The app is not allowed to do that here; an admin can add the permission. Nothing was charged.",
    TokenDead: "The app's connection to this workspace has ended; an admin must install it again. Nothing was charged.",
    SlackFailure: "Slack did not let me do that. Nothing was charged.",
    SlackApiError: "Slack did not let me do that. Nothing was charged.",
    aiohttp.ClientError: "A connection failed. If no message of it appears, nothing was charged; please try again.",
    TimeoutError: "That took too long. If no message of it appears, nothing was charged; please try again.",
}


def words_for(error: Exception) -> str:
    """What a person reads, from the class alone."""
    if isinstance(error, PictureRefused):
        return f"{error.words} Nothing was charged."
    return next((WORDS[kind] for kind in type(error).__mro__ if kind in WORDS), OURS)


def is_expected(error: Exception) -> bool:
    """Whether it belongs to a person's day, so that nobody has to look into it."""
    return isinstance(error, PictureRefused)


class ErrorDesk:
    """Tells a person once, where they are, and the log under the same short reference."""

    def __init__(self, replies: Replies, errands: Errands, witness: Witness) -> None:
        self._replies = replies
        self._errands = errands
        self._witness = witness

    def reports_errors(self, listener: Listener) -> Listener:
        """Wrap a listener. Not `app.error` alone: Bolt loses an ack when the listener raises right after it.

        It runs as an errand: Bolt neither keeps its own tasks nor waits for them at the end.
        """

        @wraps(listener)  # Bolt reads the parameter names through __wrapped__
        async def guarded(ack: AsyncAck, body: Body, client: AsyncWebClient) -> None:
            try:
                await self._errands.start(listener(ack, body, client))
            except Exception as error:  # noqa: BLE001 - the surface's one boundary
                await self._report(error, ack, body)

        return guarded

    def described(self, error: Exception) -> str:
        """Words with a reference, and the log's line for it: class and reference, never a prompt or a token.

        The error itself goes along as a fact: the log's pipeline knows how to show where it came from and no more.
        """
        words = words_for(error)
        if is_expected(error):
            return words
        reference = secrets.token_hex(4)
        self._witness.unexpected()
        _log.error(
            "a listener failed: %s at %s, reference %s",
            type(error).__name__,
            _where(error),
            reference,
            extra={"reference": reference, "error": type(error).__name__, "raised": error},
        )
        return f"{words} Reference {reference}."

    async def _report(self, error: Exception, ack: AsyncAck, body: Body) -> None:
        words = self.described(error)
        caller = command_caller(body) if "command" in body else caller_of(body)
        if ack.response is None:
            form_block = _form_block(body)
            if form_block is not None:
                await ack(response_action="errors", errors={form_block: words})
                return
            await ack()
        if caller.user_id:
            await self._replies.say(caller, told(words))

    async def tell(self, caller: Caller, error: Exception) -> None:
        await self._replies.say(caller, told(self.described(error)))


def _where(error: Exception) -> str:
    """File and line; the message stays out, because it may hold a prompt."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else "nowhere"


def _form_block(body: Mapping[str, Any]) -> str | None:
    """Where an error can stand in a form that is being sent, so that the form stays open with everything in it."""
    view = body.get("view")
    if body.get("type") != "view_submission" or not isinstance(view, dict):
        return None
    if view.get("callback_id") != CallbackId.FORM.value:
        return None
    values = view.get("state", {}).get("values", {})
    return next((str(each) for each in values if str(each).startswith("prompt_0")), None)
