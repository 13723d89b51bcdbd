"""HTTP to addresses that came from somebody else's answer: public ones over https, or the operator's own as written.

The check sits where the connection is made, on the address really dialled, so that a redirect or a name that resolves
differently the second time (DNS rebinding) meets it too. A name with even one inside address is refused.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpcore
import httpx

Resolve = Callable[[str, int], list[str]]
"""Name and port to addresses; blocking, raises OSError."""
SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]

NAT64 = IPv6Network("64:ff9b::/96")
RESOLVER_THREADS = 4
CONNECT_TIMEOUT_S = 10.0


class AddressRefused(httpx.ConnectError):
    """Not an address we go to; nothing was sent. To callers who know httpx alone it is a failed connection."""


def public_transport(
    *,
    trusted_origins: frozenset[str],
    resolve: Resolve | None = None,
    verify: ssl.SSLContext | None = None,
) -> httpx.AsyncBaseTransport:
    """A transport for an `httpx.AsyncClient` that follows URLs from answers.

    `trusted_origins` are "scheme://host:port" (a scheme's own port may be left out): http and inside addresses are
    allowed there, because the operator wrote them. `resolve` stands in for the system's resolver, `verify` for the
    authorities that everybody trusts.
    """
    return _PublicTransport(trusted_origins, resolve or system_addresses, verify or certificates())


@cache
def certificates() -> ssl.SSLContext:
    """Read once for all clients of a process: it takes 20 to 40 ms, longer than all the rest of opening one."""
    return httpx.create_ssl_context(trust_env=False)


def system_addresses(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Whether an address belongs to the open internet, looking through IPv4 wrapped in IPv6."""
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address) and (inner := _wrapped(parsed)) is not None:
        return is_public(str(inner))
    if parsed.is_multicast or parsed.is_reserved or parsed.is_unspecified or parsed.is_link_local or parsed.is_loopback:
        return False
    return parsed.is_global


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    """IPv4 inside a mapped, 6to4 or NAT64 address: each can lead back into the house."""
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _origin(url: httpx.URL) -> str:
    port = url.port or {"http": 80, "https": 443}.get(url.scheme)
    return f"{url.scheme}://{url.host}:{port}"


class _PublicTransport(httpx.AsyncBaseTransport):
    """Two pools: one that dials anything, for trusted origins only, and one that looks before it dials."""

    def __init__(self, trusted_origins: frozenset[str], resolve: Resolve, verify: ssl.SSLContext) -> None:
        self._trusted_origins = frozenset(_origin(httpx.URL(each)) for each in trusted_origins)
        # Not the loop's default executor: the durable engine replaces that one by a small pool that may be stuck.
        self._threads = ThreadPoolExecutor(RESOLVER_THREADS, thread_name_prefix="resolve")
        self._trusted = _DiallingTransport(_Dialler(self._threads, resolve, guarded=False), verify)
        self._public = _DiallingTransport(_Dialler(self._threads, resolve, guarded=True), verify)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if _origin(request.url) in self._trusted_origins:
            return await self._trusted.handle_async_request(request)
        if request.url.scheme != "https":
            raise AddressRefused(f"only https is followed, not {request.url.scheme}")
        return await self._public.handle_async_request(request)

    async def aclose(self) -> None:
        await self._trusted.aclose()
        await self._public.aclose()
        self._threads.shutdown(wait=False, cancel_futures=True)


class _DiallingTransport(httpx.AsyncHTTPTransport):
    """httpx's own transport over a pool that dials our way; httpx 0.28 has no argument for that."""

    def __init__(self, dialler: httpcore.AsyncNetworkBackend, certificates: ssl.SSLContext) -> None:
        super().__init__(verify=certificates, trust_env=False)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=certificates,
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=5.0,
            network_backend=dialler,
        )


class _Dialler(httpcore.AsyncNetworkBackend):
    """Resolves a name itself and dials the addresses it has looked at, so that nothing resolves a second time."""

    def __init__(self, threads: ThreadPoolExecutor, resolve: Resolve, *, guarded: bool) -> None:
        self._threads, self._resolve, self._guarded = threads, resolve, guarded
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        patience_s = CONNECT_TIMEOUT_S if timeout is None else timeout
        addresses = await self._addresses(host, port, patience_s)
        if self._guarded and not all(is_public(each) for each in addresses):
            raise AddressRefused(f"{host} is not a public address")
        for number, address in enumerate(addresses):
            is_last = number == len(addresses) - 1
            try:
                return await self._network.connect_tcp(
                    address, port, patience_s if is_last else patience_s / len(addresses), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if is_last:
                    raise
        raise httpcore.ConnectError(f"{host} has no address")

    async def _addresses(self, host: str, port: int, patience_s: float) -> list[str]:
        looking_up = asyncio.get_running_loop().run_in_executor(self._threads, self._resolve, host, port)
        try:
            return await asyncio.wait_for(looking_up, patience_s)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"{host} could not be looked up in {patience_s:g} s") from error
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} could not be looked up") from error

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)
