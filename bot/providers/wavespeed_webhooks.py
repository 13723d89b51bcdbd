"""The seal on WaveSpeedAI's webhooks: the headers of Standard Webhooks, but another key, another form and "v3".

Source: https://wavespeed.ai/docs/verify-webhooks, read on 2026-11-21. HMAC-SHA256 over "id.timestamp.body", in hex; the
key is what follows `whsec_` as plain text ("do not base64 decode it"). The page gives no vector that could be computed.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from bot.clock import Clock
from bot.providers.callbacks import json_of

TOLERANCE_S: Final = 300
VERSION: Final = "v3"


class WaveSpeedSeal:
    def __init__(self, secret: str, clock: Clock) -> None:
        """Take the secret with or without its `whsec_`.

        Raises:
            ValueError: nothing is left of it.
        """
        self._key = secret.strip().removeprefix("whsec_").encode()
        self._clock = clock
        if not self._key:
            raise ValueError("the webhook secret is empty")

    def read(self, headers: Mapping[str, str], body: bytes) -> tuple[str, Any] | None:
        """The delivery's id, by which repeats are known, and its JSON; None when forged, stale or unreadable."""
        named = {name.lower(): value for name, value in headers.items()}
        event_id, sent, seal = (named.get(f"webhook-{part}", "") for part in ("id", "timestamp", "signature"))
        if not (event_id and sent.isdecimal() and len(sent) < 12):
            return None
        age_s = (self._clock.now() - datetime.fromtimestamp(int(sent), UTC)).total_seconds()
        if abs(age_s) > TOLERANCE_S:
            return None
        content = f"{event_id}.{sent}.".encode() + body
        expected = f"{VERSION},{hmac.new(self._key, content, hashlib.sha256).hexdigest()}"
        if not hmac.compare_digest(expected.encode(), seal.encode()):
            return None
        document = json_of(body)
        return None if document is None else (event_id, document)
