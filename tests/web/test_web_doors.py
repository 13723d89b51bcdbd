"""Health, webhooks and Slack's entrance on one port, asked from outside."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest
from e2e.town import SECRET, Town, a_town
from pydantic import SecretStr
from slack_sdk.signature import SignatureVerifier
from standardwebhooks import Webhook

from bot.config import LimitSetting
from bot.demo.slack import User


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def at(town: Town, path: str) -> str:
    return f"http://127.0.0.1:{town.bot.port}{path}"


async def test_ready_says_why_not_while_slack_cannot_reach_us(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    async with a_town(tmp_path) as town:
        async with http.get(at(town, "/healthz")) as alive, http.get(at(town, "/readyz")) as ready:
            assert (alive.status, ready.status, await ready.json()) == (200, 200, {"ready": True, "problems": {}})
        async with http.post(at(town, "/slack/events"), data=b"x") as closed:
            assert closed.status == 404  # in Socket Mode there is no such door


async def test_webhooks_forged_stale_and_unknown_are_turned_away_and_repeats_are_welcome(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    async with a_town(tmp_path) as town:
        body = '{"type":"video.completed","data":{"id":"video_1"}}'

        async def sent(path: str, *, secret: str = SECRET, age_s: int = 0) -> int:
            stamp = int(time.time()) - age_s

            signature = Webhook(secret).sign("msg_1", datetime.fromtimestamp(stamp, UTC), body)
            headers = {"webhook-id": "msg_1", "webhook-timestamp": str(stamp), "webhook-signature": signature}
            async with http.post(at(town, path), data=body, headers=headers) as answer:
                return answer.status

        assert await sent("/webhooks/videos", secret="whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldCBrZXk=") == 404
        assert await sent("/webhooks/videos", age_s=3600) == 404
        assert await sent("/webhooks/nobody") == 404
        assert [await sent("/webhooks/videos"), await sent("/webhooks/videos")] == [200, 200]


async def test_in_http_mode_slack_posts_to_us(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    signing = "8f742231b10e8888abcd99yyyzzz85a5"
    async with a_town(tmp_path, SLACK_APP_TOKEN=None, SLACK_SIGNING_SECRET=SecretStr(signing)) as town:
        told = {
            "team_id": "T1",
            "channel_id": "C0VIDEOS01",
            "user_id": "U0ADA00001",
            "command": "/sora",
            "text": "status",
            "response_url": "",
            "trigger_id": "1.2.3",
        }
        body, stamp = urlencode(told), str(int(time.time()))
        seal = SignatureVerifier(signing).generate_signature(timestamp=stamp, body=body)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": seal or "",
        }
        async with http.post(at(town, "/slack/events"), data=body, headers=headers) as answered:
            assert (answered.status, "All good" in (await answered.json())["text"]) == (200, True)
        async with http.post(at(town, "/slack/events"), data=body + "x", headers=headers) as forged:
            assert forged.status == 401


async def test_forty_people_at_once_against_a_limit_of_ten(tmp_path: Path) -> None:

    limit = LimitSetting(scope="workspace", period="day", clips=10)
    async with a_town(tmp_path, limits=(limit,)) as town:
        town.slack.rates.enabled = False
        people = [User(id=f"U0CROWD{number:03}", name=f"p{number}", real_name="P") for number in range(40)]
        for each in people:
            town.slack.workspace.users[each.id] = each
            town.slack.workspace.channel("videos").members.add(each.id)
        answers = await asyncio.gather(
            *(town.sora(f"wave number {number}", user=each.name) for number, each in enumerate(people))
        )
        accepted = [each for each in answers if "on its way" in each.said.text]
        assert (len(accepted), all(each.acked for each in answers)) == (10, True)
        await town.slack.until(lambda: len(town.videos.accepted) == 10, within_s=30)
        await town.slack.until(lambda: sum(bool(each.file_ids) for each in town.posts()) == 10, within_s=60)
        assert len(town.videos.accepted) == 10
