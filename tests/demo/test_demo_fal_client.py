"""The real fal-client 1.0.3 judges the local fal: what it can drive has the right shape.

It speaks https alone and reads its host when it is imported (`FAL_QUEUE_RUN_HOST`), so it runs in a process of its own
with a certificate made here.
"""

import asyncio
import json
import os
import ssl
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bot.clock import SystemClock
from bot.demo.fal import running_fal
from bot.demo.fal.endings import MODERATED, RUNNER_LOST, Ending

KEY = "id-of-key:secret-of-key"
ENDPOINT = "minimax/h3-max/text-to-video"
STRANGER = """
import asyncio, json, sys
import fal_client

async def main():
    client = fal_client.AsyncClient()
    said = []
    handle = await client.submit(sys.argv[1], {"prompt": "a corgi"}, webhook_url="https://bot.example/hook?a=b")
    if sys.argv[2] == "cancel":
        await handle.cancel()
    try:
        async for event in handle.iter_events(with_logs=True, interval=0.01):
            said.append([type(event).__name__, getattr(event, "position", None), getattr(event, "logs", None),
                         getattr(event, "error", None), getattr(event, "error_type", None)])
        result = await client.result(sys.argv[1], handle.request_id)
    except fal_client.FalClientHTTPError as error:
        result = [error.status_code, str(error.message), error.error_type]
    print(json.dumps({"id": handle.request_id, "said": said, "result": result}))

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a self-signed certificate for 127.0.0.1 in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "local fal")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "fal.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


async def driven(certificate: Path, what: str = "watch", *, ending: Ending | None = None, key: str = KEY) -> dict:
    """What fal-client saw of one render, and the render as the local fal has it."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    async with running_fal(key=KEY, clock=SystemClock(), film=b"film", tls=tls) as fal:
        fal.endings = [ending] if ending else []
        environment = {
            "PATH": os.environ["PATH"],
            "FAL_KEY": key,
            "FAL_QUEUE_RUN_HOST": fal.base_url.removeprefix("https://"),
            "SSL_CERT_FILE": str(certificate),
        }
        stranger = await asyncio.create_subprocess_exec(
            sys.executable, "-c", STRANGER, ENDPOINT, what, env=environment, stdout=-1, stderr=-1
        )
        out, complaints = await asyncio.wait_for(stranger.communicate(), 60)
        if stranger.returncode:
            return {"complaints": complaints.decode()}
        seen = json.loads(out)
        return seen | {"render": fal.renders[seen["id"]], "url": fal.base_url}


async def test_fal_client_submits_watches_and_fetches(certificate: Path) -> None:
    seen = await driven(certificate)
    words = [each[0] for each in seen["said"]]
    assert words == ["Queued", "InProgress", "Completed"]
    assert seen["said"][0][1] == 0
    assert seen["said"][1][2] == [{"message": "step 1/20", "level": "INFO"}]
    assert seen["result"]["video"]["url"].startswith(seen["url"])
    render = seen["render"]
    assert (render.endpoint_id, render.arguments) == (ENDPOINT, {"prompt": "a corgi"})
    assert render.webhook_url == "https://bot.example/hook?a=b"


async def test_fal_client_reads_a_moderation_refusal_in_the_result(certificate: Path) -> None:
    seen = await driven(certificate, ending=MODERATED)
    assert seen["said"][-1][0] == "Completed"
    assert seen["said"][-1][3] is None
    assert seen["result"][0] == 422
    assert "content_policy_violation" in seen["result"][1]


async def test_fal_client_reads_a_lost_runner_in_the_status(certificate: Path) -> None:
    """And in the result, which it repeats up to ten times only when nginx seems to have answered."""
    seen = await driven(certificate, ending=RUNNER_LOST)
    assert seen["said"][-1][3:] == ["The runner disconnected while processing the request.", "runner_disconnected"]
    assert seen["result"] == [503, "The runner disconnected while processing the request.", "runner_disconnected"]


async def test_fal_client_cancels_what_waits(certificate: Path) -> None:
    seen = await driven(certificate, "cancel")
    assert seen["render"].cancel_asked
    assert [each[0] for each in seen["said"]] == ["Completed"]
    assert seen["said"][0][4] == "client_cancelled"


async def test_fal_client_is_refused_with_a_wrong_key(certificate: Path) -> None:
    seen = await driven(certificate, key="another")
    assert "Authentication is required" in seen["complaints"]
