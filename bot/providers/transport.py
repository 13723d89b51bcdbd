"""The wire under every adapter: how a client is opened, one call made within bounds, and a loss put into our words.

No retries here and no redirects by themselves. Proxies of the environment are not used: addresses from answers are
checked where they are dialled (`media.public`), and behind a proxy nobody would dial here.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, assert_never

import httpx

from bot.media.public import AddressRefused, public_transport
from bot.providers.answers import Answer, Call, read_answer, secrets_of, tidy
from bot.providers.base import Download
from bot.providers.errors import (
    CapacityFailed,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    ProviderError,
    TimedOut,
    Unreachable,
)
from bot.providers.overhearing import listened_to
from bot.providers.verdicts import error_of

__all__ = ["Answer", "Call", "error_of", "exchange", "loss_of", "opened_client", "public_download", "translated"]

CONNECT_TIMEOUT_S = 5.0
UPLOAD_BYTES_PER_S = 128 * 1024
"""The slowest line we wait for: a submit with a picture gets a second more for each of these."""
UPLOAD_MAX_S = 30.0
"""Below the listing lag of every protocol, so that a search for a lost submit never overtakes the submit."""
REDIRECTS_MAX = 3
DOWNLOAD_MAX_S = 900.0
DOWNLOAD_SILENCE_S = 30.0
_ABSENT = frozenset({400, 401, 403, 404, 410})
"""How file stores answer to a link whose time is over: S3 403, Google 400, others 404 or 410."""


@asynccontextmanager
async def opened_client(
    *,
    base_url: str,
    headers: Mapping[str, str],
    submit_timeout_s: float,
    status_timeout_s: float,
    trusted_origins: frozenset[str] = frozenset(),
) -> AsyncIterator[httpx.AsyncClient]:
    """A client for one upstream, closed at the end. The base URL is trusted as the operator wrote it.

    Names are resolved on threads of the transport's own: the durable engine makes the loop's default executor a small
    pool that may be stuck for as long as the database is away (engine facts, trap 3).

    Raises:
        ValueError: a header that cannot travel, said without its value. A key pasted with a line break would otherwise
            be found only when a submit has begun.
    """
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable()):
            raise ValueError(f"{name} holds a line break or a letter beyond ASCII and cannot travel in a header")
    # httpx logs whole addresses (signatures, webhook tokens) and httpcore whole headers (the key).
    for talkative in ("httpx", "httpcore"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
    origins = trusted_origins | {_origin(httpx.URL(base_url))}
    async with httpx.AsyncClient(
        base_url=base_url,
        headers={"Accept-Encoding": "identity", "User-Agent": "sora-bot", **headers},
        timeout=httpx.Timeout(status_timeout_s, connect=CONNECT_TIMEOUT_S, write=submit_timeout_s),
        transport=listened_to(_FreshSubmits(origins)),
        follow_redirects=False,
        trust_env=False,
    ) as client:
        yield client


class _FreshSubmits(httpx.AsyncBaseTransport):
    """Sends each POST on a connection of its own, the rest on kept ones.

    A kept connection may be closed by the service in the moment it is used again. For a look that is nothing; for a
    submit it would leave open whether a video was paid for.
    """

    def __init__(self, trusted_origins: frozenset[str]) -> None:
        self._submits = public_transport(trusted_origins=trusted_origins)
        self._looks = public_transport(trusted_origins=trusted_origins)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            request.headers["Connection"] = "close"
            return await self._submits.handle_async_request(request)
        return await self._looks.handle_async_request(request)

    async def aclose(self) -> None:
        await self._submits.aclose()
        await self._looks.aclose()


@contextmanager
def translated(call: Call) -> Iterator[None]:
    """Put httpx's failures into ours. No cause is chained: some of httpx's texts repeat headers."""
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, TimeoutError) as error:
        raise loss_of(error, call) from None


def loss_of(error: Exception, call: Call) -> ProviderError:
    """What a failure without an answer means."""
    what = type(error).__name__
    match error:
        case AddressRefused():
            return Unreachable(f"address refused: {tidy(str(error))}")
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.PoolTimeout() | httpx.ProxyError():
            return Unreachable(f"could not connect ({what})")
        case httpx.UnsupportedProtocol() | httpx.InvalidURL():
            return Unreachable(f"not an address ({what})")
    match call:
        case Call.SUBMIT:
            return OutcomeUnknown(f"the answer was lost ({what})")
        case Call.POLL | Call.DOWNLOAD | Call.FIND | Call.CANCEL | Call.CHECK:
            is_slow = isinstance(error, httpx.TimeoutException | TimeoutError)
            return (TimedOut if is_slow else CapacityFailed)(f"no answer ({what})")
        case _:
            assert_never(call)


async def exchange(
    client: httpx.AsyncClient,
    call: Call,
    method: str,
    url: str,
    *,
    timeout_s: float,
    params: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    json: Any = None,
    data: Mapping[str, Any] | None = None,
    files: Mapping[str, Any] | None = None,
) -> Answer:
    """One call and its whole answer, whatever its status. `timeout_s` bounds all of it, plus time for a large body.

    Raises:
        ProviderError: as `translated` says, or an answer above 1 MiB.
    """
    with translated(call):
        timeout = httpx.Timeout(timeout_s, connect=CONNECT_TIMEOUT_S)
        try:
            request = client.build_request(
                method, url, params=params, headers=headers, json=json, data=data, files=files, timeout=timeout
            )
        except UnicodeError:
            raise InvalidRequest("the text holds half of a character and cannot be sent") from None
        upload_s = min(UPLOAD_MAX_S, int(request.headers.get("content-length", 0)) / UPLOAD_BYTES_PER_S)
        async with asyncio.timeout(timeout_s + upload_s):
            response = await client.send(request, stream=True, follow_redirects=False)
            try:
                return await read_answer(response, call, secrets=secrets_of(request))
            finally:
                await response.aclose()


@asynccontextmanager
async def public_download(
    client: httpx.AsyncClient, url: str, *, headers: Mapping[str, str] | None = None
) -> AsyncIterator[Download]:
    """Open a finished file. The client's headers, so the key, go to its own origin only; redirects are taken by hand.
    So do `headers`, for keys that change.

    How long a file may be is for the reader to say (`Spool.keep`): one that is too long is no failure of the service,
    and would only be fetched again.

    Raises:
        ProviderError: NotFound when the link has expired, Unreachable for an address we do not go to; while the chunks
            are read TimedOut or CapacityFailed.
    """
    with translated(Call.DOWNLOAD):
        response = await _followed(client, client.base_url.join(url), headers)
    try:
        if response.status_code != 200:
            with translated(Call.DOWNLOAD):
                answer = await read_answer(response, Call.DOWNLOAD, secrets=secrets_of(response.request))
            if response.status_code in _ABSENT and not _is_ours(client, response.url):
                raise NotFound(f"HTTP {response.status_code}: the link has expired", http_status=response.status_code)
            raise error_of(answer, call=Call.DOWNLOAD, code="", message=_words(answer))
        if response.headers.get("content-type", "").startswith("text/html"):
            raise CapacityFailed("a page came in place of the file")
        yield Download(chunks=_chunks(response), length=_length_of(response))
    finally:
        await response.aclose()


async def _followed(client: httpx.AsyncClient, url: httpx.URL, headers: Mapping[str, str] | None) -> httpx.Response:
    for _ in range(REDIRECTS_MAX + 1):
        response = await _opened(client, url, headers)
        target = response.headers.get("location") if response.is_redirect else None
        if target is None:
            return response
        await response.aclose()
        url = url.join(target)
    raise CapacityFailed(f"more than {REDIRECTS_MAX} redirects to the file")


async def _opened(client: httpx.AsyncClient, url: httpx.URL, headers: Mapping[str, str] | None) -> httpx.Response:
    timeout = httpx.Timeout(DOWNLOAD_SILENCE_S, connect=CONNECT_TIMEOUT_S)
    if _is_ours(client, url):
        request = client.build_request("GET", url, headers=headers, timeout=timeout)
    else:  # Built outside the client, so that none of its headers or cookies can come along.
        extensions = {"timeout": timeout.as_dict()}
        request = httpx.Request("GET", url, headers={"Accept-Encoding": "identity"}, extensions=extensions)
    async with asyncio.timeout(DOWNLOAD_SILENCE_S + CONNECT_TIMEOUT_S):
        return await client.send(request, stream=True, auth=None, follow_redirects=False)


async def _chunks(response: httpx.Response) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    until = loop.time() + DOWNLOAD_MAX_S
    arriving = response.aiter_raw()
    while True:
        with translated(Call.DOWNLOAD):
            async with asyncio.timeout_at(until):
                chunk = await anext(arriving, b"")
        if not chunk:
            return
        yield chunk


def _length_of(response: httpx.Response) -> int | None:
    text = response.headers.get("content-length", "")
    return int(text) if text.isdecimal() else None


def _words(answer: Answer) -> str:
    return answer.text if answer.document is None else json.dumps(answer.document, ensure_ascii=False)


def _is_ours(client: httpx.AsyncClient, url: httpx.URL) -> bool:
    return _origin(url) == _origin(client.base_url)


def _origin(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode()}"
