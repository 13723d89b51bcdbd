"""Where a URL from somebody's answer may lead."""

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.media.public import AddressRefused, is_public, public_transport

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@asynccontextmanager
async def serving(answer: bytes = OK, tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server on loopback; yields its port and the request heads it got."""
    heads: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1], heads


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS contexts for a server named video.example and for a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "video.example")])
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    cert = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - day).not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("video.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = cert.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "server.pem").write_bytes(secret + pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "server.pem")
    return server, ssl.create_default_context(cadata=pem.decode())


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "240.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1",
     "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::a00:1", "2001:db8::1", "fe80::1%lo"],
)  # fmt: skip
def test_inside_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "64:ff9b::101:101"])
def test_addresses_of_the_open_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
async def test_a_loopback_server_is_never_reached_however_its_address_is_spelt(host: str) -> None:
    async with serving() as (port, heads), _client(frozenset()) as client:
        with pytest.raises(AddressRefused):
            await client.get(f"https://{host}:{port}/")
    assert heads == []


async def test_plain_http_is_refused_even_to_a_public_address() -> None:
    async with _client(frozenset()) as client:
        with pytest.raises(AddressRefused):
            await client.get("http://1.1.1.1/")


async def test_an_origin_of_the_operator_is_trusted_as_written() -> None:
    async with serving() as (port, heads):
        origin = f"http://127.0.0.1:{port}"
        async with _client(frozenset({origin})) as client:
            assert (await client.get(f"{origin}/video.mp4")).text == "ok"
            with pytest.raises(AddressRefused):
                await client.get(f"http://localhost:{port}/video.mp4")
            with pytest.raises(AddressRefused):
                await client.get(f"https://127.0.0.1:{port}/video.mp4")
    assert len(heads) == 1


async def test_a_redirect_into_the_house_is_refused() -> None:
    async with serving() as (inside, heads):
        redirect = f"HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:{inside}/admin\r\nContent-Length: 0\r\n\r\n"
        async with serving(redirect.encode()) as (outside, _):
            origin = f"http://127.0.0.1:{outside}"
            async with _client(frozenset({origin})) as client:
                with pytest.raises(AddressRefused):
                    await client.get(f"{origin}/video.mp4", follow_redirects=True)
    assert heads == []


async def test_a_name_that_resolves_differently_the_second_time_is_looked_at_again() -> None:
    answers = [["203.0.113.9"], ["127.0.0.1"], ["1.1.1.1", "10.0.0.1"]]
    async with _client(frozenset(), resolve=lambda host, port: answers.pop(0)) as client:
        for _ in range(3):
            with pytest.raises(AddressRefused):
                await client.get("https://video.example/")
    assert answers == []


async def test_the_address_that_was_looked_at_is_the_one_dialled(
    certificate: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    """The name is resolved once, TLS is still checked against the name."""
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    async with serving(tls=certificate[0]) as (port, heads):
        origin = f"https://video.example:{port}"
        transport = public_transport(trusted_origins=frozenset({origin}), resolve=resolve, verify=certificate[1])
        async with httpx.AsyncClient(transport=transport) as client:
            assert (await client.get(f"{origin}/v")).text == "ok"
    assert asked == ["video.example"]
    assert b"Host: video.example" in heads[0]


async def test_the_next_address_is_tried_when_the_first_does_not_answer() -> None:
    async with serving() as (port, _):
        origin = f"http://video.example:{port}"
        transport = public_transport(trusted_origins=frozenset({origin}), resolve=lambda *_: ["127.0.0.2", "127.0.0.1"])
        async with httpx.AsyncClient(transport=transport) as client:
            assert (await client.get(origin)).status_code == 200


async def test_an_unknown_name_is_a_failed_connection_and_not_a_refusal() -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    async with _client(frozenset(), resolve=resolve) as client:
        with pytest.raises(httpx.ConnectError) as failure:
            await client.get("https://video.example/")
    assert not isinstance(failure.value, AddressRefused)


def _client(trusted: frozenset[str], **options: object) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=public_transport(trusted_origins=trusted, **options))  # type: ignore[arg-type]
