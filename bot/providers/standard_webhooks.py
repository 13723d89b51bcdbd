"""Standard Webhooks: a delivery is genuine when it is fresh and signed with the secret we share.

OpenAI signed so until its end, Kling and Gemini do. Scheme: https://www.standardwebhooks.com, section 1 of the provider
facts, 2026-11-21. The library's own `verify` reads the wall clock, so its `sign` is compared with here.
"""

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook

from bot.clock import Clock

TOLERANCE_S = 300
BODY_BYTES_MAX = 256 * 1024


class StandardWebhooks:
    def __init__(self, secret: str, clock: Clock) -> None:
        """Take a `whsec_` secret, or any other text as its own bytes, as OpenAI's SDK does.

        Raises:
            ValueError: what follows `whsec_` is not base64; said without the secret.
        """
        self._clock = clock
        key = secret.encode()
        if secret.startswith("whsec_"):
            try:
                key = base64.b64decode(secret.removeprefix("whsec_") + "==")
            except binascii.Error:
                raise ValueError("the webhook secret is damaged: what follows whsec_ is not base64") from None
        if not key:
            raise ValueError("the webhook secret is empty")
        self._webhook = Webhook(key)

    def read(self, headers: Mapping[str, str], body: bytes) -> tuple[str, Any] | None:
        """The delivery's id, by which repeats are known, and its JSON; None when forged, stale or unreadable."""
        named = {name.lower(): value for name, value in headers.items()}
        event_id, sent, signatures = (named.get(f"webhook-{part}", "") for part in ("id", "timestamp", "signature"))
        if not (event_id and sent.isascii() and sent.isdecimal() and len(sent) < 12 and len(body) <= BODY_BYTES_MAX):
            return None
        sent_at = datetime.fromtimestamp(int(sent), UTC)
        if abs((self._clock.now() - sent_at).total_seconds()) > TOLERANCE_S:
            return None
        try:
            expected = self._webhook.sign(event_id, sent_at, body.decode()).encode()
            # Every one is compared, so that the time taken says nothing about which was right.
            genuine = [hmac.compare_digest(expected, each.encode()) for each in signatures.split()]
            if not any(genuine):
                return None
            return event_id, json.loads(body)
        except (ValueError, RecursionError):
            return None
