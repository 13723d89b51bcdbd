"""The wire: what is lost, what is bounded, and where the key goes."""

import gzip
import inspect
import json
import logging
import tracemalloc

import httpx
import pytest
from raw_service import Told, raw_service

from bot.media.public import AddressRefused
from bot.providers.errors import (
    CapacityFailed,
    NotFound,
    OutcomeUnknown,
    ProviderError,
    TimedOut,
    Unreachable,
)
from bot.providers.transport import Answer, Call, exchange, opened_client, public_download, translated

KEY = "sk-very-secret-key-0123456789"
NOT_SENT = {
    "ConnectError",
    "ConnectTimeout",
    "PoolTimeout",
    "ProxyError",
    "UnsupportedProtocol",
    "InvalidURL",
    "AddressRefused",
}


def opened(base_url: str):
    return opened_client(
        base_url=base_url,
        headers={"Authorization": f"Bearer {KEY}"},
        submit_timeout_s=2,
        status_timeout_s=2,
    )


async def asked(base_url: str, call: Call = Call.POLL, *, timeout_s: float = 2) -> Answer:
    async with opened(base_url) as client:
        method = "POST" if call is Call.SUBMIT else "GET"
        return await exchange(client, call, method, "videos", timeout_s=timeout_s)


def httpx_failures() -> list[type[Exception]]:
    """All but the one that reading a cookie jar raises, which no call does."""
    named = [each for _, each in inspect.getmembers(httpx, inspect.isclass) if issubclass(each, Exception)]
    return [*(each for each in named if each is not httpx.CookieConflict), AddressRefused, TimeoutError]


def an(failure: type[Exception]) -> Exception:
    if failure is httpx.HTTPStatusError:
        request = httpx.Request("GET", "http://x")
        return failure("x", request=request, response=httpx.Response(500, request=request))
    if failure in {httpx.StreamConsumed, httpx.StreamClosed, httpx.ResponseNotRead, httpx.RequestNotRead}:
        return failure()
    return failure("x")


@pytest.mark.parametrize("failure", httpx_failures(), ids=lambda each: each.__name__)
@pytest.mark.parametrize("call", Call)
def test_every_failure_of_httpx_is_put_into_our_words(failure: type[Exception], call: Call) -> None:
    with pytest.raises(ProviderError) as caught, translated(call):
        raise an(failure)
    assert caught.value.__cause__ is None, "the texts of some repeat headers"
    if failure.__name__ in NOT_SENT:
        assert type(caught.value) is Unreachable
    elif call is Call.SUBMIT:
        assert type(caught.value) is OutcomeUnknown
    elif issubclass(failure, httpx.TimeoutException | TimeoutError):
        assert type(caught.value) is TimedOut
    else:
        assert type(caught.value) is CapacityFailed


async def test_a_refused_connection_is_unreachable_on_any_call(unused_tcp_port: int) -> None:
    for call in Call:
        with pytest.raises(Unreachable):
            await asked(f"http://127.0.0.1:{unused_tcp_port}/v1", call)


@pytest.mark.parametrize("wire", ["drops", "cuts"])
async def test_a_lost_answer_leaves_a_submit_open_and_a_look_to_be_repeated(wire: str) -> None:
    for call, expected in ((Call.SUBMIT, OutcomeUnknown), (Call.POLL, CapacityFailed)):
        async with raw_service(Told(wire=wire, body={"id": "video_1"})) as service:
            with pytest.raises(expected):
                await asked(service.base, call)
            assert len(service.asked) == 1


@pytest.mark.parametrize("wire", ["is_silent", "trickles"])
async def test_silence_and_trickling_end_at_the_limit_of_the_whole_call(wire: str) -> None:
    for call, expected in ((Call.SUBMIT, OutcomeUnknown), (Call.POLL, TimedOut)):
        async with raw_service(Told(wire=wire)) as service:
            with pytest.raises(expected):
                await asked(service.base, call, timeout_s=0.1)


@pytest.mark.parametrize("body", [b"x" * 1_048_577, gzip.compress(b"x" * 50_000_000)], ids=["plain", "packed"])
async def test_an_answer_that_would_fill_the_memory_is_not_read(body: bytes) -> None:
    headers = {"Content-Encoding": "gzip"} if body[:2] == b"\x1f\x8b" else {}
    async with raw_service(*[Told(body=body, headers=headers)] * 2) as service:
        with pytest.raises(CapacityFailed, match="above 1048576 bytes"):
            await asked(service.base)
        with pytest.raises(OutcomeUnknown):
            await asked(service.base, Call.SUBMIT)


async def test_a_small_answer_that_unpacks_into_a_flood_stays_packed() -> None:
    flood = gzip.compress(b"x" * 50_000_000)
    async with raw_service(Told(body=flood, headers={"Content-Encoding": "gzip"})) as service:
        tracemalloc.start()
        try:
            with pytest.raises(CapacityFailed):
                await asked(service.base)
            assert tracemalloc.get_traced_memory()[1] < 10_000_000
        finally:
            tracemalloc.stop()


async def test_a_packed_answer_is_read_even_though_none_was_asked_for() -> None:
    body = gzip.compress(json.dumps({"id": "video_1"}).encode())
    async with raw_service(Told(body=body, headers={"Content-Encoding": "gzip"})) as service:
        assert (await asked(service.base)).document == {"id": "video_1"}
        assert service.asked[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("body", ["[" * 100_000, "<html>", "", "\ud83d\ude00", "1" * 5000])
async def test_a_body_that_is_no_json_is_words(body: str) -> None:
    async with raw_service(Told(body=body.encode(errors="surrogatepass"))) as service:
        assert (await asked(service.base)).document is None


async def test_our_key_is_taken_out_of_what_a_service_repeats() -> None:
    told = {"error": {"message": f"Incorrect API key provided: {KEY}"}}
    async with raw_service(Told(status=401, body=told)) as service:
        answer = await asked(service.base)
    assert KEY not in json.dumps(answer.document)
    assert KEY not in repr(answer)


async def test_a_key_with_a_line_break_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(ValueError, match="Authorization holds a line break") as caught:
        async with opened_client(
            base_url="http://127.0.0.1:1",
            headers={"Authorization": f"Bearer {KEY}\n"},
            submit_timeout_s=1,
            status_timeout_s=1,
        ):
            pass
    assert KEY not in str(caught.value)


async def test_a_submit_never_rides_on_a_kept_connection() -> None:
    async with raw_service(*[Told(body={})] * 2) as service, opened(service.base) as client:
        await exchange(client, Call.SUBMIT, "POST", "videos", timeout_s=2)
        await exchange(client, Call.POLL, "GET", "videos", timeout_s=2)
    assert service.asked[0].headers["connection"] == "close"
    assert service.asked[1].headers["connection"] == "keep-alive"


async def test_no_redirect_is_followed_by_itself() -> None:
    async with raw_service(Told(status=307, headers={"Location": "{base}/elsewhere"})) as service:
        assert (await asked(service.base, Call.SUBMIT)).status == 307
    assert len(service.asked) == 1


async def read(base_url: str, url: str, **limits: int) -> bytes:
    async with opened(base_url) as client, public_download(client, url, **limits) as download:
        return b"".join([chunk async for chunk in download.chunks])


async def test_a_file_of_our_own_server_is_fetched_with_the_key() -> None:
    async with raw_service(Told(body=b"film")) as service:
        assert await read(service.base, "videos/1/content") == b"film"
    assert service.asked[0].headers["authorization"] == f"Bearer {KEY}"


async def test_the_key_stays_behind_when_a_redirect_leaves_for_another_trusted_server() -> None:
    async with raw_service(Told(body=b"film")) as store:
        async with raw_service(Told(status=302, headers={"Location": f"{store.base}/film?sig=1"})) as service:
            async with opened_client(
                base_url=service.base,
                headers={"Authorization": f"Bearer {KEY}", "X-Team": "ours"},
                submit_timeout_s=2,
                status_timeout_s=2,
                trusted_origins=frozenset({store.base}),
            ) as client:
                async with public_download(client, "videos/1/content") as download:
                    assert b"".join([each async for each in download.chunks]) == b"film"
    assert "authorization" not in store.asked[0].headers
    assert "x-team" not in store.asked[0].headers


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1/x", "https://127.0.0.1/x", "https://[::1]/x", "https://169.254.169.254/meta", "ftp://x/y"],
)
async def test_an_answer_cannot_send_us_to_an_inside_address(url: str) -> None:
    async with raw_service(Told(status=302, headers={"Location": url})) as service:
        with pytest.raises(Unreachable):
            await read(service.base, "videos/1/content")
        with pytest.raises(Unreachable):
            await read(service.base, url)


async def test_redirects_come_to_an_end() -> None:
    circle = Told(status=302, headers={"Location": "{base}/again"})
    async with raw_service(*[circle] * 9) as service:
        with pytest.raises(CapacityFailed, match="redirects"):
            await read(service.base, "videos/1/content")
        assert len(service.asked) == 4


async def test_a_link_whose_time_is_over_is_a_lost_file_and_not_a_wrong_key() -> None:
    expired = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
    async with raw_service(Told(status=403, body=expired)) as store:
        async with raw_service(Told(status=302, headers={"Location": f"{store.base}/film"})) as service:
            async with opened_client(
                base_url=service.base,
                headers={},
                submit_timeout_s=2,
                status_timeout_s=2,
                trusted_origins=frozenset({store.base}),
            ) as client:
                with pytest.raises(NotFound, match="expired"):
                    async with public_download(client, "videos/1/content"):
                        pass


async def test_a_cut_file_is_noticed() -> None:
    async with raw_service(Told(body=b"film" * 1000, wire="cuts")) as service:
        with pytest.raises(CapacityFailed):
            await read(service.base, "videos/1/content")


async def test_a_page_in_place_of_the_file_is_no_file() -> None:
    async with raw_service(Told(body="<html>gateway</html>")) as service:
        with pytest.raises(CapacityFailed, match="a page"):
            await read(service.base, "videos/1/content")


async def test_no_log_shows_the_key_or_a_signed_address(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with raw_service(Told(body={}), Told(body=b"film")) as service:
        async with opened(service.base) as client:
            await exchange(client, Call.SUBMIT, "POST", "videos", params={"hook": "https://x/token-1"}, timeout_s=2)
        await read(service.base, "videos/1/content?signature=token-2")
    assert KEY not in caplog.text
    assert "token-" not in caplog.text
