"""The adapter against a local WaveSpeedAI that the vendor's own package takes for the service."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from doubles.local_service import Answer
from doubles.wavespeed import SECRET, LocalWaveSpeed, running_wavespeed
from orders import an_order
from virtual_clock import VirtualClock
from wavespeed import Client

from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import Model, Shape
from bot.demo.faults import Drop, Silence
from bot.media.inspect import inspect_video
from bot.providers.base import Picture, RenderRequest, RenderState
from bot.providers.errors import AuthFailed, CapacityFailed, InvalidRequest, OutcomeUnknown, Retired, TimedOut
from bot.providers.transport import opened_client
from bot.providers.wavespeed import WaveSpeed

KEY = "ws-key-0123456789"
CATALOGUE = load_catalogue()
MODELS = [each for each in CATALOGUE.models if each.protocol == "wavespeed"]
WAN = next(each for each in MODELS if each.name == "wan-2.6")
PICTURE = Picture(content=b"\xff\xd8\xff\xe0 not quite a picture", mime="image/jpeg")


@pytest.fixture
async def local(clock: VirtualClock, film: bytes) -> AsyncIterator[LocalWaveSpeed]:
    async with running_wavespeed(key=KEY, clock=clock, film=film) as service:
        yield service


@asynccontextmanager
async def opened(
    local: LocalWaveSpeed, *, key: str = KEY, submit_s: float = 5, look_s: float = 5
) -> AsyncIterator[WaveSpeed]:
    protocol = replace(CATALOGUE.protocols["wavespeed"], submit_timeout_s=submit_s, status_timeout_s=look_s)
    async with opened_client(
        base_url=f"{local.origin}/api/v3",
        headers={"Authorization": f"Bearer {key}"},
        submit_timeout_s=submit_s,
        status_timeout_s=look_s,
    ) as client:
        yield WaveSpeed(client, protocol, local.clock, webhook_secret=SECRET)


@pytest.fixture
async def wavespeed(local: LocalWaveSpeed) -> AsyncIterator[WaveSpeed]:
    async with opened(local) as adapter:
        yield adapter


def order(model: Model = WAN, *, shape: Shape | None = None, picture: Picture | None = None) -> RenderRequest:
    shape, resolution = shape or model.shapes[0], model.resolutions[0]
    return an_order(
        wire_name=str(model.picture_wire_name if picture else model.wire_name),
        length_s=model.lengths_s[0],
        shape=shape,
        resolution=resolution,
        size_px=model.sizes_px[shape, resolution],
        seed=7,
        picture=picture,
        webhook_url="https://bot.example/webhooks/wavespeed/t-1",
        extra=model.wire,
    )


@pytest.mark.parametrize("picture", [None, PICTURE], ids=["text", "picture"])
@pytest.mark.parametrize("model", MODELS, ids=lambda each: each.name)
async def test_every_model_of_the_catalogue_from_the_order_to_the_film(
    wavespeed: WaveSpeed,
    local: LocalWaveSpeed,
    clock: VirtualClock,
    model: Model,
    picture: Picture | None,
    tmp_path: Path,
) -> None:
    for shape in model.shapes:
        ref = await wavespeed.submit(order(model, shape=shape, picture=picture))
        seen = [(await wavespeed.poll(ref)).state]
        for passing_s in (local.wait_s, local.render_s):
            clock.leap(passing_s)
            status = await wavespeed.poll(ref)
            seen.append(status.state)
        assert seen == [RenderState.QUEUED, RenderState.RUNNING, RenderState.SUCCEEDED]
    path = tmp_path / "film.mp4"
    async with wavespeed.download(ref, status) as download:
        path.write_bytes(b"".join([each async for each in download.chunks]))
    assert inspect_video(path).length_s == pytest.approx(1, abs=0.2)


async def test_a_first_frame_is_what_was_uploaded_and_the_webhook_is_asked_for(
    wavespeed: WaveSpeed, local: LocalWaveSpeed
) -> None:
    ref = await wavespeed.submit(order(picture=PICTURE))
    made = local.predictions[ref.render_id]
    assert local.media.content[made.input["image"].rpartition("/")[2]] == PICTURE.content
    assert made.webhook == "https://bot.example/webhooks/wavespeed/t-1"
    assert local.calls == {"upload": 1, "create": 1}


async def test_an_upload_that_is_lost_or_silent_leaves_nothing_open(local: LocalWaveSpeed) -> None:
    for fault, kind in ((Drop(processed=True), CapacityFailed), (Silence(), TimedOut)):
        local.faults.add("upload", fault)
        async with opened(local, submit_s=30, look_s=0.3) as adapter:
            with pytest.raises(kind):
                async with asyncio.timeout(5):  # as the story cuts a submit: that would be a doubt
                    await adapter.submit(order(picture=PICTURE))
    assert local.predictions == {}


async def test_a_picture_that_is_too_large_is_not_even_sent(wavespeed: WaveSpeed, local: LocalWaveSpeed) -> None:
    with pytest.raises(InvalidRequest, match="more than 20000000"):
        await wavespeed.submit(order(picture=Picture(content=b"x" * 20_000_001, mime="image/png")))
    assert not local.calls


@pytest.mark.parametrize(
    "fault", [Drop(processed=True), Silence(), Answer(status=502, body="<html>bad</html>", processed=True)]
)
async def test_a_submit_whose_answer_is_lost_is_open_and_sent_once(
    local: LocalWaveSpeed, fault: Drop | Silence | Answer
) -> None:
    local.faults.add("create", fault)
    async with opened(local, submit_s=0.3) as adapter:
        with pytest.raises(OutcomeUnknown):
            await adapter.submit(order())
    assert local.calls["create"] == 1


async def test_a_webhook_names_the_render_and_forgeries_name_nothing(
    wavespeed: WaveSpeed, local: LocalWaveSpeed, clock: VirtualClock
) -> None:
    ref = await wavespeed.submit(order())
    clock.leap(local.wait_s + local.render_s)
    headers, body = local.delivery(ref.render_id)
    event = await wavespeed.verify_webhook(headers, body)
    assert event is not None
    assert (event.event_id, event.render_id) == (headers["webhook-id"], ref.render_id)
    assert await wavespeed.verify_webhook(headers, body + b" ") is None
    async with opened_client(base_url=local.origin, headers={}, submit_timeout_s=1, status_timeout_s=1) as client:
        without = WaveSpeed(client, CATALOGUE.protocols["wavespeed"], clock)
        assert await without.verify_webhook(headers, body) is None
        told = await without.called_back(body)
        assert told is not None
        assert told.render_id == ref.render_id
        for nothing in (b"", b"[]", b'{"id": 7}', b'{"id": ""}', b"[" * 10_000):
            assert await without.called_back(nothing) is None
    assert await wavespeed.called_back(body) is None, "with a secret nothing unsigned is believed"


async def test_refusals_are_of_their_kind(wavespeed: WaveSpeed, local: LocalWaveSpeed, clock: VirtualClock) -> None:
    with pytest.raises(Retired):
        await wavespeed.submit(replace(order(), wire_name="acme/gone"))
    with pytest.raises(InvalidRequest, match="duration"):
        await wavespeed.submit(replace(order(), length_s=60))
    async with opened(local, key="ws-another-0123456") as stranger:
        for call in (stranger.submit(order()), stranger.check(), stranger.balance()):
            with pytest.raises(AuthFailed):
                await call
    local.failures.append((1200, "The content contains sensitive information."))
    ref = await wavespeed.submit(order())
    clock.leap(local.wait_s + local.render_s)
    status = await wavespeed.poll(ref)
    assert status.failure is not None
    assert (status.state, status.failure.kind, status.failure.code) == (RenderState.FAILED, "moderation", "1200")


async def test_what_is_left_is_told_in_micro_dollars(wavespeed: WaveSpeed, local: LocalWaveSpeed) -> None:
    await wavespeed.check()
    assert await wavespeed.balance() == 156_780_000
    local.balance = 0.0
    assert await wavespeed.balance() == 0


async def test_nothing_is_cancelled_by_forgetting_it(wavespeed: WaveSpeed, local: LocalWaveSpeed) -> None:
    ref = await wavespeed.submit(order())
    assert await wavespeed.cancel(ref) is False
    assert local.calls == {"create": 1}


async def test_the_vendors_package_takes_the_double_for_the_service(local: LocalWaveSpeed) -> None:
    local.wait_s = local.render_s = 0.0
    theirs = Client(api_key=KEY, base_url=local.origin, max_connection_retries=0)
    frame = await asyncio.to_thread(theirs.upload, io.BytesIO(PICTURE.content))
    assert local.media.content[frame.rpartition("/")[2]] == PICTURE.content
    asked = {"prompt": "a corgi", "image": frame, "resolution": "720p", "duration": 5}
    ran = await asyncio.to_thread(theirs.run, str(WAN.picture_wire_name), asked, poll_interval=0.01)
    assert ran == {"outputs": [f"{local.origin}/film.mp4"]}
    local.failures.append((1405, "The task execution failed."))
    told = await asyncio.to_thread(theirs.run_no_throw, str(WAN.wire_name), {"prompt": "a corgi"}, poll_interval=0.01)
    assert (told["status"], "The task execution failed." in str(told["error"])) == ("failed", True)
    assert told["task_id"] in local.predictions
    stranger = Client(api_key="ws-another-0123456", base_url=local.origin, max_connection_retries=0)
    with pytest.raises(RuntimeError, match="HTTP 401"):
        await asyncio.to_thread(stranger.run, str(WAN.wire_name), {"prompt": "a corgi"})


async def test_the_package_and_the_adapter_ask_alike(wavespeed: WaveSpeed, local: LocalWaveSpeed) -> None:
    """The same order through both leaves the same prediction behind, and each can look at the other's."""
    local.wait_s = local.render_s = 0.0
    theirs = Client(api_key=KEY, base_url=local.origin, max_connection_retries=0)
    ref = await wavespeed.submit(order())
    ours = local.predictions[ref.render_id]
    looked = await asyncio.to_thread(theirs.get_result, ref.render_id)
    assert (looked["data"]["status"], looked["data"]["outputs"]) == ("completed", [f"{local.origin}/film.mp4"])
    told = await asyncio.to_thread(theirs.run_no_throw, ours.model, ours.input, poll_interval=0.01)
    again = local.predictions[str(told["task_id"])]
    assert (again.model, again.input) == (ours.model, ours.input)
    assert (await wavespeed.poll(wavespeed.adopted(str(told["task_id"]), ours.model))).state is RenderState.SUCCEEDED
