"""Standard Webhooks as OpenAI sent them: `video.completed` and `video.failed` with the id and nothing else.

Signed by the library of the standard; a delivery that is not answered with 2xx is tried again. The doors for bad luck:
`send` forges, backdates and repeats; `repeat` and `muted` change what the service does by itself.
Source: section 1 of the provider facts, 2026-11-21.
"""

import base64
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import aiohttp
from standardwebhooks import Webhook

from bot.clock import Clock, NewId

PAUSES_S: Final = (1.0, 5.0, 25.0, 125.0, 625.0)
"""Waits between the tries; the original goes on for 72 hours."""
ANSWER_TIMEOUT_S: Final = 15.0

Strike = Callable[[], Awaitable[None] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One try. `status` is None when nobody answered."""

    event_id: str
    render_id: str
    kind: str
    at: datetime
    status: int | None

    @property
    def arrived(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def new_webhook_secret() -> str:
    """A fresh secret in the standard's form: `whsec_` and 32 random bytes in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


class Webhooks:
    """The one endpoint of the account. `url` may be set later; None sends nothing."""

    def __init__(
        self, *, session: aiohttp.ClientSession, clock: Clock, new_id: NewId, url: str | None, secret: str
    ) -> None:
        if not secret.startswith("whsec_"):
            raise ValueError("a webhook secret begins with whsec_")
        self._session = session
        self._clock = clock
        self._new_id = new_id
        self.url = url
        self.secret = secret
        self.repeat = 1
        """How often each event is delivered, with the same id."""
        self.muted = False
        self.strike: Strike | None = None
        """Called (or awaited) once, when the next delivery was sent and before its answer is read."""
        self.deliveries: list[Delivery] = []

    async def announce(self, render_id: str, kind: str, *, tried: Callable[[], None]) -> None:
        """Deliver one event until it arrives or the tries are used up; `tried` is called after the first try."""
        if self.url is None or self.muted:
            tried()
            return
        event_id = f"evt_{self._new_id()}"
        for pause_s in (*PAUSES_S, None):
            deliveries = [await self.send(render_id, kind=kind, event_id=event_id) for _ in range(self.repeat)]
            tried()
            if deliveries[-1].arrived or pause_s is None:
                return
            await self._clock.sleep(pause_s)

    async def send(
        self,
        render_id: str,
        *,
        kind: str = "video.completed",
        event_id: str | None = None,
        forged: bool = False,
        age_s: float = 0.0,
    ) -> Delivery:
        """Send one delivery now, without retries.

        `forged` signs with a secret nobody shares; `age_s` backdates it (negative: from the future); the same
        `event_id` twice is the delivery twice.
        """
        if self.url is None:
            raise ValueError("there is no webhook address to deliver to")
        sent_at = self._clock.now() - timedelta(seconds=age_s)
        event = {
            "id": event_id or f"evt_{self._new_id()}",
            "object": "event",
            "created_at": int(sent_at.timestamp()),
            "type": kind,
            "data": {"id": render_id},
        }
        body = json.dumps(event)
        secret = new_webhook_secret() if forged else self.secret
        headers = {
            "Content-Type": "application/json",
            "Content-Length": str(len(body.encode())),
            "User-Agent": "OpenAI/1.0",
            "webhook-id": str(event["id"]),
            "webhook-timestamp": str(int(sent_at.timestamp())),
            "webhook-signature": Webhook(secret).sign(str(event["id"]), sent_at, body),
        }
        status = await self._post(body, headers)
        delivery = Delivery(
            event_id=str(event["id"]), render_id=render_id, kind=kind, at=self._clock.now(), status=status
        )
        self.deliveries.append(delivery)
        return delivery

    async def _post(self, body: str, headers: dict[str, str]) -> int | None:
        timeout = aiohttp.ClientTimeout(total=ANSWER_TIMEOUT_S)
        try:
            async with self._session.post(
                self.url or "",
                data=self._bytes_then_strike(body.encode()) if self.strike else body.encode(),
                headers=headers,
                timeout=timeout,
                allow_redirects=False,
            ) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None

    async def _bytes_then_strike(self, body: bytes) -> AsyncIterator[bytes]:
        """The client asks for more only when it has written what it got: that is the moment to strike."""
        yield body
        strike, self.strike = self.strike, None
        outcome = strike() if strike is not None else None
        if outcome is not None:
            await outcome
