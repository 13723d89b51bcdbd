"""How one process reaches the simulated Slack: the real client class, with the network taken out from under it."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, cast

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.slack.client import CALL_TIMEOUT_S, SlackDoor
from tests.simulator.dial import Dial, Fault
from tests.simulator.life import Life
from tests.simulator.services import SUBJECT
from tests.simulator.slack_town import Refusal, SlackTown

LATE_MAX_S = 15.0
"""An edit whose answer we stopped waiting for may still land; after this it is lost for good (LEASE_S in `cards`)."""


class Client(AsyncWebClient):
    def __init__(self, town: SlackTown, life: Life, dial: Dial) -> None:
        super().__init__(token="xoxb-simulated")
        self._town = town
        self._life = life
        self._dial = dial

    async def api_call(  # type: ignore[override]
        self,
        api_method: str,
        *,
        params: dict[str, Any] | None = None,
        json: dict[str, Any] | None = None,
        **_: object,
    ) -> Any:
        args = {**(params or {}), **(json or {})}
        await self._life.moment(f"before {api_method}")
        subject = SUBJECT.get()
        await asyncio.sleep(0.05 + 0.2 * self._dial.chance("slack", subject))
        await self._life.moment(f"sending {api_method}")
        if self._dial.hits(Fault.SLACK_AWAY, subject):
            raise aiohttp.ConnectionTimeoutError
        if self._dial.hits(Fault.SLACK_TOO_FAST, subject):
            raise self._answer(api_method, {"ok": False, "error": "ratelimited"}, 429, {"Retry-After": "7"})
        if self._dial.hits(Fault.SLACK_BROKEN, subject):
            raise self._answer(api_method, {"ok": False, "error": "internal_error"}, 500, {})
        if self._dial.hits(Fault.SLACK_LATE, subject):
            after_s = LATE_MAX_S * self._dial.chance("lands after", subject)
            asyncio.get_running_loop().call_later(CALL_TIMEOUT_S + after_s, self._late, api_method, args)
            await asyncio.sleep(CALL_TIMEOUT_S)
            raise TimeoutError
        try:
            answer = self._town.call(api_method, args)
        except Refusal as refusal:
            raise self._answer(api_method, {"ok": False, "error": refusal.code}, 200, {}) from None
        await self._life.moment(f"after {api_method}")
        if self._dial.hits(Fault.SLACK_ANSWER_LOST, subject):
            raise aiohttp.ServerDisconnectedError
        if api_method == "chat.postMessage":
            self._town.messages[answer["channel"], answer["ts"]].answered = True
        return answer

    def _late(self, api_method: str, args: dict[str, Any]) -> None:
        try:
            self._town.call(api_method, args, given_up=True)
        except Refusal:
            return

    def _answer(self, method: str, body: dict[str, Any], status: int, headers: dict[str, str]) -> SlackApiError:
        response = AsyncSlackResponse(
            client=self,
            http_verb="POST",
            api_url=method,
            req_args={},
            data=body,
            headers=headers,
            status_code=status,
        )
        return SlackApiError("simulated", response)


class _Uploaded:
    def __init__(self, status: int) -> None:
        self.status = status
        self.headers: dict[str, str] = {}


class _Uploads:
    """Of `aiohttp.ClientSession` the one method that an upload needs."""

    def __init__(self, town: SlackTown, life: Life, dial: Dial) -> None:
        self._town = town
        self._life = life
        self._dial = dial

    @asynccontextmanager
    async def post(self, url: str, *, headers: dict[str, str], **_: object) -> AsyncIterator[_Uploaded]:
        await self._life.moment("before the upload")
        await asyncio.sleep(1.0)
        await self._life.moment("during the upload")
        if self._dial.hits(Fault.SLACK_AWAY, SUBJECT.get()):
            raise aiohttp.ServerDisconnectedError
        yield _Uploaded(self._town.fill(url.rpartition("/")[2], int(headers["Content-Length"])))


def opened_door(town: SlackTown, life: Life, dial: Dial, threads: ThreadPoolExecutor) -> SlackDoor:
    client = Client(town, life, dial)
    session = cast(aiohttp.ClientSession, _Uploads(town, life, dial))
    return SlackDoor(interactive=client, worker=client, http=session, hasty=session, threads=threads)
