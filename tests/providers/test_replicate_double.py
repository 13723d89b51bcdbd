"""A local Replicate, judged by Replicate's own SDK, and the adapter against it from the first call to the last."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from doubles.local_service import Answer
from doubles.replicate import MODEL, LocalReplicate, running_replicate
from orders import an_order_of
from replicate.client import Client
from replicate.exceptions import ReplicateError
from replicate.webhook import InvalidSignatureError, Webhooks, WebhookSigningSecret
from virtual_clock import START, VirtualClock

from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import Model
from bot.demo.faults import Drop
from bot.media.inspect import inspect_video
from bot.providers.base import Picture, RenderRequest, RenderState, WebhookEvent
from bot.providers.errors import CapacityFailed, InvalidRequest, OutcomeUnknown, QuotaExhausted, Retired
from bot.providers.replicate import Replicate
from bot.providers.transport import opened_client

KEY = "r8_0123456789abcdef0123456789abcdef01234"
CATALOGUE = load_catalogue()
MODELS = {each.name: each for each in CATALOGUE.models if each.protocol == "replicate"}
FLAGGED = "The input or output was flagged as sensitive. Please try again with different inputs. (E005)"
PICTURE = Picture(content=b"\xff\xd8\xff\xe0 not quite a picture", mime="image/jpeg")


@pytest.fixture
async def local(clock: VirtualClock, film: bytes) -> AsyncIterator[LocalReplicate]:
    async with running_replicate(key=KEY, clock=clock, film=film) as service:
        yield service


@pytest.fixture
async def adapter(local: LocalReplicate) -> AsyncIterator[Replicate]:
    async with opened(local) as replicate:
        yield replicate


@asynccontextmanager
async def opened(local: LocalReplicate) -> AsyncIterator[Replicate]:
    headers = {"Authorization": f"Bearer {KEY}"}
    async with opened_client(base_url=local.origin, headers=headers, submit_timeout_s=5, status_timeout_s=5) as client:
        yield Replicate(client, CATALOGUE.protocols["replicate"], local.clock)


@pytest.fixture
def stranger(local: LocalReplicate) -> Client:
    return Client(api_token=KEY, base_url=local.origin)


def order(model: Model = MODELS["kling-3.0"], **changes: Any) -> RenderRequest:
    return an_order_of(model, **changes)


async def test_the_sdk_creates_watches_and_reads_a_video(
    local: LocalReplicate, stranger: Client, clock: VirtualClock
) -> None:
    made = await stranger.models.predictions.async_create(MODEL, input={"prompt": "a corgi", "duration": 5})
    words = [made.status]
    for seconds in (40, 60):
        clock.leap(seconds)
        await made.async_reload()
        words.append(made.status)
        if made.status == "processing":
            assert made.progress is not None
            assert made.progress.percentage == 0.5
    assert words == ["starting", "processing", "succeeded"]
    assert made.output == f"{local.origin}/film.mp4"


async def test_the_sdk_uploads_cancels_lists_and_reads_account_and_secret(
    local: LocalReplicate, stranger: Client, clock: VirtualClock
) -> None:
    file = io.BytesIO(b"picture")
    made = await stranger.models.predictions.async_create(MODEL, input={"prompt": "a corgi", "start_image": file})
    assert list(local.uploads.values()) == [b"picture"]
    await made.async_cancel()
    assert (await stranger.predictions.async_get(made.id)).status == "canceled"
    for _ in range(100):
        clock.leap(1)
        await stranger.models.predictions.async_create(MODEL, input={"prompt": "another"})
    page = await stranger.predictions.async_list()
    assert page.next is not None
    assert [each.id for each in await stranger.predictions.async_list(page.next)] == [made.id]
    assert (await stranger.accounts.async_current()).username == "acme"
    assert (await stranger.webhooks.default.async_secret()).key == local.secret


async def test_the_sdk_reads_a_failure_and_refusals(
    local: LocalReplicate, stranger: Client, clock: VirtualClock
) -> None:
    local.errors = [FLAGGED]
    made = await stranger.models.predictions.async_create(MODEL, input={"prompt": "a corgi"})
    clock.leap(100)
    await made.async_reload()
    assert (made.status, made.error) == ("failed", FLAGGED)
    for status, sent in ((422, {"prompt": "a", "duration": 99}), (422, {"prompt": "a", "mode": "4k"})):
        with pytest.raises(ReplicateError) as caught:
            await stranger.models.predictions.async_create(MODEL, input=sent)
        assert caught.value.status == status
    with pytest.raises(ReplicateError) as caught:
        await Client(api_token="r8_wrong", base_url=local.origin).accounts.async_current()
    assert (caught.value.status, caught.value.title) == (401, "Unauthenticated")


async def test_from_order_to_film(
    local: LocalReplicate, adapter: Replicate, clock: VirtualClock, film: bytes, tmp_path: Path
) -> None:
    ref = await adapter.submit(order(picture=PICTURE))
    seen = [await adapter.poll(ref)]
    for seconds in (40, 60):
        clock.leap(seconds)
        seen.append(await adapter.poll(ref))
    assert [each.state for each in seen] == [RenderState.QUEUED, RenderState.RUNNING, RenderState.SUCCEEDED]
    assert seen[1].progress == 0.5
    async with adapter.download(ref, seen[-1]) as download:
        content = b"".join([each async for each in download.chunks])
    assert download.length == len(content)
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    assert content == film
    assert inspect_video(path).length_s == pytest.approx(1, abs=0.2)
    sent = local.predictions[ref.render_id].input
    ((name, uploaded),) = local.uploads.items()
    assert (sent["start_image"], uploaded) == (f"{local.origin}/v1/files/{name}", PICTURE.content)
    assert "aspect_ratio" not in sent


async def test_a_large_picture_makes_no_look_large(local: LocalReplicate, adapter: Replicate) -> None:
    """Answers repeat the input: a picture inside it would be more than any answer may hold."""
    ref = await adapter.submit(order(picture=Picture(content=b"x" * 3_000_000, mime="image/png")))
    assert (await adapter.poll(ref)).state is RenderState.QUEUED
    with pytest.raises(InvalidRequest, match="bytes"):
        await adapter.submit(order(picture=Picture(content=b"x" * 10_000_001, mime="image/png")))
    assert local.calls["upload"] == local.calls["create"] == 1


async def test_every_frame_and_length_of_the_catalogue_is_taken(local: LocalReplicate, adapter: Replicate) -> None:
    for model in MODELS.values():
        for shape, resolution in model.sizes_px:
            for length_s in (model.lengths_s[0], model.lengths_s[-1]):
                await adapter.submit(order(model, shape=shape, resolution=resolution, length_s=length_s))
    sent = {(each.input["mode"], each.input["aspect_ratio"], each.input["generate_audio"]) for each in
            local.predictions.values()}  # fmt: skip
    assert len(sent) == 2 * 3 * 2


@pytest.mark.parametrize("trouble", [Drop(processed=True), Answer(status=502, body="bad gateway", processed=True)])
async def test_a_lost_submit_is_found_by_model_prompt_and_time(
    local: LocalReplicate, adapter: Replicate, trouble: Drop | Answer
) -> None:
    local.faults.add("create", trouble)
    with pytest.raises(OutcomeUnknown):
        await adapter.submit(order())
    (found,) = await adapter.find(START - timedelta(minutes=1))
    assert (found.prompt, found.wire_name, found.created_at) == (order().prompt, MODEL, START)
    assert (await adapter.poll(adapter.adopted(found.ref.render_id, MODEL))).state is RenderState.QUEUED
    assert local.calls["create"] == 1


async def test_a_submit_that_never_arrived_is_absent_until_the_list_forgets(
    local: LocalReplicate, adapter: Replicate, clock: VirtualClock
) -> None:
    await adapter.submit(order(prompt="another"))
    clock.leap(120)
    local.faults.add("create", Drop(processed=False))
    with pytest.raises(OutcomeUnknown):
        await adapter.submit(order())
    assert await adapter.find(START + timedelta(minutes=1)) == []
    clock.leap(2 * 3600)
    assert await adapter.find(START + timedelta(minutes=1)) == []
    with pytest.raises(CapacityFailed, match="removed"):
        await adapter.find(START - timedelta(minutes=1))


async def test_many_pages_are_walked_and_no_more_than_needed(
    local: LocalReplicate, adapter: Replicate, clock: VirtualClock
) -> None:
    for number in range(350):
        await adapter.submit(order(prompt=f"film {number}"))
        clock.leap(1)
    found = await adapter.find(START + timedelta(seconds=200))
    assert {each.prompt for each in found} == {f"film {number}" for number in range(200, 350)}
    assert local.calls["list"] == 2


async def test_only_what_waits_is_cancelled(local: LocalReplicate, adapter: Replicate, clock: VirtualClock) -> None:
    waiting = await adapter.submit(order())
    assert await adapter.cancel(waiting)
    assert (await adapter.poll(waiting)).state is RenderState.CANCELLED
    running = await adapter.submit(order())
    for seconds in (20, 100):
        clock.leap(seconds)
        assert not await adapter.cancel(running)
    assert (await adapter.poll(running)).state is RenderState.SUCCEEDED
    assert local.calls["cancel"] == 1


async def test_refusals_before_and_at_the_end(local: LocalReplicate, adapter: Replicate, clock: VirtualClock) -> None:
    local.errors = [FLAGGED]
    await adapter.check()
    ref = await adapter.submit(order())
    clock.leap(100)
    failure = (await adapter.poll(ref)).failure
    assert failure is not None
    assert (failure.kind, failure.code) == ("moderation", "E005")
    with pytest.raises(InvalidRequest, match="duration"):
        await adapter.submit(order(length_s=99))
    with pytest.raises(Retired):
        await adapter.submit(order(wire_name="kwaivgi/kling-v1"))
    local.credit_usd = 0
    with pytest.raises(QuotaExhausted):
        await adapter.submit(order())


async def test_a_delivery_over_the_wire_is_believed_by_us_and_by_the_sdk(
    local: LocalReplicate, adapter: Replicate, clock: VirtualClock
) -> None:
    heard: list[WebhookEvent | None] = []

    async def hear(request: web.Request) -> web.Response:
        body = await request.read()
        Webhooks.validate(  # raises for what it does not take for genuine
            headers=dict(request.headers), body=body.decode(), secret=WebhookSigningSecret(key=local.secret)
        )
        heard.extend([await adapter.verify_webhook(request.headers, body) for _ in range(2)])
        return web.Response()

    application = web.Application()
    application.router.add_post("/hook", hear)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ref = await adapter.submit(order(webhook_url=f"http://127.0.0.1:{runner.addresses[0][1]}/hook"))
        clock.leap(100)
        assert await local.deliver(local.predictions[ref.render_id]) == 200
    finally:
        await runner.cleanup()
    assert heard == [WebhookEvent(event_id=f"msg_{ref.render_id}", render_id=ref.render_id)] * 2
    assert local.calls["secret"] == 1


async def test_a_changed_a_stale_and_an_unsigned_delivery_are_nothing(
    local: LocalReplicate, adapter: Replicate, clock: VirtualClock
) -> None:
    ref = await adapter.submit(order())
    headers, body = local.event(local.predictions[ref.render_id])
    changed = body.replace(b"starting", b"succeeded")
    assert await adapter.verify_webhook({}, body) is None
    assert local.calls["secret"] == 0
    assert await adapter.verify_webhook(headers, changed) is None
    with pytest.raises(InvalidSignatureError):
        Webhooks.validate(headers=headers, body=changed.decode(), secret=WebhookSigningSecret(key=local.secret))
    assert await adapter.verify_webhook(headers, body) is not None
    clock.leap(301)
    assert await adapter.verify_webhook(headers, body) is None


async def test_a_new_secret_is_fetched_and_a_storm_of_forgeries_asks_at_most_every_five_minutes(
    local: LocalReplicate, adapter: Replicate, clock: VirtualClock
) -> None:
    ref = await adapter.submit(order())
    prediction = local.predictions[ref.render_id]
    assert await adapter.verify_webhook(*local.event(prediction)) is not None
    local.secret = "whsec_" + "QUJD" * 8
    for _ in range(20):
        assert await adapter.verify_webhook(*local.event(prediction)) is None
    assert local.calls["secret"] == 1
    clock.leap(301)
    assert await adapter.verify_webhook(*local.event(prediction)) is not None
    assert local.calls["secret"] == 2


async def test_a_secret_is_believed_for_a_day_and_no_longer(
    local: LocalReplicate, adapter: Replicate, clock: VirtualClock
) -> None:
    """One that the account took back must not outlive the day, even while nobody can be asked for the new one."""
    prediction = local.predictions[(await adapter.submit(order())).render_id]
    assert await adapter.verify_webhook(*local.event(prediction)) is not None
    clock.leap(24 * 3600 + 1)
    local.faults.add("secret", Answer(status=503, body={"detail": "down"}))
    assert await adapter.verify_webhook(*local.event(prediction)) is None
    clock.leap(301)
    assert await adapter.verify_webhook(*local.event(prediction)) is not None


async def test_without_the_secret_nothing_is_believed(
    local: LocalReplicate, adapter: Replicate, clock: VirtualClock
) -> None:
    ref = await adapter.submit(order())
    local.faults.add("secret", Answer(status=503, body={"detail": "down"}))
    assert await adapter.verify_webhook(*local.event(local.predictions[ref.render_id])) is None
    local.secret = "whsec_not base64!"
    clock.leap(301)
    assert await adapter.verify_webhook({"webhook-signature": "v1,x"}, b"{}") is None
    assert local.calls["secret"] == 2
