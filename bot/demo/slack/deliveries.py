"""What the workspace tells the app: through an open socket, else as a signed POST; three seconds to acknowledge."""

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp

from bot.demo.slack.sockets import Sockets
from bot.demo.slack.workspace import Json
from bot.demo.slack.world import World

EVENT_RETRIES_S: Final = (0.0, 60.0, 300.0)
"""An event whose delivery failed comes again at once, after a minute, after five (docs.slack.dev, Events API)."""


@dataclass(slots=True, kw_only=True)
class Ack:
    """What came of one delivery. `error`: `operation_timeout`, `dispatch_failed` or nothing."""

    kind: str
    told: Json = field(repr=False)
    acked: bool = False
    latency_s: float = 0.0
    payload: Json | None = None
    error: str = ""
    attempt: int = 0


class Deliveries:
    def __init__(self, world: World, sockets: Sockets, http: aiohttp.ClientSession) -> None:
        self._world = world
        self._sockets = sockets
        self._http = http
        self.made: list[Ack] = []

    async def deliver(self, kind: str, told: Json, *, attempt: int = 0, reason: str = "") -> Ack:
        """One try. `kind` is the socket's word: slash_commands, interactive, events_api."""
        ack = Ack(kind=kind, told=told, attempt=attempt)
        self.made.append(ack)
        since = self._world.clock.now()
        within_s = self._world.dials.ack_within_s
        try:
            if self._sockets.live or not self._world.app.events_url:
                ack.payload = await self._sockets.send(kind, told, attempt=attempt, reason=reason, within_s=within_s)
            else:
                ack.payload = await self._posted(kind, told, attempt=attempt, reason=reason)
            ack.acked = True
        except TimeoutError:
            ack.error = "operation_timeout"
        except (ConnectionError, aiohttp.ClientError):
            ack.error = "dispatch_failed"
        ack.latency_s = (self._world.clock.now() - since).total_seconds()
        self._world.feed.wake()
        return ack

    def event(self, event: Json) -> None:
        """Tell an event if the app listens to it, again and again as Slack does until it is acknowledged."""
        if event["type"] not in self._world.app.events and _subscription(event) not in self._world.app.events:
            return
        world = self._world
        told = {
            "token": world.app.verification_token, "team_id": world.workspace.team_id, "api_app_id": world.app.id,
            "event": event, "type": "event_callback", "event_id": world.workspace.new_id("Ev"),
            "event_time": int(world.clock.now().timestamp()), "is_ext_shared_channel": False,
            "authorizations": [{
                "enterprise_id": None, "team_id": world.workspace.team_id, "user_id": world.app.user_id,
                "is_bot": True, "is_enterprise_install": False,
            }],
        }  # fmt: skip
        world.crew.start(self._insist(told))

    async def _insist(self, told: Json) -> None:
        ack = await self.deliver("events_api", told)
        for attempt, wait_s in enumerate(EVENT_RETRIES_S, start=1):
            if ack.acked:
                return
            await self._world.clock.sleep(wait_s)
            reason = "timeout" if ack.error == "operation_timeout" else "connection_failed"
            ack = await self.deliver("events_api", told, attempt=attempt, reason=reason)

    async def _posted(self, kind: str, told: Json, *, attempt: int, reason: str) -> Json | None:
        """A signed POST in Slack's encodings. Anything but 200 counts as nobody there."""
        if kind == "events_api":
            body, content_type = json.dumps(told), "application/json"
        else:
            form = told if kind == "slash_commands" else {"payload": json.dumps(told)}
            body, content_type = urlencode({name: _form(each) for name, each in form.items()}), _FORM
        headers = self.signed(body) | {"Content-Type": content_type}
        if attempt:
            headers |= {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": f"http_{reason}"}
        patience = aiohttp.ClientTimeout(total=self._world.dials.ack_within_s)
        url = self._world.app.events_url
        async with self._http.post(url, data=body.encode(), headers=headers, timeout=patience) as answer:
            text = await answer.text()
            if answer.status != 200:
                raise ConnectionError(f"status {answer.status}")
        return _answer(text)

    def signed(self, body: str) -> dict[str, str]:
        """The headers by which the app knows that it was us."""
        stamp = str(int(self._world.clock.now().timestamp()))
        base = f"v0:{stamp}:{body}".encode()
        seal = hmac.new(self._world.app.signing_secret.encode(), base, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={seal}"}


_FORM: Final = "application/x-www-form-urlencoded"


def _form(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _answer(text: str) -> Json | None:
    """An empty body is a plain ack; a bare string is a command's text."""
    if not text.strip():
        return None
    try:
        told = json.loads(text)
    except ValueError:
        return {"text": text}
    return told if isinstance(told, dict) and told else None


def _subscription(event: Json) -> str:
    """Messages are subscribed to by the kind of channel."""
    return f"{event['type']}.{event.get('channel_type', '')}"
