"""The connections to Slack: opened once, with explicit timeouts and retries that cannot post twice.

Slack facts section 15 (slack_sdk 3.47.0, aiohttp 3.14.5, measured 2026-11-21): with a session of ours the client's own
`timeout` is ignored; its default retries repeat a `chat.postMessage` whose answer was lost.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from slack_sdk.http_retry.builtin_async_handlers import AsyncConnectionErrorRetryHandler
from slack_sdk.http_retry.builtin_interval_calculators import FixedValueRetryIntervalCalculator
from slack_sdk.web.async_client import AsyncWebClient

CALL_TIMEOUT_S = 20.0
"""After that a worker's call is over for us; Slack may still do it."""
INTERACTIVE_TIMEOUT_S = 4.0
"""A trigger lives 3 s: later there is nobody to answer."""
CONNECT_TIMEOUT_S = 5.0
INTERACTIVE_CONNECT_TIMEOUT_S = 2.0
RECONNECT_AFTER_S = 0.2
IDLE_S = 10.0
"""An idle connection is closed by us before the other side does: a post on a dying one has an unknown outcome."""
THREADS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackDoor:
    """`interactive` for listeners (short, never waits), `worker` for cards and deliveries, each with its own session:

    `hasty` for answers by `response_url`, `http` for upload URLs.

    `threads` read files and resolve names: the durable engine puts a small pool of its own in the loop's default place.
    """

    interactive: AsyncWebClient
    worker: AsyncWebClient
    http: aiohttp.ClientSession
    hasty: aiohttp.ClientSession
    threads: ThreadPoolExecutor


@asynccontextmanager
async def opened_slack(
    *, token: str | None, base_url: str, timeout_s: float = CALL_TIMEOUT_S
) -> AsyncIterator[SlackDoor]:
    """One connection pool and its two clients. `token` None: every call brings the token of its workspace.

    No rate-limit handler: a 429 is an answer that the card writer and the delivery put into their plans.
    """
    threads = ThreadPoolExecutor(THREADS, thread_name_prefix="slack")
    connector = aiohttp.TCPConnector(resolver=_OwnThreadsResolver(threads), keepalive_timeout=IDLE_S, limit=64)
    soon = aiohttp.ClientTimeout(total=INTERACTIVE_TIMEOUT_S, sock_connect=INTERACTIVE_CONNECT_TIMEOUT_S)
    patient = aiohttp.ClientTimeout(total=timeout_s, sock_connect=CONNECT_TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(connector=connector, connector_owner=False, timeout=soon) as hasty,
            aiohttp.ClientSession(connector=connector, connector_owner=False, timeout=patient) as calm,
        ):
            yield SlackDoor(
                interactive=_client(token, base_url, hasty),
                worker=_client(token, base_url, calm),
                http=calm,
                hasty=hasty,
                threads=threads,
            )
    finally:
        await connector.close()
        threads.shutdown(wait=False, cancel_futures=True)


def _client(token: str | None, base_url: str, session: aiohttp.ClientSession) -> AsyncWebClient:
    nothing_was_sent = AsyncConnectionErrorRetryHandler(
        interval_calculator=FixedValueRetryIntervalCalculator(RECONNECT_AFTER_S),
        error_types=[aiohttp.ClientConnectorError],
    )
    return AsyncWebClient(token=token, session=session, base_url=base_url, retry_handlers=[nothing_was_sent])


class _OwnThreadsResolver(AbstractResolver):
    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self._threads = threads

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        def look() -> list[ResolveResult]:
            found = socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
            return [
                ResolveResult(
                    hostname=host,
                    host=str(address[0]),
                    port=port,
                    family=kind,
                    proto=protocol,
                    flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
                )
                for kind, _, protocol, _, address in found
            ]

        return await asyncio.get_running_loop().run_in_executor(self._threads, look)

    async def close(self) -> None:
        """The threads belong to whoever opened the door."""
