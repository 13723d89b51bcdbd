"""Gemini Omni from submit to film against a local Interactions API, which Google's own SDK judges first."""

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import pytest
from aiohttp import web
from contract_case import CATALOGUE
from doubles.gemini_omni import GeminiDouble, running_gemini
from google import genai
from google.genai import types
from orders import an_order

from bot.catalogue.model import Shape
from bot.media.animatic import AnimaticRequest, render_animatic
from bot.providers.base import Picture, RenderState, WebhookEvent
from bot.providers.errors import AuthFailed, OutcomeUnknown
from bot.providers.gemini_omni import GeminiOmni
from bot.providers.transport import opened_client

KEY = "AIzaDouble0123456789"
MODEL = next(each for each in CATALOGUE.models if each.protocol == "gemini_omni")
ORDER = an_order(wire_name=MODEL.wire_name or "", extra=MODEL.wire)


class HandClock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def google(clock: HandClock, tmp_path: Path) -> AsyncIterator[GeminiDouble]:
    film = tmp_path / "film.mp4"
    render_animatic(AnimaticRequest(prompt="corgi", length_s=1, size_px=(128, 72), audio=False, label="double"), film)
    async with running_gemini(key=KEY, clock=clock, film=film.read_bytes()) as double:
        yield double


@pytest.fixture
async def adapter(google: GeminiDouble, clock: HandClock) -> AsyncIterator[GeminiOmni]:
    async with opened_client(
        base_url=google.base_url, headers={"x-goog-api-key": KEY}, submit_timeout_s=5, status_timeout_s=5
    ) as client:
        yield GeminiOmni(client, CATALOGUE.protocols["gemini_omni"], clock, webhook_secret=google.webhook_secret)


def seconds_of(film: bytes) -> float:
    with av.open(io.BytesIO(film)) as opened:
        assert opened.duration is not None
        return opened.duration / av.time_base


async def test_google_s_own_sdk_makes_a_video_here(google: GeminiDouble, clock: HandClock) -> None:
    options = types.HttpOptions(base_url=google.base_url, api_version="v1beta")
    sdk = genai.Client(api_key=KEY, vertexai=False, http_options=options).aio
    made = await sdk.interactions.create(
        model=ORDER.wire_name,
        input=ORDER.prompt,
        background=True,
        store=True,
        response_format={"type": "video", "aspect_ratio": "16:9", "resolution": "720p", "duration": "5s"},
    )
    assert made.status == "queued"
    clock.time += timedelta(seconds=10)
    assert (await sdk.interactions.get(id=made.id)).status == "in_progress"
    clock.time += timedelta(seconds=60)
    done = await sdk.interactions.get(id=made.id)
    assert done.status == "completed"
    assert done.usage.output_tokens_by_modality[0].modality == "video"
    film = await sdk.files.download(file=done.output_video.uri.partition("/v1beta/")[2])
    assert seconds_of(film) == pytest.approx(1, abs=0.1)
    other = await sdk.interactions.create(
        model=ORDER.wire_name, input="x", background=True, response_format={"type": "video", "aspect_ratio": "16:9",
                                                                           "resolution": "360p", "duration": "3s"}
    )  # fmt: skip
    assert (await sdk.interactions.cancel(id=other.id)).status == "cancelled"
    await sdk.interactions.delete(id=other.id)
    assert set(google.interactions) == {made.id}


async def test_google_s_own_sdk_reads_the_refusals(google: GeminiDouble) -> None:
    options = types.HttpOptions(base_url=google.base_url, api_version="v1beta")
    sdk = genai.Client(api_key=KEY, vertexai=False, http_options=options).aio
    with pytest.raises(Exception, match="duration") as refused:
        await sdk.interactions.create(
            model=ORDER.wire_name, input="x", background=True, response_format={"type": "video", "duration": "5"}
        )
    assert refused.value.status_code == 400


async def test_a_render_goes_from_the_queue_to_a_film(
    google: GeminiDouble, adapter: GeminiOmni, clock: HandClock
) -> None:
    ref = await adapter.submit(ORDER)
    states = []
    for _ in range(3):
        states.append((status := await adapter.poll(ref)).state)
        clock.time += timedelta(seconds=20)
    assert states == [RenderState.QUEUED, RenderState.RUNNING, RenderState.SUCCEEDED]
    async with adapter.download(ref, status) as download:
        film = b"".join([chunk async for chunk in download.chunks])
    assert download.length == len(film)
    assert seconds_of(film) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(("shape", "resolution"), MODEL.sizes_px)
async def test_every_choice_the_catalogue_offers_is_accepted_with_text_and_with_a_picture(
    google: GeminiDouble, adapter: GeminiOmni, shape: Shape, resolution: str
) -> None:
    order = replace(ORDER, shape=shape, resolution=resolution, length_s=10)
    await adapter.submit(order)
    ref = await adapter.submit(replace(order, picture=Picture(content=b"\xff\xd8picture", mime="image/jpeg")))
    sent = google.interactions[ref.render_id].request
    assert [each["type"] for each in sent["input"]] == ["image", "text"]


@pytest.mark.parametrize(("ending", "kind"), [("words", "moderation"), ("failed", "capacity")])
async def test_a_render_that_ends_badly_says_why(
    google: GeminiDouble, adapter: GeminiOmni, clock: HandClock, ending: str, kind: str
) -> None:
    google.ending = ending
    ref = await adapter.submit(ORDER)
    clock.time += timedelta(minutes=2)
    status = await adapter.poll(ref)
    assert status.state is RenderState.FAILED
    assert status.failure is not None
    assert status.failure.kind == kind


async def test_what_runs_can_be_cancelled_and_what_is_done_cannot(
    google: GeminiDouble, adapter: GeminiOmni, clock: HandClock
) -> None:
    ref = await adapter.submit(ORDER)
    assert await adapter.cancel(ref)
    assert (await adapter.poll(ref)).state is RenderState.CANCELLED
    done = await adapter.submit(ORDER)
    clock.time += timedelta(minutes=2)
    assert not await adapter.cancel(done)
    assert not await adapter.cancel(adapter.adopted("v1_unknown", ORDER.wire_name))


async def test_a_submit_whose_answer_is_lost_is_doubt_and_its_webhook_brings_it_back(
    google: GeminiDouble, adapter: GeminiOmni, clock: HandClock
) -> None:
    google.faults.append(("POST /v1beta/interactions", 0, None))
    with pytest.raises(OutcomeUnknown):
        await adapter.submit(ORDER)
    (interaction,) = google.interactions.values()
    clock.time += timedelta(minutes=2)
    event = await adapter.verify_webhook(*google.event(interaction))
    assert event == WebhookEvent(event_id=f"msg_{interaction.id}", render_id=interaction.id)
    ref = adapter.adopted(event.render_id, ORDER.wire_name)
    assert (await adapter.poll(ref)).state is RenderState.SUCCEEDED
    assert google.asked.count("POST /v1beta/interactions") == 1


async def test_a_delivery_over_the_wire_wakes_and_forged_stale_or_foreign_ones_do_not(
    google: GeminiDouble, adapter: GeminiOmni, clock: HandClock
) -> None:
    heard: list[WebhookEvent | None] = []

    async def hear(request: web.Request) -> web.Response:
        heard.append(await adapter.verify_webhook(request.headers, await request.read()))
        return web.Response()

    application = web.Application()
    application.router.add_post("/hook", hear)
    runner = web.AppRunner(application)
    await runner.setup()
    interaction = google.interactions[(await adapter.submit(ORDER)).render_id]
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        assert await google.deliver(interaction, f"http://127.0.0.1:{runner.addresses[0][1]}/hook") == 200
    finally:
        await runner.cleanup()
    assert heard == [WebhookEvent(event_id=f"msg_{interaction.id}", render_id=interaction.id)]
    headers, body = google.event(interaction)
    assert await adapter.verify_webhook(headers, body + b" ") is None
    assert await adapter.verify_webhook(headers | {"webhook-signature": "v1,AAAA"}, body) is None
    assert await adapter.verify_webhook(*google.event(interaction, "batch.succeeded")) is None
    clock.time += timedelta(seconds=301)
    assert await adapter.verify_webhook(headers, body) is None


async def test_the_check_costs_nothing_and_tells_a_wrong_key(google: GeminiDouble, clock: HandClock) -> None:
    async with opened_client(
        base_url=google.base_url, headers={"x-goog-api-key": "another-key"}, submit_timeout_s=5, status_timeout_s=5
    ) as client:
        with pytest.raises(AuthFailed):
            await GeminiOmni(client, CATALOGUE.protocols["gemini_omni"], clock).check()
    assert google.asked == ["GET /v1beta/models?pageSize=1"]
