"""Standard Webhooks: genuine, forged, stale, repeated. The openai SDK says what genuine is."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx
import openai
import pytest
from standardwebhooks import Webhook
from virtual_clock import START, VirtualClock

from bot.catalogue.loader import load_catalogue
from bot.providers.base import WebhookEvent
from bot.providers.openai_videos import OpenAIVideos

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
EVENT = {"id": "evt_1", "object": "event", "created_at": 1, "type": "video.completed", "data": {"id": "video_1"}}


def signed(event: Any = EVENT, *, secret: str = SECRET, at: datetime = START) -> tuple[dict[str, str], bytes]:
    body = json.dumps(event)
    webhook = Webhook(secret if secret.startswith("whsec_") else secret.encode())
    signature = webhook.sign("evt_1", at, body)
    sent = str(int(at.timestamp()))
    return {"Webhook-Id": "evt_1", "Webhook-Timestamp": sent, "Webhook-Signature": signature}, body.encode()


async def read(headers: Mapping[str, str], body: bytes, *, secret: str | None = SECRET) -> WebhookEvent | None:
    protocol = load_catalogue().protocols["openai_videos/openai"]
    async with httpx.AsyncClient(base_url="http://127.0.0.1:1") as client:
        return await OpenAIVideos(client, protocol, VirtualClock(), webhook_secret=secret).verify_webhook(headers, body)


@pytest.mark.parametrize("kind", ["video.completed", "video.failed"])
async def test_a_genuine_delivery_names_its_render(kind: str) -> None:
    headers, body = signed(EVENT | {"type": kind})
    assert await read(headers, body) == WebhookEvent(event_id="evt_1", render_id="video_1")


@pytest.mark.parametrize("secret", [SECRET, "just some words"])
async def test_what_openais_own_sdk_takes_for_genuine_we_do_too(secret: str) -> None:
    headers, body = signed(secret=secret)
    async with openai.AsyncOpenAI(api_key="x") as sdk:
        sdk.webhooks.verify_signature(body.decode(), headers, secret=secret, tolerance=10**9)
    assert await read(headers, body, secret=secret) is not None


async def test_the_same_delivery_twice_has_the_same_id() -> None:
    headers, body = signed()
    assert await read(headers, body) == await read(headers, body)


@pytest.mark.parametrize("seconds", [-301, 301, -86_400])
async def test_a_stale_or_future_delivery_is_nothing(seconds: int) -> None:
    assert await read(*signed(at=START + timedelta(seconds=seconds))) is None


@pytest.mark.parametrize("seconds", [-300, 300])
async def test_five_minutes_are_allowed_both_ways(seconds: int) -> None:
    assert await read(*signed(at=START + timedelta(seconds=seconds))) is not None


async def test_a_second_signature_of_a_rotated_secret_is_enough() -> None:
    headers, body = signed()
    headers["Webhook-Signature"] = "v1,AAAA v1a,BBBB " + headers["Webhook-Signature"]
    assert await read(headers, body) is not None


async def test_a_changed_body_and_another_secret_are_forgeries() -> None:
    headers, body = signed()
    assert await read(headers, body.replace(b"video_1", b"video_2")) is None
    assert await read(*signed(secret="whsec_" + base64.b64encode(b"another secret of ours").decode())) is None
    assert await read(headers | {"Webhook-Id": "evt_2"}, body) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"Webhook-Signature": ""},
        {"Webhook-Signature": "v1"},
        {"Webhook-Signature": "v1,é"},
        {"Webhook-Timestamp": "soon"},
        {"Webhook-Timestamp": "²"},
        {"Webhook-Timestamp": "9" * 30},
        {"Webhook-Timestamp": "-5"},
        {"Webhook-Id": ""},
    ],
    ids=str,
)
async def test_damaged_headers_are_nothing_and_do_no_harm(changed: dict[str, str]) -> None:
    headers, body = signed()
    assert await read(headers | changed, body) is None


@pytest.mark.parametrize(
    "event",
    [
        [],
        "video_1",
        {"type": "video.completed"},
        {"type": "video.completed", "data": {"id": 7}},
        EVENT | {"type": "batch.x"},
    ],
    ids=str,
)
async def test_a_signed_delivery_about_something_else_is_nothing(event: Any) -> None:
    assert await read(*signed(event)) is None


async def test_bytes_that_are_no_text_are_nothing() -> None:
    headers, _ = signed()
    assert await read(headers, b"\xff\xfe\x00") is None


async def test_without_a_secret_nothing_is_believed() -> None:
    assert await read(*signed(), secret=None) is None


@pytest.mark.parametrize("secret", ["whsec_", "whsec_a"])
async def test_a_damaged_secret_is_said_at_once_and_not_repeated(secret: str) -> None:
    with pytest.raises(ValueError, match="webhook secret is") as caught:
        await read(*signed(), secret=secret)
    assert "whsec_a" not in str(caught.value)
