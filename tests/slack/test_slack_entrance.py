"""The HTTP entrance, over real sockets and with Slack's own signatures."""

import json
from urllib.parse import urlencode

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from slack_sdk.signature import SignatureVerifier
from slack_values import NASTY

from bot.slack.entrance import entrance

SECRET = "a signing secret"


@pytest.fixture
async def door(desk):
    app = web.Application()
    app.router.add_post("/slack/events", entrance(desk.app, signing_secret=SECRET, clock=desk.clock))
    async with TestServer(app) as server, ClientSession(server.make_url("")) as session:
        yield session


def signed(desk, body, *, age_s=0, stamp=None, content_type="application/x-www-form-urlencoded"):
    stamp = stamp or str(int(desk.clock.now().timestamp()) - age_s)
    seal = SignatureVerifier(SECRET).generate_signature(timestamp=stamp, body=body)
    return {
        "data": body,
        "headers": {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": seal,
        },
    }


def command(desk, text):
    form = {
        "command": "/sora",
        "text": text,
        "team_id": "T1",
        "user_id": "U1",
        "channel_id": "C1",
        "trigger_id": "t1",
        "response_url": f"{desk.base}/respond",
    }
    return urlencode(form).encode()


@pytest.mark.parametrize("text", ["rocket payload separation", "payload={} in orbit", "{a: 'b'} & c=d", "🏄 כלב"])
async def test_a_command_arrives_whatever_its_text(desk, door, jobs, text):
    async with door.post("/slack/events", **signed(desk, command(desk, text.replace("&", "&amp;")))) as answer:
        assert answer.status == 200
        said = await answer.json()
    assert said["response_type"] == "ephemeral"
    assert [each[0].prompt for each in jobs.asked] == [text]


async def test_a_click_arrives(desk, door):
    payload = {
        "type": "block_actions",
        "team": {"id": "T1"},
        "user": {"id": "U1"},
        "response_url": f"{desk.base}/respond",
        "actions": [{"type": "button", "action_id": "sora_cancel", "value": NASTY, "block_id": "b"}],
    }
    body = urlencode({"payload": json.dumps(payload)}).encode()
    async with door.post("/slack/events", **signed(desk, body)) as answer:
        assert answer.status == 200
    assert "I do not know this video" in desk.slack.responses[0]["text"]


async def test_an_event_and_slacks_own_checks_are_answered(desk, door):
    event = {"type": "event_callback", "team_id": "T1", "event": {"type": "tokens_revoked"}}
    kind = "application/json"
    async with door.post("/slack/events", **signed(desk, json.dumps(event).encode(), content_type=kind)) as answer:
        assert answer.status == 200
    hello = json.dumps({"type": "url_verification", "challenge": "abc"}).encode()
    async with door.post("/slack/events", **signed(desk, hello, content_type=kind)) as answer:
        assert (await answer.json()) == {"challenge": "abc"}
    async with door.post("/slack/events", **signed(desk, b"ssl_check=1&token=x")) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("age_s", [301, -301])
async def test_an_old_or_future_request_is_turned_away(desk, door, jobs, age_s):
    async with door.post("/slack/events", **signed(desk, command(desk, "a corgi surfing"), age_s=age_s)) as answer:
        assert answer.status == 401
    assert jobs.asked == []


@pytest.mark.parametrize("stamp", ["soon", "", "-1", "1e9", "١٢٣"])
async def test_a_time_that_is_no_number_is_turned_away(desk, door, stamp):
    told = signed(desk, b"x=1")
    told["headers"]["X-Slack-Request-Timestamp"] = stamp.encode().decode("latin-1")
    async with door.post("/slack/events", **told) as answer:
        assert answer.status == 401


async def test_a_forged_request_is_turned_away_and_not_logged(desk, door, jobs, caplog):
    told = signed(desk, command(desk, "a secret corgi"))
    told["headers"]["X-Slack-Signature"] = "v0=" + "0" * 64
    async with door.post("/slack/events", **told) as answer:
        assert answer.status == 401
    assert jobs.asked == []
    assert "corgi" not in caplog.text


@pytest.mark.parametrize("body", [b"payload=nojson", b"\xff\xfe", b"payload=[1]"])
async def test_an_unreadable_body_is_refused(desk, door, body):
    told = signed(desk, b"x")
    stamp = told["headers"]["X-Slack-Request-Timestamp"]
    if body.isascii():
        told["headers"]["X-Slack-Signature"] = SignatureVerifier(SECRET).generate_signature(timestamp=stamp, body=body)
    told["data"] = body
    async with door.post("/slack/events", **told) as answer:
        assert answer.status in {400, 401}


async def test_bolt_takes_nothing_from_the_environment(jobs, monkeypatch):
    from slack_double import running_desk

    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-wrong")
    monkeypatch.setenv("SLACK_CLIENT_ID", "1.2")
    monkeypatch.setenv("SLACK_CLIENT_SECRET", "secret")
    async with running_desk(jobs) as desk:
        assert "on its way" in (await desk.command("a corgi surfing"))[1]["text"]
