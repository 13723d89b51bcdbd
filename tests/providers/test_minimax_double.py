"""The adapter against a local MiniMax, from the first call to the last."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from doubles.local_service import Answer
from doubles.minimax import LocalMiniMax, running_minimax
from orders import an_order
from virtual_clock import VirtualClock

from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import Model, Shape
from bot.demo.faults import Drop, Silence
from bot.media.inspect import inspect_video
from bot.providers.base import Picture, RenderRequest, RenderState, WebhookChallenge, WebhookEvent
from bot.providers.errors import AuthFailed, CapacityFailed, InvalidRequest, NotFound, OutcomeUnknown, RateLimited
from bot.providers.minimax import MiniMax
from bot.providers.transport import opened_client

KEY = "minimax-key-0123456789"
CATALOGUE = load_catalogue()
MODELS = [each for each in CATALOGUE.models if each.protocol == "minimax"]
MODEL = next(each for each in MODELS if each.name == "h3")
REFUSED = {"code": "1026", "message": "video description contains sensitive content"}
PICTURE = Picture(content=b"\xff\xd8\xff\xe0 not quite a picture", mime="image/jpeg")


@pytest.fixture
async def local(clock: VirtualClock, film: bytes) -> AsyncIterator[LocalMiniMax]:
    async with running_minimax(key=KEY, clock=clock, film=film) as minimax:
        yield minimax


@asynccontextmanager
async def opened(local: LocalMiniMax, *, key: str = KEY, timeout_s: float = 5) -> AsyncIterator[MiniMax]:
    protocol = replace(CATALOGUE.protocols["minimax"], submit_timeout_s=timeout_s, status_timeout_s=timeout_s)
    async with opened_client(
        base_url=local.origin,
        headers={"Authorization": f"Bearer {key}"},
        submit_timeout_s=timeout_s,
        status_timeout_s=timeout_s,
    ) as client:
        yield MiniMax(client, protocol, local.clock)


@pytest.fixture
async def minimax(local: LocalMiniMax) -> AsyncIterator[MiniMax]:
    async with opened(local) as adapter:
        yield adapter


def order(model: Model = MODEL) -> RenderRequest:
    return an_order(
        prompt="a corgi surfing",
        wire_name=str(model.wire_name),
        shape=Shape.VERTICAL,
        size_px=(768, 1344),
        webhook_url="https://bot.example/hooks/minimax",
        extra=model.wire,
    )


async def test_from_order_to_film(
    local: LocalMiniMax, minimax: MiniMax, clock: VirtualClock, film: bytes, tmp_path: Path
) -> None:
    ref = await minimax.submit(order())
    seen = [(await minimax.poll(ref)).state]
    for seconds in (20, 60):
        clock.leap(seconds)
        seen.append((await minimax.poll(ref)).state)
    assert seen == [RenderState.QUEUED, RenderState.RUNNING, RenderState.SUCCEEDED]
    async with minimax.download(ref, await minimax.poll(ref)) as download:
        content = b"".join([each async for each in download.chunks])
    assert download.length == len(content)
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    assert content == film
    assert inspect_video(path).length_s == pytest.approx(1, abs=0.2)
    asked = local.tasks[ref.render_id].asked
    assert (asked["ratio"], asked["resolution"], asked["callback_url"]) == (
        "9:16",
        "768P",
        "https://bot.example/hooks/minimax",
    )


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
async def test_every_choice_of_the_catalogue_is_taken(local: LocalMiniMax, minimax: MiniMax, model: Model) -> None:
    local.in_flight_max = 100
    for shape, resolution in model.sizes_px:
        for length_s in model.lengths_s[:1] + model.lengths_s[-1:]:
            choice = replace(order(model), shape=shape, resolution=resolution, length_s=length_s)
            await minimax.submit(choice)
            await minimax.submit(replace(choice, picture=PICTURE, wire_name=str(model.picture_wire_name)))
            assert model.price.of(length_s=length_s, resolution=resolution) > 0
    assert len(local.tasks) == 4 * len(model.sizes_px)


async def test_what_is_too_much_is_refused(local: LocalMiniMax, minimax: MiniMax) -> None:
    with pytest.raises(InvalidRequest, match="bytes"):
        await minimax.submit(replace(order(), picture=Picture(content=b"x" * 20_000_001, mime="image/png")))
    assert local.calls["create"] == 0
    with pytest.raises(InvalidRequest, match="prompt is required"):
        await minimax.submit(replace(order(), prompt="x" * 7001))
    local.in_flight_max = 0
    with pytest.raises(RateLimited):
        await minimax.submit(order())


@pytest.mark.parametrize(
    "trouble",
    [
        Drop(processed=True),
        Drop(processed=False),
        Silence(),
        Answer(status=502, body="bad gateway", processed=True),
        Answer(status=529, body={"type": "error", "error": {"type": "overloaded_error", "message": "overloaded"}}),
        Answer(status=200, body={"base_resp": {"status_code": 1000, "status_msg": "unknown error"}}, processed=True),
    ],
    ids=["dropped after", "dropped before", "silence", "page", "overloaded", "unknown inside a success"],
)
async def test_a_lost_submit_is_doubt_and_sent_once(local: LocalMiniMax, trouble: Drop | Silence | Answer) -> None:
    local.faults.add("create", trouble)
    async with opened(local, timeout_s=0.5) as minimax:
        with pytest.raises(OutcomeUnknown):
            await minimax.submit(order())
    assert local.calls["create"] == 1


async def test_many_are_looked_at_with_one_request(local: LocalMiniMax, minimax: MiniMax, clock: VirtualClock) -> None:
    local.errors = [None, REFUSED]
    refs = [await minimax.submit(order()) for _ in range(3)]
    clock.leap(100)
    refs.append(minimax.adopted("1", "x"))
    told = await minimax.poll_many(refs)
    assert (local.calls["list"], local.calls["get"]) == (1, 0)
    states = [told[each.render_id].state for each in refs[:3]]  # type: ignore[union-attr]
    assert states == [RenderState.SUCCEEDED, RenderState.FAILED, RenderState.SUCCEEDED]
    assert "1" not in told


async def test_only_what_waits_is_cancelled_and_no_film_is_wiped(
    local: LocalMiniMax, minimax: MiniMax, clock: VirtualClock
) -> None:
    waiting = await minimax.submit(order())
    assert await minimax.cancel(waiting)
    assert (await minimax.poll(waiting)).state is RenderState.CANCELLED
    late = await minimax.submit(order())
    for seconds in (20, 100):
        clock.leap(seconds)
        assert not await minimax.cancel(late)
    assert (await minimax.poll(late)).state is RenderState.SUCCEEDED
    assert local.calls["delete"] == 1


async def test_a_task_that_begins_between_look_and_cancel_goes_on(local: LocalMiniMax, minimax: MiniMax) -> None:
    ref = await minimax.submit(order())
    local.faults.add("delete", Answer(status=400, body={"error": {"type": "x", "message": "running (2013)"}}))
    assert not await minimax.cancel(ref)
    assert (await minimax.poll(ref)).state is RenderState.QUEUED


async def test_a_refusal_at_the_end_and_a_task_that_is_forgotten(
    local: LocalMiniMax, minimax: MiniMax, clock: VirtualClock
) -> None:
    local.errors = [REFUSED]
    ref = await minimax.submit(order())
    clock.leap(100)
    failure = (await minimax.poll(ref)).failure
    assert failure is not None
    assert (failure.kind, failure.code) == ("moderation", "1026")
    clock.leap(8 * 24 * 3600)
    with pytest.raises(NotFound):
        await minimax.poll(ref)


async def test_the_check_is_free_and_tells_a_wrong_key(local: LocalMiniMax, minimax: MiniMax) -> None:
    await minimax.check()
    async with opened(local, key="another-key-0123456789") as stranger:
        with pytest.raises(AuthFailed):
            await stranger.check()
    local.faults.add("list", Answer(status=500, body={"error": {"type": "server_error", "message": "no (1000)"}}))
    with pytest.raises(CapacityFailed):
        await minimax.check()
    assert set(local.calls) == {"list"}


async def test_a_callback_proves_nothing_and_what_came_to_its_own_address_is_a_reason_to_look(
    local: LocalMiniMax, minimax: MiniMax
) -> None:
    ref = await minimax.submit(order())
    body = f'{{"task": {{"id": "{ref.render_id}", "status": "succeeded"}}}}'.encode()
    assert await minimax.verify_webhook({"Authorization": f"Bearer {KEY}"}, body) is None
    event = await minimax.called_back(body)
    assert isinstance(event, WebhookEvent)
    assert (event.render_id, event == await minimax.called_back(body)) == (ref.render_id, True)
    flat = await minimax.called_back(f'{{"task_id": "{ref.render_id}", "status": "success"}}'.encode())
    assert isinstance(flat, WebhookEvent)
    assert (flat.render_id, flat.event_id == event.event_id) == (ref.render_id, False)
    assert await minimax.called_back(b'{"challenge": "abc"}') == WebhookChallenge(answer='{"challenge": "abc"}')
    for nonsense in (b"", b"[]", b"\xff", b"[" * 10_000, b'{"task": 1}', b'{"challenge": 1}', b" " * 300_000):
        assert await minimax.called_back(nonsense) is None
