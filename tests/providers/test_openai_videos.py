"""The adapter against the local video service in its three variants, over real sockets, with real films."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from orders import an_order
from PIL import Image
from raw_service import Told, raw_service

from bot.catalogue.loader import load_catalogue
from bot.clock import SystemClock
from bot.demo.videos import LocalVideos
from bot.demo.videos.faults import StickRender
from bot.providers.base import Picture, RenderRef, RenderState, RenderStatus
from bot.providers.errors import AuthFailed, InvalidRequest, NotFound
from bot.providers.openai_videos import OpenAIVideos
from bot.providers.transport import opened_client

PROTOCOLS = load_catalogue().protocols
ORDER = an_order(prompt="a corgi <!channel> 🏄 at \u202esunset & “dusk”", wire_name="muse", length_s=4)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"\0\0\0\x18ftypmp42" + b"film" * 50_000)
    return path


@asynccontextmanager
async def adapter(base_url: str, key: str, variant: str) -> AsyncIterator[OpenAIVideos]:
    protocol = PROTOCOLS[f"openai_videos/{variant}"]
    headers = {"Authorization": f"Bearer {key}"}
    async with opened_client(base_url=base_url, headers=headers, submit_timeout_s=5, status_timeout_s=5) as client:
        yield OpenAIVideos(client, protocol, SystemClock())


@asynccontextmanager
async def serving(film: Path, variant: str) -> AsyncIterator[tuple[LocalVideos, OpenAIVideos]]:
    clock = SystemClock()
    async with LocalVideos.running(
        clock=clock, directory=film.parent, film=film, variant=variant, render_s=0.02
    ) as service:
        async with adapter(service.base_url, service.key, variant) as videos:
            yield service, videos


async def ended(videos: OpenAIVideos, ref: RenderRef) -> RenderStatus:
    async with asyncio.timeout(20):
        while (status := await videos.poll(ref)).state in {RenderState.QUEUED, RenderState.RUNNING}:
            await asyncio.sleep(0.005)
    return status


def picture_of(width: int, height: int) -> Picture:
    file = io.BytesIO()
    Image.new("RGB", (width, height), (200, 120, 40)).save(file, "JPEG")
    return Picture(content=file.getvalue(), mime="image/jpeg")


@pytest.mark.parametrize("with_picture", [False, True], ids=["text", "picture"])
@pytest.mark.parametrize("variant", ["openai", "relay", "vllm_omni", "sglang", "litellm"])
async def test_an_order_becomes_a_film_in_every_variant(film: Path, variant: str, with_picture: bool) -> None:
    order = replace(ORDER, picture=picture_of(1280, 720) if with_picture else None, seed=7)
    async with serving(film, variant) as (service, videos):
        ref = await videos.submit(order)
        status = await ended(videos, ref)
        assert status.state is RenderState.SUCCEEDED
        async with videos.download(ref, status) as download:
            got = b"".join([chunk async for chunk in download.chunks])
        made = service.accepted[0].asked
    assert got == film.read_bytes()
    assert download.length == len(got)
    assert (made.prompt, made.model, made.length_s, made.size_px) == (order.prompt, "muse", 4, (1280, 720))
    assert (made.picture is not None) is with_picture


@pytest.mark.parametrize("variant", ["openai", "vllm_omni"])
async def test_a_lost_submit_is_found_in_the_list_by_prompt_and_model(film: Path, variant: str) -> None:
    assert PROTOCOLS[f"openai_videos/{variant}"].lists
    async with serving(film, variant) as (_, videos):
        since = SystemClock().now() - timedelta(minutes=1)
        refs = [await videos.submit(replace(ORDER, prompt=f"number {each}")) for each in range(3)]
        found = await videos.find(since)
        assert {each.ref.render_id: each.prompt for each in found} == {
            ref.render_id: f"number {each}" for each, ref in enumerate(refs)
        }
        assert {each.wire_name for each in found} == {"muse"}
        assert await videos.find(SystemClock().now() + timedelta(minutes=1)) == []
        assert (await videos.poll(videos.adopted(refs[0].render_id, "muse"))).failure is None


async def test_vllm_omni_stops_a_running_render_and_says_so(film: Path) -> None:
    async with serving(film, "vllm_omni") as (service, videos):
        service.faults.add("create", StickRender())
        ref = await videos.submit(ORDER)
        assert await videos.cancel(ref)
        with pytest.raises(NotFound):
            await videos.poll(ref)


@pytest.mark.parametrize("variant", ["openai", "relay", "vllm_omni", "sglang", "litellm"])
async def test_a_look_at_the_account_is_free_and_tells_a_wrong_key(film: Path, variant: str) -> None:
    async with serving(film, variant) as (service, videos):
        await videos.check()
        async with adapter(service.base_url, "sk-wrong-key", variant) as stranger:
            with pytest.raises(AuthFailed):
                await stranger.check()
        assert not service.accepted


@pytest.mark.parametrize("pasted", ["", "/", "/v1", "/v1/", "/openai/v1"])
async def test_the_address_may_end_before_or_after_v1(pasted: str) -> None:
    async with raw_service(Told(body={"id": "video_1", "status": "queued"})) as service:
        async with adapter(service.base + pasted, "sk-test-key-1", "openai") as videos:
            await videos.submit(ORDER)
    assert service.asked[0].path == ("/openai/v1/videos" if "openai" in pasted else "/v1/videos")


async def test_an_id_with_odd_characters_stays_one_part_of_the_path() -> None:
    odd = "video_ab/../models?x=1#y=="
    async with raw_service(Told(body={"id": odd, "status": "queued"}), Told(body={"status": "queued"})) as service:
        async with adapter(service.base, "sk-test-key-1", "openai") as videos:
            ref = await videos.submit(ORDER)
            await videos.poll(ref)
    assert ref.render_id == odd
    assert service.asked[1].path == "/v1/videos/video_ab%2F..%2Fmodels%3Fx%3D1%23y%3D%3D"


async def test_own_fields_of_a_model_travel_with_the_order() -> None:
    async with raw_service(*[Told(body={"id": "video_1"})] * 2) as service:
        async with adapter(service.base, "sk-test-key-1", "openai") as videos:
            await videos.submit(replace(ORDER, extra={"quality": "high"}))
        async with adapter(service.base, "sk-test-key-1", "vllm_omni") as videos:
            await videos.submit(replace(ORDER, extra={"extra_params": {"fps": 24}}))
    assert b'"quality":"high"' in service.asked[0].body
    assert b"extra_params=%7B%22fps%22%3A+24%7D" in service.asked[1].body


@pytest.mark.parametrize("variant", ["openai", "vllm_omni"])
async def test_half_a_character_is_refused_before_anything_is_sent(variant: str) -> None:
    async with raw_service() as service:
        async with adapter(service.base, "sk-test-key-1", variant) as videos:
            with pytest.raises(InvalidRequest, match="half of a character"):
                await videos.submit(replace(ORDER, prompt="a corgi \ud83c"))
    assert not service.asked
