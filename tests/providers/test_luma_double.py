"""A local Luma, judged by Luma's own SDK, and the adapter against it from the first call to the last."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import luma_agents
import pytest
from doubles.local_service import Answer
from doubles.luma import LocalLuma, running_luma
from orders import an_order
from virtual_clock import VirtualClock

from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import Shape
from bot.demo.faults import Drop
from bot.media.inspect import inspect_video
from bot.providers.base import Picture, RenderRequest, RenderState
from bot.providers.errors import AuthFailed, InvalidRequest, NotFound, OutcomeUnknown
from bot.providers.luma import Luma
from bot.providers.transport import opened_client

KEY = "luma-api-0123456789abcdef"
PROTOCOL = load_catalogue().protocols["luma"]
PICTURE = Picture(content=b"\xff\xd8\xff\xe0 not quite a picture", mime="image/jpeg")
MODERATED = {"state": "failed", "output": None, "failure_code": "content_moderated", "failure_reason": "No."}


@pytest.fixture
async def local(clock: VirtualClock, film: bytes) -> AsyncIterator[LocalLuma]:
    async with running_luma(key=KEY, clock=clock, film=film) as luma:
        yield luma


@asynccontextmanager
async def adapter(local: LocalLuma, *, key: str = KEY) -> AsyncIterator[Luma]:
    async with opened_client(
        base_url=f"{local.origin}/v1",
        headers={"Authorization": f"Bearer {key}"},
        submit_timeout_s=5,
        status_timeout_s=5,
    ) as client:
        yield Luma(client, PROTOCOL)


@asynccontextmanager
async def stranger(local: LocalLuma, *, key: str = KEY) -> AsyncIterator[luma_agents.AsyncLuma]:
    async with luma_agents.AsyncLuma(
        base_url=f"{local.origin}/v1", auth_token=key, max_retries=0, _strict_response_validation=True
    ) as client:
        yield client


def order(**changes: Any) -> RenderRequest:
    return an_order(**{"wire_name": "ray-3.2", **changes})


async def test_the_sdk_creates_watches_and_reads_a_video(local: LocalLuma, clock: VirtualClock) -> None:
    async with stranger(local) as luma:
        made = await luma.generations.create(
            type="video", model="ray-3.2", prompt="a corgi", video={"duration": "5s", "resolution": "720p"}
        )
        seen = [made]
        for seconds in (10, 60):
            clock.leap(seconds)
            seen.append(await luma.generations.get(made.id))
    assert [each.state for each in seen] == ["queued", "processing", "completed"]
    assert seen[-1].output is not None
    assert seen[-1].output[0].url.startswith(f"{local.origin}/film.mp4")


async def test_the_sdk_reads_a_failure_and_refusals(local: LocalLuma, clock: VirtualClock) -> None:
    local.endings = [MODERATED]
    async with stranger(local) as luma:
        made = await luma.generations.create(type="video", model="ray-3.2", prompt="a corgi", aspect_ratio="1:1")
        clock.leap(100)
        generation = await luma.generations.get(made.id)
        assert (generation.state, generation.failure_code) == ("failed", "content_moderated")
        with pytest.raises(luma_agents.UnprocessableEntityError):
            await luma.generations.create(
                type="video",
                model="ray-3.2",
                prompt="a",
                video={"duration": "10s", "start_frame": {"url": "https://x.example/y.png"}},
            )
        with pytest.raises(luma_agents.NotFoundError):
            await luma.generations.get("nobody")
    async with stranger(local, key="luma-api-another") as luma:
        with pytest.raises(luma_agents.AuthenticationError):
            await luma.files.list()


async def test_from_order_to_film(local: LocalLuma, clock: VirtualClock, film: bytes, tmp_path: Path) -> None:
    async with adapter(local) as luma:
        ref = await luma.submit(order(picture=PICTURE, shape=Shape.VERTICAL, length_s=10))
        seen = [await luma.poll(ref)]
        for seconds in (10, 60):
            clock.leap(seconds)
            seen.append(await luma.poll(ref))
        assert [each.state for each in seen] == [RenderState.QUEUED, RenderState.RUNNING, RenderState.SUCCEEDED]
        async with luma.download(ref, seen[-1]) as download:
            content = b"".join([each async for each in download.chunks])
        assert download.length == len(content)
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    assert content == film
    assert inspect_video(path).length_s == pytest.approx(1, abs=0.2)
    assert local.generations[ref.render_id].asked["video"]["keyframe_indexes"] == [0]


@pytest.mark.parametrize("shape", [Shape.WIDE, Shape.VERTICAL, Shape.SQUARE])
@pytest.mark.parametrize("resolution", ["360p", "540p", "720p", "1080p"])
@pytest.mark.parametrize("length_s", [5, 10])
async def test_every_frame_and_length_fits_the_sdks_types(
    local: LocalLuma, shape: Shape, resolution: str, length_s: int
) -> None:
    async with adapter(local) as luma:
        for picture in (None, PICTURE):
            await luma.submit(order(shape=shape, resolution=resolution, length_s=length_s, picture=picture))
    assert len(local.generations) == 2


@pytest.mark.parametrize("trouble", [Drop(processed=True), Answer(status=502, body="bad gateway", processed=True)])
async def test_a_lost_submit_stays_open_for_luma_has_no_list(local: LocalLuma, trouble: Drop | Answer) -> None:
    local.faults.add("create", trouble)
    async with adapter(local) as luma:
        with pytest.raises(OutcomeUnknown):
            await luma.submit(order())
    assert local.calls == {"create": 1}


async def test_refusals_before_and_at_the_end(local: LocalLuma, clock: VirtualClock) -> None:
    local.endings = [MODERATED]
    async with adapter(local) as luma:
        await luma.check()
        ref = await luma.submit(order())
        assert not await luma.cancel(ref)
        clock.leap(100)
        failure = (await luma.poll(ref)).failure
        assert failure is not None
        assert failure.kind == "moderation"
        with pytest.raises(InvalidRequest):
            await luma.submit(order(length_s=7))
        with pytest.raises(InvalidRequest, match="bytes"):
            await luma.submit(order(picture=Picture(content=b"x" * 8_000_001, mime="image/jpeg")))
        with pytest.raises(NotFound):
            await luma.poll(luma.adopted("nobody", "ray-3.2"))
    async with adapter(local, key="luma-api-another") as luma:
        with pytest.raises(AuthFailed):
            await luma.check()
    assert local.calls["create"] == 2
