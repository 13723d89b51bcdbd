"""Whether a delivery really comes from Replicate: Standard Webhooks with a secret that the account's key may read.

So nobody has to copy it into the configuration. Scheme: replicate 1.0.7 `webhook.py`, whose check of the age is off
unless asked for; ours is always on.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.clock import Clock
from bot.providers.errors import ProviderError
from bot.providers.standard_webhooks import StandardWebhooks

SECRET_LIVES_FOR = timedelta(hours=24)
REFRESH_EVERY = timedelta(minutes=5)
"""A signature that does not fit means a new secret or a forger: asking is rationed, or forgers could make us flood."""

FetchSecret = Callable[[], Awaitable[str]]
"""The secret, "whsec_..."; raises ProviderError."""


class ReplicateWebhooks:
    """Remembers the secret and nothing about deliveries."""

    def __init__(self, fetch_secret: FetchSecret, clock: Clock) -> None:
        self._fetch_secret, self._clock = fetch_secret, clock
        self._known: StandardWebhooks | None = None
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None

    async def read(self, headers: Mapping[str, str], body: bytes) -> tuple[str, Any] | None:
        """The delivery's id and its JSON; None when forged, stale or unreadable."""
        if not any(name.lower() == "webhook-signature" for name in headers):
            return None  # Nothing to compare, so nothing to ask for.
        if not self._is_aged() and self._known is not None and (delivery := self._known.read(headers, body)):
            return delivery
        if not await self._refresh() or self._known is None:
            return None
        return self._known.read(headers, body)

    def _is_aged(self) -> bool:
        return self._fetched_at is None or self._clock.now() - self._fetched_at >= SECRET_LIVES_FOR

    async def _refresh(self) -> bool:
        """Fetch the secret unless that was tried minutes ago. The try is noted first: deliveries meanwhile add none."""
        now = self._clock.now()
        if self._tried_at is not None and now - self._tried_at < REFRESH_EVERY:
            return False
        self._tried_at = now
        try:
            self._known = StandardWebhooks(await self._fetch_secret(), self._clock)
        except (ProviderError, ValueError):
            return False
        self._fetched_at = now
        return True
