"""A local Ark, judged by BytePlus's own SDK, and the adapter against it from the first call to the last."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from byteplussdkarkruntime import AsyncArk
from byteplussdkarkruntime._exceptions import ArkAuthenticationError, ArkBadRequestError, ArkNotFoundError
from doubles.ark import LocalArk, running_ark
from doubles.local_service import Answer
from orders import an_order
from virtual_clock import START, VirtualClock

from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import Shape
from bot.demo.faults import Drop
from bot.media.inspect import inspect_video
from bot.providers.ark import Ark
from bot.providers.base import Picture, RenderRequest, RenderState
from bot.providers.errors import CapacityFailed, InvalidRequest, OutcomeUnknown
from bot.providers.transport import opened_client

KEY = "ark-key-0123456789"
MODELS = [each for each in load_catalogue().models if each.protocol.startswith("ark/")]
MODEL = next(each for each in MODELS if each.name == "seedance-2.0" and each.protocol == "ark/byteplus")
REFUSED = {"code": "OutputVideoSensitiveContentDetected", "message": "The output video may contain sensitive content."}
PIXELS = b"\xff\xd8\xff\xe0 not quite a picture"


@pytest.fixture
async def local(clock: VirtualClock, film: bytes) -> AsyncIterator[LocalArk]:
    async with running_ark(key=KEY, clock=clock, film=film) as ark:
        yield ark


@asynccontextmanager
async def adapter(local: LocalArk, *, key: str = KEY) -> AsyncIterator[Ark]:
    headers = {"Authorization": f"Bearer {key}"}
    async with opened_client(
        base_url=local.base_url, headers=headers, submit_timeout_s=5, status_timeout_s=5
    ) as client:
        yield Ark(client, load_catalogue().protocols["ark/byteplus"], local.clock)


@asynccontextmanager
async def stranger(local: LocalArk, *, key: str = KEY) -> AsyncIterator[AsyncArk]:
    client = AsyncArk(base_url=local.base_url, api_key=key, max_retries=0)
    try:
        yield client
    finally:
        await client.close()


def order(client_key: str = "attempt-1", **changes: object) -> RenderRequest:
    return an_order(
        **{
            "prompt": "a corgi surfing",
            "wire_name": str(MODEL.wire_name),
            "audio": True,
            "seed": 7,
            "client_key": client_key,
            "extra": MODEL.wire,
            **changes,
        }
    )


TEXT = [{"type": "text", "text": "a corgi surfing"}]


async def test_the_sdk_creates_watches_and_reads_a_video(local: LocalArk, clock: VirtualClock) -> None:
    async with stranger(local) as ark:
        made = await ark.content_generation.tasks.create(
            model=str(MODEL.wire_name), content=TEXT, ratio="9:16", duration=5, safety_identifier="me"
        )
        words = []
        for seconds in (0, 20, 60):
            clock.leap(seconds)
            task = await ark.content_generation.tasks.get(task_id=made.id)
            words.append(task.status)
    assert words == ["queued", "running", "succeeded"]
    assert task.content.video_url == f"{local.origin}/film.mp4"
    assert (task.safety_identifier, task.ratio, task.usage.completion_tokens) == ("me", "9:16", 108_900)


async def test_the_sdk_lists_filters_and_deletes(local: LocalArk, clock: VirtualClock) -> None:
    async with stranger(local) as ark:
        tasks = ark.content_generation.tasks
        ids = [(await tasks.create(model=str(MODEL.wire_name), content=TEXT)).id for _ in range(3)]
        await tasks.delete(task_id=ids[0])
        assert [each.id for each in (await tasks.list(status="cancelled")).items] == [ids[0]]
        assert (await tasks.list(page_size=2, page_num=2)).total == 3
        assert {each.id for each in (await tasks.list(task_ids=ids[1:])).items} == set(ids[1:])
        clock.leap(100)
        await tasks.delete(task_id=ids[1])
        with pytest.raises(ArkNotFoundError):
            await tasks.get(task_id=ids[1])


async def test_the_sdk_reads_a_refusal_and_a_failure(local: LocalArk, clock: VirtualClock) -> None:
    local.errors = [REFUSED]
    async with stranger(local) as ark:
        made = await ark.content_generation.tasks.create(model=str(MODEL.wire_name), content=TEXT)
        clock.leap(100)
        task = await ark.content_generation.tasks.get(task_id=made.id)
        assert (task.status, task.error.code) == ("failed", REFUSED["code"])
        with pytest.raises(ArkBadRequestError) as caught:
            await ark.content_generation.tasks.create(model=str(MODEL.wire_name), content=TEXT, duration=99)
    assert caught.value.code == "InvalidParameter"
    async with stranger(local, key="another") as ark:
        with pytest.raises(ArkAuthenticationError):
            await ark.content_generation.tasks.list()


async def test_from_order_to_film(local: LocalArk, clock: VirtualClock, film: bytes, tmp_path: Path) -> None:
    async with adapter(local) as ark:
        ref = await ark.submit(order(picture=Picture(content=PIXELS, mime="image/jpeg"), shape=Shape.VERTICAL))
        seen = [(await ark.poll(ref)).state]
        for seconds in (20, 60):
            clock.leap(seconds)
            seen.append((await ark.poll(ref)).state)
        assert seen == [RenderState.QUEUED, RenderState.RUNNING, RenderState.SUCCEEDED]
        async with ark.download(ref, await ark.poll(ref)) as download:
            content = b"".join([each async for each in download.chunks])
        assert download.length == len(content)
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    assert content == film
    assert inspect_video(path).length_s == pytest.approx(1, abs=0.2)
    asked = local.tasks[ref.render_id].asked
    assert (asked["ratio"], asked["content"][1]["role"]) == ("9:16", "first_frame")


async def test_every_model_and_size_of_the_catalogue_is_taken(local: LocalArk) -> None:
    async with adapter(local) as ark:
        for model in MODELS:
            for shape, resolution in model.sizes_px:
                for length_s in (model.lengths_s[0], model.lengths_s[-1]):
                    await ark.submit(
                        order(wire_name=model.wire_name, shape=shape, resolution=resolution, length_s=length_s)
                    )


async def test_many_are_looked_at_with_one_request(local: LocalArk, clock: VirtualClock) -> None:
    local.errors = [None, REFUSED]
    async with adapter(local) as ark:
        refs = [await ark.submit(order(f"attempt-{number}")) for number in range(3)]
        clock.leap(100)
        refs.append(ark.adopted("cgt-nobody", "x"))
        told = await ark.poll_many(refs)
    assert local.calls["list"] == 1
    states = [told[each.render_id].state for each in refs[:3]]  # type: ignore[union-attr]
    assert states == [RenderState.SUCCEEDED, RenderState.FAILED, RenderState.SUCCEEDED]
    assert "cgt-nobody" not in told


@pytest.mark.parametrize("trouble", [Drop(processed=True), Answer(status=502, body="bad gateway", processed=True)])
async def test_a_lost_submit_is_found_by_our_key(local: LocalArk, trouble: Drop | Answer) -> None:
    async with adapter(local) as ark:
        await ark.submit(order("attempt-1"))
        local.faults.add("create", trouble)
        with pytest.raises(OutcomeUnknown):
            await ark.submit(order("attempt-2"))
        found = await ark.find(START - timedelta(minutes=1))
        lost = next(each for each in found if each.client_key == "attempt-2")
        assert (await ark.poll(ark.adopted(lost.ref.render_id, str(MODEL.wire_name)))).state is RenderState.QUEUED
    assert len(found) == 2
    assert local.calls["create"] == 2


async def test_a_submit_that_never_arrived_is_absent(local: LocalArk, clock: VirtualClock) -> None:
    async with adapter(local) as ark:
        local.faults.add("create", Drop(processed=False))
        with pytest.raises(OutcomeUnknown):
            await ark.submit(order())
        assert await ark.find(START) == []
        clock.leap(8 * 24 * 3600)
        with pytest.raises(CapacityFailed):
            await ark.find(START)


async def test_a_hundred_and_more_tasks_are_paged_through(local: LocalArk, clock: VirtualClock) -> None:
    async with adapter(local) as ark:
        for number in range(120):
            await ark.submit(order(f"attempt-{number}"))
            clock.leap(1)
        found = await ark.find(START - timedelta(minutes=1))
    assert {each.client_key for each in found} == {f"attempt-{number}" for number in range(120)}
    assert local.calls["list"] == 2


async def test_only_what_waits_is_cancelled_and_no_record_is_wiped(local: LocalArk, clock: VirtualClock) -> None:
    async with adapter(local) as ark:
        waiting = await ark.submit(order())
        assert await ark.cancel(waiting)
        assert (await ark.poll(waiting)).state is RenderState.CANCELLED
        late = await ark.submit(order())
        for seconds in (20, 100):
            clock.leap(seconds)
            assert not await ark.cancel(late)
        assert (await ark.poll(late)).state is RenderState.SUCCEEDED


async def test_a_refusal_at_the_end_a_wrong_order_and_a_good_check(local: LocalArk, clock: VirtualClock) -> None:
    local.errors = [REFUSED]
    async with adapter(local) as ark:
        await ark.check()
        ref = await ark.submit(order())
        clock.leap(100)
        failure = (await ark.poll(ref)).failure
        assert failure is not None
        assert failure.kind == "moderation"
        with pytest.raises(InvalidRequest):
            await ark.submit(order(length_s=99))
        with pytest.raises(InvalidRequest, match="bytes"):
            await ark.submit(order(picture=Picture(content=b"x" * 20_000_001, mime="image/jpeg")))
    assert local.calls["create"] == 2
