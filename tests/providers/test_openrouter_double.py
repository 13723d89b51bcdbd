"""A local OpenRouter, judged by OpenRouter's own SDK, and the adapter against it from the first call to the last."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import openrouter as sdk
import pytest
from doubles.local_service import Answer
from doubles.openrouter import LocalOpenRouter, running_openrouter
from openrouter import errors as sdk_errors
from orders import an_order
from virtual_clock import VirtualClock

from bot.catalogue.loader import load_catalogue
from bot.demo.faults import Drop
from bot.media.inspect import inspect_video
from bot.providers.base import Picture, RenderRequest, RenderState
from bot.providers.errors import InvalidRequest, OutcomeUnknown
from bot.providers.openrouter import OpenRouter
from bot.providers.transport import opened_client

KEY = "sk-or-0123456789abcdef"
SECRET = "signing-secret-0123456789"
MODELS = [each for each in load_catalogue().models if each.protocol == "openrouter"]
MODEL = next(each for each in MODELS if each.name == "hailuo-3-max")
PICTURE = Picture(content=b"\xff\xd8\xff\xe0 not quite a picture", mime="image/jpeg")


@pytest.fixture
async def local(clock: VirtualClock, film: bytes) -> AsyncIterator[LocalOpenRouter]:
    async with running_openrouter(key=KEY, clock=clock, film=film, webhook_secret=SECRET) as service:
        yield service


@asynccontextmanager
async def adapter(local: LocalOpenRouter, *, secret: str = SECRET) -> AsyncIterator[OpenRouter]:
    headers = {"Authorization": f"Bearer {KEY}"}
    async with opened_client(
        base_url=local.base_url, headers=headers, submit_timeout_s=5, status_timeout_s=5
    ) as client:
        yield OpenRouter(client, load_catalogue().protocols["openrouter"], local.clock, webhook_secret=secret)


@asynccontextmanager
async def stranger(local: LocalOpenRouter, *, key: str = KEY) -> AsyncIterator[sdk.OpenRouter]:
    async with sdk.OpenRouter(api_key=key, server_url=local.base_url) as client:
        yield client


def order(**changes: Any) -> RenderRequest:
    return an_order(
        **{
            "prompt": "a corgi surfing",
            "wire_name": MODEL.wire_name,
            "size_px": (1366, 768),
            "webhook_url": "https://bot.example/webhooks/openrouter/token",
            "extra": MODEL.wire,
            **changes,
        }
    )


async def test_the_sdk_creates_watches_and_fetches(local: LocalOpenRouter, clock: VirtualClock, film: bytes) -> None:
    async with stranger(local) as client:
        videos = client.video_generation
        made = await videos.generate_async(
            model="minimax/hailuo-3-max", prompt="a", duration=5, resolution="768p", aspect_ratio="16:9"
        )
        words = []
        for seconds in (0, 20, 60):
            clock.leap(seconds)
            job = await videos.get_generation_async(job_id=made.id)
            words.append(job.status)
        assert words == ["pending", "in_progress", "completed"]
        assert job.usage is not None
        assert job.usage.cost == pytest.approx(0.4)
        assert job.urls == [f"{local.origin}/film.mp4?seal=1"]
        content = await videos.get_video_content_async(job_id=made.id)
        assert await content.aread() == film
        listed = await videos.list_videos_models_async()
    assert {each.id for each in listed.data} == {"minimax/hailuo-3-max", "x-ai/grok-imagine-video"}


async def test_the_sdk_reads_refusals_and_a_failure(local: LocalOpenRouter, clock: VirtualClock) -> None:
    local.errors = ["Provider returned an error"]
    async with stranger(local) as client:
        videos = client.video_generation
        made = await videos.generate_async(model="x-ai/grok-imagine-video", prompt="a", duration=5)
        with pytest.raises(sdk_errors.BadRequestResponseError, match="not supported"):
            await videos.generate_async(model="x-ai/grok-imagine-video", prompt="a", duration=99)
        with pytest.raises(sdk_errors.NotFoundResponseError):
            await videos.generate_async(model="google/veo-3.1", prompt="a")
        clock.leap(100)
        job = await videos.get_generation_async(job_id=made.id)
        assert (job.status, job.error) == ("failed", "Provider returned an error")
    async with stranger(local, key="another") as client:
        with pytest.raises(sdk_errors.UnauthorizedResponseError):
            await client.video_generation.get_generation_async(job_id=made.id)


@pytest.mark.parametrize("has_copy", [True, False])
async def test_from_order_to_film(
    local: LocalOpenRouter, clock: VirtualClock, film: bytes, tmp_path: Path, has_copy: bool
) -> None:
    local.has_copy = has_copy
    async with adapter(local) as openrouter:
        ref = await openrouter.submit(order(picture=PICTURE))
        seen = [(await openrouter.poll(ref)).state]
        for seconds in (20, 60):
            clock.leap(seconds)
            seen.append((await openrouter.poll(ref)).state)
        assert seen == [RenderState.QUEUED, RenderState.RUNNING, RenderState.SUCCEEDED]
        status = await openrouter.poll(ref)
        assert status.cost_usd_micros == MODEL.price.of(length_s=5, resolution="720p") == 400_000
        async with openrouter.download(ref, status) as download:
            content = b"".join([each async for each in download.chunks])
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    assert content == film
    assert inspect_video(path).length_s == pytest.approx(1, abs=0.2)
    assert local.calls["content"] == (0 if has_copy else 1)


async def test_every_model_and_size_of_the_catalogue_is_taken(local: LocalOpenRouter) -> None:
    async with adapter(local) as openrouter:
        for model in MODELS:
            for shape, resolution in model.sizes_px:
                for length_s in model.lengths_s:
                    frame = {"shape": shape, "resolution": resolution, "length_s": length_s, "extra": model.wire}
                    await openrouter.submit(order(wire_name=model.wire_name, **frame))


@pytest.mark.parametrize("trouble", [Drop(processed=True), Answer(status=503, body={"error": {}}, processed=True)])
async def test_a_lost_submit_is_found_by_its_webhook_alone(
    local: LocalOpenRouter, clock: VirtualClock, trouble: Drop | Answer
) -> None:
    local.faults.add("create", trouble)
    async with adapter(local) as openrouter:
        with pytest.raises(OutcomeUnknown):
            await openrouter.submit(order())
        [job] = local.jobs.values()
        clock.leap(100)
        event = await openrouter.verify_webhook(*local.webhook(job))
        assert event is not None
        status = await openrouter.poll(openrouter.adopted(event.render_id, "x"))
    assert status.state is RenderState.SUCCEEDED
    assert job.asked["callback_url"] == "https://bot.example/webhooks/openrouter/token"


async def test_without_a_secret_or_https_no_callback_is_asked_for(local: LocalOpenRouter) -> None:
    async with adapter(local, secret="") as openrouter:
        ref = await openrouter.submit(order())
        assert "callback_url" not in local.jobs[ref.render_id].asked
    async with adapter(local) as openrouter:
        ref = await openrouter.submit(order(webhook_url="http://127.0.0.1/hook"))
        assert "callback_url" not in local.jobs[ref.render_id].asked


async def test_a_refusal_at_the_end_a_wrong_order_and_a_good_check(local: LocalOpenRouter, clock: VirtualClock) -> None:
    local.errors = ["The prompt was flagged by content moderation"]
    async with adapter(local) as openrouter:
        await openrouter.check()
        ref = await openrouter.submit(order())
        assert not await openrouter.cancel(ref)
        clock.leap(100)
        failure = (await openrouter.poll(ref)).failure
        assert failure is not None
        assert failure.kind == "moderation"
        with pytest.raises(InvalidRequest):
            await openrouter.submit(order(length_s=99))
