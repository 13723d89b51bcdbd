"""`VideoProvider`, watched: each call counted by what came of it, timed, and named in the lines it causes."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from functools import cache

from bot.observing.context import about
from bot.observing.meters import Meters
from bot.providers.base import (
    CallsBack,
    Download,
    FindsRenders,
    FoundRender,
    PollsMany,
    RenderRef,
    RenderRequest,
    RenderStatus,
    TellsBalance,
    VideoProvider,
    WebhookChallenge,
    WebhookEvent,
)
from bot.providers.errors import ProviderError

OK, BROKEN, CUT = "ok", "broken", "cut"
"""BROKEN: an error that no adapter should raise. CUT: given up from outside, by a deadline or at the end."""


class WatchedProvider:
    def __init__(self, provider: VideoProvider, *, service: str, meters: Meters) -> None:
        self._provider = provider
        self._service = service
        self._meters = meters

    async def submit(self, request: RenderRequest) -> RenderRef:
        with self._call("submit", attempt=request.client_key):
            return await self._provider.submit(request)

    async def poll(self, ref: RenderRef) -> RenderStatus:
        with self._call("poll"):
            return await self._provider.poll(ref)

    @asynccontextmanager
    async def download(self, ref: RenderRef, status: RenderStatus) -> AsyncIterator[Download]:
        with self._call("download"):
            async with self._provider.download(ref, status) as download:
                yield download

    def adopted(self, render_id: str, wire_name: str) -> RenderRef:
        return self._provider.adopted(render_id, wire_name)

    async def cancel(self, ref: RenderRef) -> bool:
        with self._call("cancel"):
            return await self._provider.cancel(ref)

    async def check(self) -> None:
        with self._call("check"):
            await self._provider.check()

    async def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent | None:
        with self._call("webhook"):
            return await self._provider.verify_webhook(headers, body)

    @contextmanager
    def _call(self, call: str, **facts: str) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        begun, result = loop.time(), CUT
        try:
            with about(service=self._service, **facts):
                yield
            result = OK
        except ProviderError as error:
            result = error.kind
            raise
        except Exception:
            result = BROKEN
            raise
        finally:
            self._meters.calls.labels(service=self._service, call=call, result=result).inc()
            self._meters.call_s.labels(service=self._service, call=call).observe(loop.time() - begun)


class _Listing(WatchedProvider):
    async def find(self, since: datetime) -> list[FoundRender]:
        assert isinstance(self._provider, FindsRenders)
        with self._call("find"):
            return await self._provider.find(since)


class _Batches(WatchedProvider):
    async def poll_many(self, refs: Sequence[RenderRef]) -> Mapping[str, RenderStatus | ProviderError]:
        assert isinstance(self._provider, PollsMany)
        with self._call("poll_many"):
            return await self._provider.poll_many(refs)


class _Purse(WatchedProvider):
    async def balance(self) -> int | None:
        assert isinstance(self._provider, TellsBalance)
        with self._call("balance"):
            return await self._provider.balance()


class _Callbacks(WatchedProvider):
    async def called_back(self, body: bytes) -> WebhookEvent | WebhookChallenge | None:
        assert isinstance(self._provider, CallsBack)
        with self._call("webhook"):
            return await self._provider.called_back(body)


_MORE: tuple[tuple[type, type[WatchedProvider]], ...] = (
    (FindsRenders, _Listing),
    (PollsMany, _Batches),
    (TellsBalance, _Purse),
    (CallsBack, _Callbacks),
)
"""What an adapter may be able to do besides: who asks for such a method must find it, or not."""


def watched(provider: VideoProvider, *, service: str, meters: Meters) -> VideoProvider:
    return _watching(frozenset(port for port, _ in _MORE if isinstance(provider, port)))(
        provider, service=service, meters=meters
    )


@cache
def _watching(ports: frozenset[type]) -> type[WatchedProvider]:
    parts = tuple(part for port, part in _MORE if port in ports)
    return type("WatchedProvider", parts, {}) if parts else WatchedProvider


_: type[VideoProvider] = WatchedProvider
_finds_renders: type[FindsRenders] = _Listing
_polls_many: type[PollsMany] = _Batches
_tells_balance: type[TellsBalance] = _Purse
_calls_back: type[CallsBack] = _Callbacks
