"""Veo from submit to film against a local corner of Google Cloud, which Google's own libraries judge first."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import av
import google.auth.transport.requests
import httpx
import pytest
from contract_case import CATALOGUE
from cryptography.hazmat.primitives.asymmetric import rsa
from doubles.veo_vertex import VertexDouble, running_vertex
from google import genai
from google.genai import types
from google.oauth2 import credentials, service_account
from orders import an_order

from bot.catalogue.model import Shape
from bot.clock import Clock, SystemClock
from bot.media.animatic import AnimaticRequest, render_animatic
from bot.providers.base import Picture, RenderState
from bot.providers.errors import AuthFailed, OutcomeUnknown
from bot.providers.google_tokens import SCOPE, ServiceAccountTokens
from bot.providers.transport import opened_client
from bot.providers.veo_vertex import VeoVertex

MODEL = next(each for each in CATALOGUE.models if each.name == "veo-3.1-lite")
ORDER = an_order(wire_name=MODEL.wire_name or "", length_s=4, extra=MODEL.wire)


class ShiftedClock(SystemClock):
    """The machine's time, which google-auth reads too, and what a test adds to it."""

    def __init__(self) -> None:
        super().__init__()
        self.ahead = timedelta()

    def now(self):
        return super().now() + self.ahead


@pytest.fixture
def clock() -> ShiftedClock:
    return ShiftedClock()


@pytest.fixture
async def cloud(clock: ShiftedClock, tmp_path: Path) -> AsyncIterator[VertexDouble]:
    film = tmp_path / "film.mp4"
    render_animatic(AnimaticRequest(prompt="corgi", length_s=1, size_px=(128, 72), audio=False, label="double"), film)
    async with running_vertex(clock=clock, film=film.read_bytes()) as double:
        yield double


@asynccontextmanager
async def client_of(base_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with opened_client(base_url=base_url, headers={}, submit_timeout_s=5, status_timeout_s=5) as client:
        yield client


@pytest.fixture
async def adapter(cloud: VertexDouble, clock: Clock) -> AsyncIterator[VeoVertex]:
    project = f"{cloud.base_url}/v1/projects/p/locations/us-central1"
    async with client_of(project) as client, client_of(cloud.base_url) as files:
        tokens = ServiceAccountTokens(client, cloud.account(), clock)
        protocol = CATALOGUE.protocols["veo_vertex"]
        yield VeoVertex(client, protocol, files=files, token=tokens.bearer, bucket="gs://films/sora")


def seconds_of(film: bytes) -> float:
    with av.open(io.BytesIO(film)) as opened:
        assert opened.duration is not None
        return opened.duration / av.time_base


async def test_google_s_own_libraries_get_a_token_and_a_video_here(cloud: VertexDouble, clock: ShiftedClock) -> None:
    account = service_account.Credentials.from_service_account_info(cloud.account(), scopes=[SCOPE])
    await asyncio.to_thread(account.refresh, google.auth.transport.requests.Request())
    assert account.token == cloud.tokens[-1]
    sdk = genai.Client(
        vertexai=True,
        project="p",
        location="us-central1",
        credentials=credentials.Credentials(account.token),
        http_options=types.HttpOptions(base_url=cloud.base_url, api_version="v1"),
    ).aio
    wanted = types.GenerateVideosConfig(
        number_of_videos=1, duration_seconds=4, aspect_ratio="16:9", resolution="720p", generate_audio=True
    )
    source = types.GenerateVideosSource(prompt=ORDER.prompt)
    begun = await sdk.models.generate_videos(model=ORDER.wire_name, source=source, config=wanted)
    assert not (await sdk.operations.get(begun)).done
    clock.ahead += timedelta(minutes=2)
    made = await sdk.operations.get(begun)
    assert seconds_of(made.response.generated_videos[0].video.video_bytes) == pytest.approx(1, abs=0.1)
    in_bucket = wanted.model_copy(update={"output_gcs_uri": "gs://films/"})
    begun = await sdk.models.generate_videos(model=ORDER.wire_name, source=source, config=in_bucket)
    cloud.predictions[begun.name].ending = "filtered"
    clock.ahead += timedelta(minutes=2)
    filtered = (await sdk.operations.get(begun)).response
    assert (filtered.rai_media_filtered_count, filtered.generated_videos) == (1, None)


async def test_a_render_goes_from_submit_to_a_film(
    cloud: VertexDouble, adapter: VeoVertex, clock: ShiftedClock
) -> None:
    ref = await adapter.submit(replace(ORDER, seed=7))
    assert (await adapter.poll(ref)).state is RenderState.RUNNING
    clock.ahead += timedelta(minutes=2)
    status = await adapter.poll(ref)
    assert status.state is RenderState.SUCCEEDED
    async with adapter.download(ref, status) as download:
        film = b"".join([chunk async for chunk in download.chunks])
    assert download.length == len(film)
    assert seconds_of(film) == pytest.approx(1, abs=0.1)
    assert cloud.predictions[ref.render_id].request["parameters"]["storageUri"] == "gs://films/sora/"
    assert not await adapter.cancel(ref)


@pytest.mark.parametrize("shape", [Shape.WIDE, Shape.VERTICAL])
@pytest.mark.parametrize("length_s", MODEL.lengths_s)
async def test_every_choice_is_accepted_with_text_and_with_a_picture(
    cloud: VertexDouble, adapter: VeoVertex, shape: Shape, length_s: int
) -> None:
    order = replace(ORDER, shape=shape, length_s=length_s)
    await adapter.submit(order)
    ref = await adapter.submit(replace(order, picture=Picture(content=b"\xff\xd8picture", mime="image/jpeg")))
    assert cloud.predictions[ref.render_id].request["instances"][0]["image"]["mimeType"] == "image/jpeg"


@pytest.mark.parametrize(("ending", "kind"), [("filtered", "moderation"), ("failed", "capacity")])
async def test_a_render_that_ends_badly_says_why(
    cloud: VertexDouble, adapter: VeoVertex, clock: ShiftedClock, ending: str, kind: str
) -> None:
    cloud.ending = ending
    ref = await adapter.submit(ORDER)
    clock.ahead += timedelta(minutes=2)
    status = await adapter.poll(ref)
    assert status.state is RenderState.FAILED
    assert status.failure is not None
    assert status.failure.kind == kind


async def test_a_lost_answer_to_a_submit_is_doubt_and_sent_once(cloud: VertexDouble, adapter: VeoVertex) -> None:
    cloud.lost_answers = 1
    with pytest.raises(OutcomeUnknown):
        await adapter.submit(ORDER)
    assert len(cloud.predictions) == 1
    assert len([each for each in cloud.asked if "predictLongRunning" in each]) == 1


async def test_one_token_serves_many_calls_and_is_renewed_before_its_end(
    cloud: VertexDouble, adapter: VeoVertex, clock: ShiftedClock
) -> None:
    await asyncio.gather(*(adapter.check() for _ in range(5)))
    clock.ahead += timedelta(seconds=3400)
    await adapter.check()
    assert len(cloud.tokens) == 1
    clock.ahead += timedelta(seconds=90)
    with pytest.raises(AuthFailed):  # It asks for another; Google reads its own clock, where ours is an hour ahead.
        await adapter.check()
    assert cloud.asked.count("POST /token") == 2


async def test_an_account_that_google_does_not_know_gets_no_token_and_nothing_is_ordered(
    cloud: VertexDouble, clock: Clock
) -> None:
    account = cloud.account()
    cloud.private_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    async with client_of(cloud.base_url) as client:
        tokens = ServiceAccountTokens(client, account, clock)
        adapter = VeoVertex(
            client, CATALOGUE.protocols["veo_vertex"], files=client, token=tokens.bearer, bucket="gs://films"
        )
        with pytest.raises(AuthFailed, match="refuses the service account") as refused:
            await adapter.submit(ORDER)
    assert "PRIVATE" not in str(refused.value)
    assert cloud.asked == ["POST /token"]


@pytest.mark.parametrize("account", [{}, {"client_email": "a@b", "private_key": "PRIVATE"}, {"private_key": 7}])
async def test_what_is_no_key_is_said_without_its_text(account: dict[str, str], clock: Clock) -> None:
    async with client_of("http://127.0.0.1:1") as client:
        with pytest.raises(ValueError, match="JSON key of a service account") as wrong:
            ServiceAccountTokens(client, account, clock)
    assert "PRIVATE" not in str(wrong.value)
