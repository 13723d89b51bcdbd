"""`VideoProvider`, watched: each call counted by what came of it, timed, and named in the lines it causes."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime

from bot.observing.context import about
from bot.observing.meters import Meters
from bot.providers.base import (
    Download,
    FoundRender,
    PollsMany,
    RenderRef,
    RenderRequest,
    RenderStatus,
    TellsBalance,
    VideoProvider,
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

    async def find(self, since: datetime) -> list[FoundRender]:
        with self._call("find"):
            return await self._provider.find(since)

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


class WatchedBatches(WatchedProvider):
    """For a service that tells of many renders at once: who asks for that method must find it, or not."""

    def __init__(self, provider: VideoProvider, many: PollsMany, *, service: str, meters: Meters) -> None:
        super().__init__(provider, service=service, meters=meters)
        self._many = many

    async def poll_many(self, refs: Sequence[RenderRef]) -> Mapping[str, RenderStatus | ProviderError]:
        with self._call("poll_many"):
            return await self._many.poll_many(refs)


class WatchedPurse(WatchedProvider):
    """For a service that says what is left of our money."""

    def __init__(self, provider: VideoProvider, purse: TellsBalance, *, service: str, meters: Meters) -> None:
        super().__init__(provider, service=service, meters=meters)
        self._purse = purse

    async def balance(self) -> int | None:
        with self._call("balance"):
            return await self._purse.balance()


def watched(provider: VideoProvider, *, service: str, meters: Meters) -> VideoProvider:
    """What an adapter can do besides stays visible; none can do both so far, and a test would say so."""
    if isinstance(provider, PollsMany):
        return WatchedBatches(provider, provider, service=service, meters=meters)
    if isinstance(provider, TellsBalance):
        return WatchedPurse(provider, provider, service=service, meters=meters)
    return WatchedProvider(provider, service=service, meters=meters)


_: type[VideoProvider] = WatchedProvider
__: type[PollsMany] = WatchedBatches
___: type[TellsBalance] = WatchedPurse
