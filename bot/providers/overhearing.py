"""Listening to what an adapter and its service say to each other, for whoever records one real exchange.

Clients that are opened inside `overheard()` are listened to; all others never are. Films pass through untouched.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import httpx

FILM_TYPES = ("video/", "application/octet-stream", "binary/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One request and its answer, as they were: with keys, so it goes into no file before it is redacted."""

    method: str
    url: str
    sent: bytes
    sent_type: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    """None: a film."""


_LISTENER: ContextVar[list[Heard] | None] = ContextVar("overheard", default=None)


@contextmanager
def overheard() -> Iterator[list[Heard]]:
    """Everything said by clients that are opened in here, in its order."""
    heard: list[Heard] = []
    token = _LISTENER.set(heard)
    try:
        yield heard
    finally:
        _LISTENER.reset(token)


def listened_to(transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
    """The transport itself, unless somebody listens."""
    heard = _LISTENER.get()
    return transport if heard is None else _Listening(transport, heard)


class _Listening(httpx.AsyncBaseTransport):
    def __init__(self, transport: httpx.AsyncBaseTransport, heard: list[Heard]) -> None:
        self._transport = transport
        self._heard = heard

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        sent = await request.aread()
        response = await self._transport.handle_async_request(request)
        body: bytes | None = None
        if not response.headers.get("content-type", "").startswith(FILM_TYPES):
            body = b"".join([chunk async for chunk in _stream(response)])
            await response.aclose()
            response = httpx.Response(
                response.status_code, headers=response.headers, stream=httpx.ByteStream(body), request=request
            )
        self._heard.append(
            Heard(
                method=request.method,
                url=str(request.url),
                sent=sent,
                sent_type=request.headers.get("content-type", ""),
                status=response.status_code,
                headers=tuple(response.headers.items()),
                body=body,
            )
        )
        return response

    async def aclose(self) -> None:
        await self._transport.aclose()


def _stream(response: httpx.Response) -> httpx.AsyncByteStream:
    assert isinstance(response.stream, httpx.AsyncByteStream)  # as every asynchronous transport gives it
    return response.stream
