"""Short-lived rights: triggers (3 s, one use) and response URLs (30 min, five uses)."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from bot.clock import Clock
from bot.demo.slack.refusals import Refusal

TRIGGER_LIFE: Final = timedelta(seconds=3)
RESPONSE_LIFE: Final = timedelta(minutes=30)
RESPONSE_USES: Final = 5


@dataclass(slots=True, kw_only=True)
class Trigger:
    id: str
    user_id: str
    channel_id: str | None
    view_id: str | None
    born_at: datetime
    is_used: bool = False


@dataclass(slots=True, kw_only=True)
class ResponseUrl:
    """`message_ts` is the original it can replace or delete; a slash command's has none."""

    secret: str
    user_id: str
    channel_id: str
    message_ts: str | None
    thread_ts: str | None
    born_at: datetime
    uses: int = 0


@dataclass(slots=True)
class Tickets:
    clock: Clock
    triggers: dict[str, Trigger] = field(default_factory=dict)
    responses: dict[str, ResponseUrl] = field(default_factory=dict)

    def trigger(self, user_id: str, *, channel_id: str | None = None, view_id: str | None = None) -> str:
        now = self.clock.now()
        id = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self.triggers[id] = Trigger(id=id, user_id=user_id, channel_id=channel_id, view_id=view_id, born_at=now)
        return id

    def exchange(self, trigger_id: str) -> Trigger:
        """Use a trigger up.

        Raises:
            Refusal: unknown, older than 3 s, or used before.
        """
        trigger = self.triggers.get(trigger_id)
        if trigger is None:
            raise Refusal("invalid_trigger_id")
        if trigger.is_used:
            raise Refusal("exchanged_trigger_id")
        if self.clock.now() - trigger.born_at > TRIGGER_LIFE:
            raise Refusal("expired_trigger_id")
        trigger.is_used = True
        return trigger

    def response(
        self, user_id: str, channel_id: str, *, message_ts: str | None = None, thread_ts: str | None = None
    ) -> ResponseUrl:
        url = ResponseUrl(
            secret=secrets.token_urlsafe(18), user_id=user_id, channel_id=channel_id, message_ts=message_ts,
            thread_ts=thread_ts, born_at=self.clock.now(),
        )  # fmt: skip
        self.responses[url.secret] = url
        return url

    def use(self, secret: str) -> ResponseUrl:
        """Count one use.

        Raises:
            Refusal: unknown, over 30 minutes old, or used five times.
        """
        url = self.responses.get(secret)
        if url is None or self.clock.now() - url.born_at > RESPONSE_LIFE:
            raise Refusal("expired_url")
        if url.uses >= RESPONSE_USES:
            raise Refusal("used_url")
        url.uses += 1
        return url
