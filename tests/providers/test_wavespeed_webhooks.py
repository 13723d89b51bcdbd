"""The seal on WaveSpeedAI's webhooks. openssl makes the seals here, so nothing of ours agrees with itself."""

import subprocess
from datetime import timedelta

import pytest
from virtual_clock import START, VirtualClock

from bot.providers.wavespeed_webhooks import WaveSpeedSeal

SECRET = "whsec_c2VjcmV0LW9mLXRoZS1hY2NvdW50"
BODY = b'{"id":"p-1","status":"completed","outputs":["https://cdn.wavespeed.ai/f.mp4"]}'
SENT = str(int(START.timestamp()))


def seal(body: bytes = BODY, *, key: str = SECRET.removeprefix("whsec_"), sent: str = SENT, event: str = "e-1") -> str:
    made = subprocess.run(
        ["openssl", "dgst", "-sha256", "-hmac", key, "-hex"],
        input=f"{event}.{sent}.".encode() + body,
        capture_output=True,
        check=True,
    )
    return f"v3,{made.stdout.decode().rpartition('= ')[2].strip()}"


def headers(signature: str, *, sent: str = SENT, event: str = "e-1") -> dict[str, str]:
    return {"Webhook-Id": event, "Webhook-Timestamp": sent, "Webhook-Signature": signature}


@pytest.mark.parametrize("secret", [SECRET, SECRET.removeprefix("whsec_"), f" {SECRET}\n"])
def test_a_genuine_delivery_is_read(secret: str) -> None:
    event_id, document = WaveSpeedSeal(secret, VirtualClock()).read(headers(seal()), BODY) or ("", {})
    assert (event_id, document["id"]) == ("e-1", "p-1")


@pytest.mark.parametrize("age_s", [-300, 300])
def test_it_may_be_five_minutes_old_or_ahead(age_s: int) -> None:
    clock = VirtualClock(START + timedelta(seconds=age_s))
    assert WaveSpeedSeal(SECRET, clock).read(headers(seal()), BODY) is not None
    clock = VirtualClock(START + timedelta(seconds=age_s + (1 if age_s > 0 else -1)))
    assert WaveSpeedSeal(SECRET, clock).read(headers(seal()), BODY) is None


def test_whatever_is_not_genuine_is_nothing() -> None:
    good, decoded = seal(), "secret-of-the-account"
    forged = {
        "another body": (headers(good), BODY.replace(b"p-1", b"p-2")),
        "another id": (headers(good, event="e-2"), BODY),
        "another time": (headers(good, sent=str(int(SENT) + 1)), BODY),
        "another key": (headers(seal(key="guessed")), BODY),
        "the key decoded, as Standard Webhooks would": (headers(seal(key=decoded)), BODY),
        "another version": (headers(good.replace("v3,", "v1,")), BODY),
        "no version": (headers(good.removeprefix("v3,")), BODY),
        "nothing": (headers(""), BODY),
        "letters beyond ASCII": (headers("v3,é"), BODY),
        "no time": (headers(good, sent="soon"), BODY),
        "a time of no calendar": (headers(good, sent="9" * 30), BODY),
        "digits of another script": (headers(good, sent="１"), BODY),
        "no id": (headers(seal(event=""), event=""), BODY),
        "no headers": ({}, BODY),
        "no JSON": (headers(seal(b"film")), b"film"),
        "too long": (headers(seal(b" " * 300_000)), b" " * 300_000),
    }
    reader = WaveSpeedSeal(SECRET, VirtualClock())
    assert {name for name, (told, body) in forged.items() if reader.read(told, body) is not None} == set()


def test_an_empty_secret_is_said() -> None:
    with pytest.raises(ValueError, match="empty"):
        WaveSpeedSeal("whsec_", VirtualClock())
