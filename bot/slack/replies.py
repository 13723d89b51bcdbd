"""Answers only one person sees. `response_url` works without membership, five times within thirty minutes."""

import logging
from collections import OrderedDict
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import Clock
from bot.jobs.model import JobRecord
from bot.slack.failures import SlackFailure, slack_failures
from bot.slack.message import Message
from bot.slack.payloads import Caller
from bot.slack.views.place import cannot_post

_log = logging.getLogger(__name__)

URL_LIFE = timedelta(minutes=29)
URLS_MAX = 2000
SLACK_HOSTS = ("slack.com", "slack-gov.com")


class Replies:
    """`http` is the interactive session: short, never waiting. `can_join`: the app was granted channels:join."""

    def __init__(
        self,
        *,
        client: AsyncWebClient,
        http: aiohttp.ClientSession,
        clock: Clock,
        can_join: bool,
        bot_user_id: str = "",
    ) -> None:
        self._client = client
        self._http = http
        self._clock = clock
        self._can_join = can_join
        self.bot_user_id = bot_user_id
        self._own_origin = _origin(client.base_url)
        self._urls: OrderedDict[tuple[str, str, str], tuple[str, datetime]] = OrderedDict()

    def remember(self, caller: Caller, slack_channel_id: str) -> None:
        """Keep the way back to somebody who asks for something there, for when we turn out not to be let in."""
        if not caller.response_url:
            return
        self._urls[caller.team_id, caller.user_id, slack_channel_id] = (caller.response_url, self._clock.now())
        while len(self._urls) > URLS_MAX:
            self._urls.popitem(last=False)

    async def say(self, caller: Caller, told: Message, *, replaces: bool = False) -> None:
        """Tell them where they are; if that way is closed, in a direct message. Never raises a `SlackFailure`."""
        if caller.response_url and await self._respond(caller.response_url, told, replaces=replaces):
            return
        try:
            with slack_failures("chat.postMessage"):
                await self._client.chat_postMessage(
                    channel=caller.user_id, text=told.text, blocks=told.blocks, unfurl_links=False, unfurl_media=False
                )
        except SlackFailure as failure:
            _log.warning("an answer reached nobody", extra={"code": failure.code, "method": failure.method})

    async def tell_privately(self, record: JobRecord, code: str) -> bool:
        """Tell a requester that their job cannot be posted where they asked. False: this process knows no way."""
        order = record.job.order
        kept = self._urls.pop((order.team_id, order.user_id, order.place.slack_channel_id), None)
        if kept is None or self._clock.now() - kept[1] > URL_LIFE:
            return False
        return await self._respond(kept[0], self.refusal_words(record, code), replaces=False)

    def refusal_words(self, record: JobRecord, code: str) -> Message:
        public = record.job.order.place.slack_channel_id.startswith("C") and code == "not_in_channel"
        return cannot_post(record.job, code=code, can_join=self._can_join and public, bot_user_id=self.bot_user_id)

    async def _respond(self, url: str, told: Message, *, replaces: bool) -> bool:
        if not self._is_slack(url):
            _log.error("a response_url that is not Slack's was not used")
            return False
        body = {"text": told.text, "blocks": told.blocks, "replace_original": replaces, "response_type": "ephemeral"}
        try:
            async with self._http.post(url, json=body, allow_redirects=False) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError) as error:
            _log.warning("an answer was lost", extra={"error": type(error).__name__})
            return False

    def _is_slack(self, url: str) -> bool:
        parts = urlsplit(url)
        host = parts.hostname or ""
        official = parts.scheme == "https" and any(host == each or host.endswith(f".{each}") for each in SLACK_HOSTS)
        return official or _origin(url) == self._own_origin


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port
