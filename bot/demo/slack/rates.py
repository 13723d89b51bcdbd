"""Rate tiers: per method, `chat.postMessage` per channel besides. A bucket tolerates a burst and refills with time.

Figures: docs.slack.dev rate limits and method pages; Slack facts section 7, 2026-11-21.
"""

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from bot.clock import Clock

TIER_2, TIER_3, TIER_4 = 20, 50, 100
PER_MINUTE: Final = {
    "apps.connections.open": TIER_3,
    "auth.test": 600,
    "bots.info": TIER_3,
    "chat.delete": TIER_3,
    "chat.postEphemeral": TIER_4,
    "chat.postMessage": 300,
    "chat.update": TIER_3,
    "conversations.info": TIER_3,
    "conversations.join": TIER_3,
    "conversations.members": TIER_4,
    "conversations.open": TIER_3,
    "files.completeUploadExternal": TIER_4,
    "files.delete": TIER_3,
    "files.getUploadURLExternal": TIER_4,
    "files.info": TIER_4,
    "users.info": TIER_4,
    "views.open": TIER_4,
    "views.publish": TIER_4,
    "views.push": TIER_4,
    "views.update": TIER_4,
}
"""Calls a minute, which is also the burst."""
POSTS_PER_CHANNEL_S: Final = 1.0
POSTS_BURST: Final = 10
"""Slack says "about one a second, short bursts tolerated" without a figure."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    since: datetime


@dataclass(slots=True)
class Rates:
    clock: Clock
    enabled: bool = True
    _buckets: dict[str, _Bucket] = field(default_factory=dict)

    def wait_s(self, method: str, channel: str = "") -> int | None:
        """Take one call; None, or the whole seconds after which it may be tried again."""
        if not self.enabled:
            return None
        per_minute = PER_MINUTE.get(method, TIER_2)
        waits = [self._take(method, burst=per_minute, per_s=per_minute / 60)]
        if method == "chat.postMessage" and channel and waits[0] is None:
            waits.append(self._take(f"{method} {channel}", burst=POSTS_BURST, per_s=POSTS_PER_CHANNEL_S))
        return next((wait for wait in waits if wait is not None), None)

    def _take(self, key: str, *, burst: int, per_s: float) -> int | None:
        now = self.clock.now()
        bucket = self._buckets.setdefault(key, _Bucket(float(burst), now))
        bucket.tokens = min(float(burst), bucket.tokens + max(0.0, (now - bucket.since).total_seconds()) * per_s)
        bucket.since = now
        if bucket.tokens < 1:
            return max(1, math.ceil((1 - bucket.tokens) / per_s))
        bucket.tokens -= 1
        return None
