"""A service as raw as a socket: answers what a test says, in order, and keeps what it was asked."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Told:
    """One answer, or one misfortune. `{base}` in the body and headers becomes the server's own address."""

    status: int = 200
    body: Any = None
    """Text and bytes go as they are, anything else as JSON."""
    headers: dict[str, str] = field(default_factory=dict)
    wire: str = "answers"
    """answers | drops (closes without an answer) | cuts (half of the body) | trickles (never quite done) | is_silent"""


@dataclass(frozen=True, kw_only=True)
class Asked:
    method: str
    path: str
    """With the query."""
    headers: dict[str, str]
    body: bytes


class RawService:
    def __init__(self, answers: Sequence[Told]) -> None:
        self.waiting = list(answers)
        self.asked: list[Asked] = []
        self.base = ""
        self._over = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection, so that each answer's end is the connection's end."""
        try:
            self.asked.append(await _request(reader))
            told = self.waiting.pop(0) if self.waiting else Told(status=418, body="nothing more was expected")
            if told.wire == "is_silent":
                await self._over.wait()
            elif told.wire == "trickles":
                await self._trickle(writer)
            elif told.wire != "drops":
                writer.write(self._answer(told))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _trickle(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 Told\r\nContent-Length: 100000\r\n\r\n")
        while not self._over.is_set():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.005)

    def _answer(self, told: Told) -> bytes:
        body = told.body if isinstance(told.body, bytes) else self._text(told.body).encode()
        kind = "text/html" if isinstance(told.body, str) else "application/json"
        length = {} if "Transfer-Encoding" in told.headers else {"Content-Length": str(len(body))}
        headers = {"Content-Type": kind, "Connection": "close"} | length | told.headers
        lines = [f"HTTP/1.1 {told.status} Told", *(f"{name}: {self._filled(value)}" for name, value in headers.items())]
        sent = body[: len(body) // 2] if told.wire == "cuts" else body
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + sent

    def _text(self, body: Any) -> str:
        if body is None:
            return ""
        return self._filled(body if isinstance(body, str) else json.dumps(body))

    def _filled(self, text: str) -> str:
        return text.replace("{base}", self.base)

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.base = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop_listening(self) -> None:
        """From now on a connection is refused."""
        self._over.set()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()


async def _request(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    method, path, _ = first.split(" ")
    return Asked(method=method, path=path, headers=headers, body=body)


@asynccontextmanager
async def raw_service(*answers: Told) -> AsyncIterator[RawService]:
    service = RawService(answers)
    await service.listen()
    try:
        yield service
    finally:
        await service.stop_listening()
