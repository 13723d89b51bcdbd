"""A local DashScope, judged by Alibaba's own SDK, and the adapter against it from the first call to the last."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import dashscope as dashscope_sdk
import pytest
from dashscope.aigc.video_synthesis import VideoSynthesis
from doubles.dashscope import LocalDashScope, running_dashscope
from doubles.local_service import Answer
from orders import an_order
from virtual_clock import START, VirtualClock

from bot.catalogue.loader import load_catalogue
from bot.demo.faults import Drop
from bot.media.inspect import inspect_video
from bot.providers.base import Picture, RenderRequest, RenderState
from bot.providers.dashscope import DashScope
from bot.providers.errors import CapacityFailed, InvalidRequest, NotFound, OutcomeUnknown
from bot.providers.transport import opened_client

KEY = "sk-dashscope-0123456789"
MODELS = [each for each in load_catalogue().models if each.protocol.startswith("dashscope/")]
MODEL = next(each for each in MODELS if each.name == "wan-3.0" and each.protocol == "dashscope/intl")
REFUSED = ("DataInspectionFailed", "Output data may contain inappropriate content.")
PICTURE = Picture(content=b"\xff\xd8\xff\xe0 not quite a picture", mime="image/jpeg")


@pytest.fixture
async def local(clock: VirtualClock, film: bytes) -> AsyncIterator[LocalDashScope]:
    usual = dashscope_sdk.base_http_api_url
    async with running_dashscope(key=KEY, clock=clock, film=film) as service:
        dashscope_sdk.base_http_api_url = service.base_url  # The SDK's own way, for not every call takes an address.
        yield service
    dashscope_sdk.base_http_api_url = usual


@asynccontextmanager
async def adapter(local: LocalDashScope) -> AsyncIterator[DashScope]:
    headers = {"Authorization": f"Bearer {KEY}"}
    async with opened_client(
        base_url=local.base_url, headers=headers, submit_timeout_s=5, status_timeout_s=5
    ) as client:
        yield DashScope(client, load_catalogue().protocols["dashscope/intl"], local.clock)


async def stranger(call: Any, *args: Any, key: str = KEY, **more: Any) -> Any:
    """The SDK is a blocking one."""
    return await asyncio.to_thread(partial(call, *args, api_key=key, **more))


def order(prompt: str = "a corgi surfing", **changes: Any) -> RenderRequest:
    return an_order(
        **{"prompt": prompt, "wire_name": MODEL.wire_name, "audio": True, "seed": 7, "extra": MODEL.wire, **changes}
    )


async def test_the_sdk_creates_watches_and_reads_a_video(local: LocalDashScope, clock: VirtualClock) -> None:
    made = await stranger(
        VideoSynthesis.async_call, "wan3.0-video", "a corgi", resolution="720P", ratio="9:16", duration=5
    )
    assert (made.status_code, made.output.task_status) == (200, "PENDING")
    words = []
    for seconds in (0, 20, 60):
        clock.leap(seconds)
        task = await stranger(VideoSynthesis.fetch, made.output.task_id)
        words.append(task.output.task_status)
    assert words == ["PENDING", "RUNNING", "SUCCEEDED"]
    assert task.output.video_url == f"{local.origin}/film.mp4"
    assert task.usage.video_count == 1


async def test_the_sdk_lists_and_cancels(local: LocalDashScope, clock: VirtualClock) -> None:
    ids = [(await stranger(VideoSynthesis.async_call, "wan2.7-t2v", "a")).output.task_id for _ in range(3)]
    assert (await stranger(VideoSynthesis.cancel, ids[0])).status_code == 200
    listed = await stranger(VideoSynthesis.list, status="CANCELED")
    assert [each["task_id"] for each in listed.output["data"]] == [ids[0]]
    assert (await stranger(VideoSynthesis.list, page_size=2, page_no=2)).output["total"] == 3
    clock.leap(100)
    late = await stranger(VideoSynthesis.cancel, ids[1])
    assert (late.status_code, late.code) == (400, "UnsupportedOperation")


async def test_the_sdk_reads_a_refusal_and_a_failure(local: LocalDashScope, clock: VirtualClock) -> None:
    local.errors = [REFUSED]
    made = await stranger(VideoSynthesis.async_call, "wan2.7-t2v", "a")
    clock.leap(100)
    task = await stranger(VideoSynthesis.fetch, made.output.task_id)
    assert (task.output.task_status, task.output["code"]) == ("FAILED", REFUSED[0])
    wrong = await stranger(VideoSynthesis.async_call, "wan2.7-t2v", "a", duration=99)
    assert (wrong.status_code, wrong.code) == (400, "InvalidParameter")
    refused = await stranger(VideoSynthesis.list, key="another")
    assert refused.status_code == 401
    unknown = await stranger(VideoSynthesis.fetch, "nobody")
    assert (unknown.status_code, unknown.output.task_status) == (200, "UNKNOWN")


async def test_from_order_to_film(local: LocalDashScope, clock: VirtualClock, film: bytes, tmp_path: Path) -> None:
    async with adapter(local) as dashscope:
        ref = await dashscope.submit(order(picture=PICTURE))
        seen = [(await dashscope.poll(ref)).state]
        for seconds in (20, 60):
            clock.leap(seconds)
            seen.append((await dashscope.poll(ref)).state)
        assert seen == [RenderState.QUEUED, RenderState.RUNNING, RenderState.SUCCEEDED]
        async with dashscope.download(ref, await dashscope.poll(ref)) as download:
            content = b"".join([each async for each in download.chunks])
        clock.leap(24 * 3600)
        with pytest.raises(NotFound):
            await dashscope.poll(ref)
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    assert content == film
    assert inspect_video(path).length_s == pytest.approx(1, abs=0.2)
    assert local.tasks[ref.render_id].asked["input"]["media"][0]["type"] == "first_frame"


async def test_every_model_and_size_of_the_catalogue_is_taken(local: LocalDashScope) -> None:
    async with adapter(local) as dashscope:
        for model in MODELS:
            for shape, resolution in model.sizes_px:
                for length_s in (model.lengths_s[0], model.lengths_s[-1]):
                    frame = {"shape": shape, "resolution": resolution, "length_s": length_s, "extra": model.wire}
                    await dashscope.submit(order(wire_name=model.wire_name, **frame))
                    await dashscope.submit(order(wire_name=model.picture_wire_name, picture=PICTURE, **frame))


@pytest.mark.parametrize("trouble", [Drop(processed=True), Answer(status=502, body="bad gateway", processed=True)])
async def test_a_lost_submit_is_found_by_its_prompt_once_all_have_ended(
    local: LocalDashScope, clock: VirtualClock, trouble: Drop | Answer
) -> None:
    since = START - timedelta(minutes=1)
    local.errors = [None, None, REFUSED]
    async with adapter(local) as dashscope:
        await dashscope.submit(order("another one"))
        local.faults.add("create", trouble)
        with pytest.raises(OutcomeUnknown):
            await dashscope.submit(order("the lost one"))
        await dashscope.submit(order("a refused one"))
        local.add({"model": "wanx2.1-t2i-turbo", "input": {"prompt": "a picture"}, "parameters": {}}, "image-synthesis")
        with pytest.raises(CapacityFailed):
            await dashscope.find(since)
        clock.leap(100)
        found = await dashscope.find(since)
        lost = next(each for each in found if each.prompt == "the lost one")
        assert (await dashscope.poll(dashscope.adopted(lost.ref.render_id, "x"))).state is RenderState.SUCCEEDED
    assert {each.prompt for each in found} == {"another one", "the lost one"}
    assert local.calls["create"] == 3


async def test_a_submit_that_never_arrived_is_absent_for_a_day(local: LocalDashScope, clock: VirtualClock) -> None:
    async with adapter(local) as dashscope:
        local.faults.add("create", Drop(processed=False))
        with pytest.raises(OutcomeUnknown):
            await dashscope.submit(order())
        assert await dashscope.find(START) == []
        clock.leap(24 * 3600)
        with pytest.raises(CapacityFailed, match="too short"):
            await dashscope.find(START)


async def test_only_what_waits_is_cancelled(local: LocalDashScope, clock: VirtualClock) -> None:
    async with adapter(local) as dashscope:
        waiting = await dashscope.submit(order())
        assert await dashscope.cancel(waiting)
        assert (await dashscope.poll(waiting)).state is RenderState.CANCELLED
        late = await dashscope.submit(order())
        clock.leap(20)
        assert not await dashscope.cancel(late)


async def test_a_refusal_at_the_end_a_wrong_order_and_a_good_check(local: LocalDashScope, clock: VirtualClock) -> None:
    local.errors = [REFUSED]
    async with adapter(local) as dashscope:
        await dashscope.check()
        ref = await dashscope.submit(order())
        clock.leap(100)
        failure = (await dashscope.poll(ref)).failure
        assert failure is not None
        assert failure.kind == "moderation"
        with pytest.raises(InvalidRequest):
            await dashscope.submit(order(length_s=99))
        with pytest.raises(InvalidRequest, match="bytes"):
            await dashscope.submit(order(picture=Picture(content=b"x" * 10_000_001, mime="image/jpeg")))
    assert local.calls["create"] == 2
