"""OpenRouter's seal: `t=,v1=`, HMAC-SHA256 over time, comma and raw body, 300 s. Each case fails for one reason."""

import hashlib
import hmac
import json

import pytest
from virtual_clock import START, VirtualClock

from bot.providers.openrouter_webhooks import BODY_BYTES_MAX, TOLERANCE_S, OpenRouterWebhooks

SECRET = "signing-secret-0123456789"
NOW_S = int(START.timestamp())
BODY = json.dumps({"type": "video.generation.completed", "data": {"id": "gen-vid-1", "status": "completed"}}).encode()


def sealed(body: bytes = BODY, *, at_s: int = NOW_S, secret: str = SECRET, between: bytes = b",") -> dict[str, str]:
    seal = hmac.new(secret.encode(), str(at_s).encode() + between + body, hashlib.sha256).hexdigest()
    return {"X-OpenRouter-Signature": f"t={at_s},v1={seal}", "X-OpenRouter-Idempotency-Key": "k"}


@pytest.fixture
def webhooks() -> OpenRouterWebhooks:
    return OpenRouterWebhooks(SECRET, VirtualClock())


def test_a_known_seal_made_elsewhere_fits() -> None:
    """The figures of `printf '1795251600,{body}' | openssl dgst -sha256 -hmac signing-secret-0123456789`."""
    body = b'{"type":"video.generation.failed","data":{"id":"gen-vid-2"}}'
    header = {
        "x-openrouter-signature": f"t={NOW_S},v1=1fedd173736b0e3cc7a3a1123adcb5156628c4b4abb2024096b4ab2c0db77aa6"
    }
    event = OpenRouterWebhooks(SECRET, VirtualClock()).read(header, body)
    assert event is not None
    assert event.render_id == "gen-vid-2"


@pytest.mark.parametrize("late_s", [0, TOLERANCE_S, -TOLERANCE_S])
def test_a_fresh_delivery_is_taken(webhooks: OpenRouterWebhooks, late_s: int) -> None:
    event = webhooks.read(sealed(at_s=NOW_S - late_s), BODY)
    assert event is not None
    assert (event.render_id, event.event_id) == ("gen-vid-1", "gen-vid-1 video.generation.completed")


def test_one_fitting_seal_among_several_is_enough(webhooks: OpenRouterWebhooks) -> None:
    header = sealed()["X-OpenRouter-Signature"].replace(",v1=", ",v1=00ff,v1=")
    assert webhooks.read({"X-OpenRouter-Signature": header}, BODY) is not None


@pytest.mark.parametrize("late_s", [TOLERANCE_S + 1, -TOLERANCE_S - 1, 10**7])
def test_a_stale_delivery_is_not(webhooks: OpenRouterWebhooks, late_s: int) -> None:
    assert webhooks.read(sealed(at_s=NOW_S - late_s), BODY) is None


def test_another_body_secret_time_or_separator_is_a_forgery(webhooks: OpenRouterWebhooks) -> None:
    assert webhooks.read(sealed(), BODY + b" ") is None
    assert webhooks.read(sealed(secret="another"), BODY) is None
    assert webhooks.read(sealed(between=b"."), BODY) is None
    later = sealed()["X-OpenRouter-Signature"].replace(f"t={NOW_S}", f"t={NOW_S + 1}")
    assert webhooks.read({"X-OpenRouter-Signature": later}, BODY) is None


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=",
        "v1=00",
        f"t={NOW_S}",
        f"t={NOW_S},v1=",
        f"t={NOW_S},v1=é",
        "t=x,v1=00",
        "t=" + "9" * 40 + ",v1=0",
        "t=١,v1=0",
    ],
)
def test_a_damaged_header_is_none(webhooks: OpenRouterWebhooks, header: str) -> None:
    assert webhooks.read({"X-OpenRouter-Signature": header}, BODY) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 10_000,
        b'{"type":"video.generation.completed"}',
        b'{"type":"video.generation.completed","data":{"id":7}}',
        b'{"type":"something.else","data":{"id":"gen-vid-1"}}',
        b" " * (BODY_BYTES_MAX + 1),
    ],
)
def test_a_sealed_body_that_says_nothing_about_a_video_is_none(webhooks: OpenRouterWebhooks, body: bytes) -> None:
    assert webhooks.read(sealed(body), body) is None


def test_an_empty_secret_is_said() -> None:
    with pytest.raises(ValueError, match="empty"):
        OpenRouterWebhooks("", VirtualClock())
