"""Socket Mode: one-use tickets, up to ten connections, each payload to one of them, acknowledgements on any."""

import asyncio
import itertools
import json
import secrets
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import WSMsgType, web

from bot.demo.slack.workspace import Json
from bot.demo.slack.world import World

CONNECTIONS_MAX: Final = 10


@dataclass(slots=True, eq=False)
class Link:
    socket: web.WebSocketResponse
    request: web.Request
    envelopes: list[str] = field(default_factory=list)


class Sockets:
    """`repeat_next` makes the next envelopes arrive twice; `refuse_next` refuses so many good tickets at the door."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tickets: set[str] = set()
        self._links: list[Link] = []
        self._turn = itertools.count()
        self._waiting: dict[str, asyncio.Future[Json | None]] = {}
        self._came = asyncio.Event()
        self.refuse_next = 0
        self.repeat_next = 0
        self.refused = 0
        self.envelopes: list[Json] = []
        """Everything sent, repeats included."""

    @property
    def live(self) -> int:
        return len(self._links)

    def ticket(self) -> str:
        ticket = secrets.token_urlsafe(12)
        self._tickets.add(ticket)
        return f"{self._world.origin.replace('http', 'ws', 1)}/link?ticket={ticket}&app_id={self._world.app.id}"

    async def connected(self, count: int = 1, *, within_s: float = 10) -> None:
        """Wait in real time until the app has so many connections."""
        async with asyncio.timeout(within_s):
            while self.live < count:
                await self._came.wait()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        good = ticket in self._tickets and self.live < CONNECTIONS_MAX
        self._tickets.discard(ticket)  # spent, whatever comes of it: trying the same URL again never helps
        if good and self.refuse_next > 0:
            self.refuse_next -= 1
            good = False
        if not good:
            self.refused += 1
            return web.Response(status=408, text="ticket refused")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        link = Link(socket, request)
        self._links.append(link)
        await socket.send_json(self._hello())
        self._came.set()
        self._came = asyncio.Event()
        try:
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    self._answered(frame.data)
        finally:
            if link in self._links:
                self._links.remove(link)
        return socket

    async def send(self, kind: str, payload: Json, *, attempt: int, reason: str, within_s: float) -> Json | None:
        """Send to one connection and wait for its acknowledgement; the answer's payload.

        Raises:
            ConnectionError: nobody is connected.
            TimeoutError: no acknowledgement in time.
        """
        if not self._links:
            raise ConnectionError("no socket")
        envelope = self._envelope(kind, payload, attempt=attempt, reason=reason)
        answer: asyncio.Future[Json | None] = asyncio.get_running_loop().create_future()
        self._waiting[envelope["envelope_id"]] = answer
        sending = asyncio.ensure_future(self._world.clock.sleep(within_s))
        try:
            await self._push(envelope)
            if self.repeat_next > 0:
                self.repeat_next -= 1
                await self._push({**envelope, "retry_attempt": attempt + 1, "retry_reason": "timeout"})
            waited: set[asyncio.Future[Any]] = {answer, sending}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                raise TimeoutError
            return answer.result()
        finally:
            sending.cancel()
            self._waiting.pop(envelope["envelope_id"], None)

    async def disconnect(self, reason: str = "refresh_requested", *, count: int | None = None) -> None:
        """Ask connections to renew, and close them: `warning`, `refresh_requested`, `link_disabled`."""
        for link in self._links[:count].copy():
            told = {"type": "disconnect", "reason": reason, "debug_info": {"host": "local"}}
            await link.socket.send_json(told)
            if reason != "warning":
                await self._close(link)

    async def drop(self, count: int | None = None) -> None:
        """Cut connections without a word."""
        for link in self._links[:count].copy():
            await self._close(link, is_rude=True)

    async def close(self) -> None:
        for link in self._links.copy():
            await self._close(link)

    async def _close(self, link: Link, *, is_rude: bool = False) -> None:
        if link in self._links:
            self._links.remove(link)
        if is_rude and link.request.transport is not None:
            link.request.transport.abort()
            return
        await link.socket.close()

    async def _push(self, envelope: Json) -> None:
        if not self._links:
            raise ConnectionError("no socket any more")
        link = self._links[next(self._turn) % len(self._links)]
        link.envelopes.append(envelope["envelope_id"])
        self.envelopes.append(envelope)
        await link.socket.send_json(envelope)

    def _envelope(self, kind: str, payload: Json, *, attempt: int, reason: str) -> Json:
        envelope: Json = {
            "envelope_id": f"{secrets.token_hex(4)}-{secrets.token_hex(2)}-{secrets.token_hex(6)}", "type": kind,
            "payload": payload, "accepts_response_payload": kind != "events_api",
        }  # fmt: skip
        if kind == "events_api":
            envelope |= {"retry_attempt": attempt, "retry_reason": reason}
        return envelope

    def _answered(self, data: Any) -> None:
        told = json.loads(data)
        waiting = self._waiting.get(str(told.get("envelope_id")))
        if waiting is not None and not waiting.done():
            waiting.set_result(told.get("payload") or None)

    def _hello(self) -> Json:
        return {
            "type": "hello", "num_connections": self.live, "connection_info": {"app_id": self._world.app.id},
            "debug_info": {"host": "local", "build_number": 1, "approximate_connection_time": 18060},
        }  # fmt: skip
