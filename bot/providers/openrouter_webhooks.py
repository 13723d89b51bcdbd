"""Whether a delivery really comes from OpenRouter: `X-OpenRouter-Signature: t=<unix>,v1=<hex>`.

HMAC-SHA256 over "{t},{raw body}", with a comma, and the signing secret of the workspace; 300 s of tolerance. Sources:
OpenRouter's cookbook page on video webhooks and clients that agree with it, 2026-11-21 (B, C). Its header for repeats,
`X-OpenRouter-Idempotency-Key`, is not signed, so repeats are known by what is.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Final

from bot.clock import Clock
from bot.providers.base import WebhookEvent
from bot.providers.video_object import id_of

TOLERANCE_S: Final = 300
BODY_BYTES_MAX: Final = 256 * 1024
EVENTS: Final = "video.generation."


class OpenRouterWebhooks:
    def __init__(self, secret: str, clock: Clock) -> None:
        """Take the workspace's signing secret as it stands in its settings.

        Raises:
            ValueError: it is empty.
        """
        if not secret:
            raise ValueError("the webhook secret is empty")
        self._key, self._clock = secret.encode(), clock

    def read(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent | None:
        """The event of a genuine and fresh delivery."""
        named = {name.lower(): value for name, value in headers.items()}
        parts = [each.strip().partition("=") for each in named.get("x-openrouter-signature", "").split(",")]
        sent = next((value for name, _, value in parts if name == "t"), "")
        if not (sent.isascii() and sent.isdecimal() and len(sent) < 12 and len(body) <= BODY_BYTES_MAX):
            return None
        if abs(self._clock.now().timestamp() - int(sent)) > TOLERANCE_S:
            return None
        expected = hmac.new(self._key, f"{sent},".encode() + body, hashlib.sha256).hexdigest().encode()
        # Every one is compared, so that the time taken says nothing about which was right.
        genuine = [hmac.compare_digest(expected, value.encode()) for name, _, value in parts if name == "v1"]
        return _event(body) if any(genuine) else None


def _event(body: bytes) -> WebhookEvent | None:
    try:
        event: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    kind = str(event.get("type", "")) if isinstance(event, dict) else ""
    render_id = id_of(event.get("data")) if kind.startswith(EVENTS) else None
    return None if render_id is None else WebhookEvent(event_id=f"{render_id} {kind}"[:200], render_id=render_id)
