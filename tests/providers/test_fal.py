"""The fal adapter against the local fal, over real sockets."""

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from orders import an_order

from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import Shape
from bot.demo.fal import FalQueue, running_fal
from bot.demo.fal.endings import MODERATED, RUNNER_LOST, TIMED_OUT, WITHOUT_VIDEO
from bot.demo.fal.faults import Answer, Operation
from bot.demo.faults import Drop, Silence
from bot.providers.base import Picture, RenderRef, RenderState, RenderStatus
from bot.providers.errors import (
    AuthFailed,
    CapacityFailed,
    InvalidRequest,
    Moderated,
    NotFound,
    OutcomeUnknown,
    ProviderError,
    TimedOut,
    Unreachable,
)
from bot.providers.fal import Fal
from bot.providers.transport import opened_client

KEY = "id-of-key:secret-of-key"
FILM = b"\0\0\0\x18ftypmp42" + b"film" * 50_000
CATALOGUE = load_catalogue()
PROTOCOL = CATALOGUE.protocols["fal"]
MODELS = {model.name: model for model in CATALOGUE.models if model.protocol == "fal"}
FAST, BEST = MODELS["h3-max"], MODELS["seedance-2.0"]
PICTURE = Picture(content=b"\xff\xd8picture", mime="image/jpeg")
ORDER = an_order(wire_name=FAST.wire_name or "", size_px=(1366, 768), extra=FAST.wire)


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
async def fal(clock: HandClock) -> AsyncIterator[FalQueue]:
    async with running_fal(key=KEY, clock=clock, film=FILM) as running:
        yield running


@asynccontextmanager
async def speaking_to(
    base_url: str, clock: HandClock, *, key: str = KEY, timeout_s: float = 5, trusted: frozenset[str] = frozenset()
) -> AsyncIterator[Fal]:
    protocol = replace(PROTOCOL, submit_timeout_s=timeout_s, status_timeout_s=timeout_s)
    async with opened_client(
        base_url=base_url,
        headers={"Authorization": f"Key {key}"},
        submit_timeout_s=timeout_s,
        status_timeout_s=timeout_s,
        trusted_origins=trusted,
    ) as client:
        yield Fal(client, protocol, clock)


@pytest.fixture
async def adapter(fal: FalQueue, clock: HandClock) -> AsyncIterator[Fal]:
    async with speaking_to(fal.base_url, clock) as speaking:
        yield speaking


async def ended(adapter: Fal, ref: RenderRef) -> RenderStatus:
    for _ in range(10):
        status = await adapter.poll(ref)
        if status.state not in {RenderState.QUEUED, RenderState.RUNNING}:
            return status
    raise AssertionError("the render never ended")


async def test_a_render_goes_from_the_queue_to_a_film(fal: FalQueue, adapter: Fal) -> None:
    ref = await adapter.submit(ORDER)
    assert [(await adapter.poll(ref)).state for _ in range(2)] == [RenderState.QUEUED, RenderState.RUNNING]
    status = await adapter.poll(ref)
    assert status.state is RenderState.SUCCEEDED
    async with adapter.download(ref, status) as download:
        assert download.length == len(FILM)
        assert b"".join([chunk async for chunk in download.chunks]) == FILM
    render = fal.renders[ref.render_id]
    assert render.endpoint_id == "minimax/h3-max/text-to-video"
    assert "x-fal-no-retry" not in {name.lower() for name in render.headers}
    assert json.loads(ref.poll_ref) == {
        "status": f"{fal.base_url}/minimax/h3-max/requests/{ref.render_id}/status",
        "response": f"{fal.base_url}/minimax/h3-max/requests/{ref.render_id}",
        "cancel": f"{fal.base_url}/minimax/h3-max/requests/{ref.render_id}/cancel",
    }


@pytest.mark.parametrize(
    ("changes", "arguments"),
    [
        (
            {"extra": FAST.wire, "seed": 7},
            {
                "duration": 5,
                "resolution": "768P",
                "aspect_ratio": "16:9",
                "seed": 7,
                "prompt_expansion_mode": "balanced",
            },
        ),
        (
            {"extra": FAST.wire, "picture": PICTURE, "shape": Shape.VERTICAL, "resolution": "480p", "audio": True},
            {"duration": 5, "resolution": "480P", "image_url": "PICTURE", "prompt_expansion_mode": "balanced"},
        ),
        (
            {"extra": BEST.wire, "length_s": 8, "shape": Shape.SQUARE, "audio": False},
            {"duration": "8", "resolution": "720p", "aspect_ratio": "1:1", "generate_audio": False},
        ),
        (
            {"extra": BEST.wire, "picture": PICTURE, "resolution": "1080p"},
            {"duration": "5", "resolution": "1080p", "aspect_ratio": "16:9", "image_url": "PICTURE"},
        ),
    ],
    ids=["fast", "fast with a picture", "best", "best with a picture"],
)
async def test_each_model_gets_its_own_words(
    fal: FalQueue, adapter: Fal, changes: dict[str, object], arguments: dict[str, object]
) -> None:
    ref = await adapter.submit(replace(ORDER, **changes))
    sent = fal.renders[ref.render_id].arguments
    uri = "data:image/jpeg;base64," + base64.b64encode(PICTURE.content).decode()
    wanted = {what: uri if value == "PICTURE" else value for what, value in arguments.items()}
    assert sent == {"prompt": ORDER.prompt, **wanted}


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.name)
async def test_every_choice_the_catalogue_offers_can_be_sent(fal: FalQueue, adapter: Fal, model) -> None:
    """And the price of each is known."""
    for shape, resolution in model.sizes_px:
        order = replace(ORDER, extra=model.wire, shape=shape, resolution=resolution, wire_name=model.wire_name)
        await adapter.submit(order)
        await adapter.submit(replace(order, picture=PICTURE, wire_name=model.picture_wire_name))
        assert model.price.of(length_s=model.lengths_s[0], resolution=resolution) > 0


async def test_a_picture_too_large_is_refused_before_anything_is_sent(fal: FalQueue, adapter: Fal) -> None:
    with pytest.raises(InvalidRequest, match="picture has 9000000 bytes"):
        await adapter.submit(replace(ORDER, picture=Picture(content=b"x" * 9_000_000, mime="image/png")))
    assert fal.calls[Operation.SUBMIT] == 0


@pytest.mark.parametrize(
    ("ending", "kind"),
    [(MODERATED, Moderated), (RUNNER_LOST, CapacityFailed), (TIMED_OUT, TimedOut), (WITHOUT_VIDEO, NotFound)],
    ids=["moderated", "runner lost", "timed out", "without a video"],
)
async def test_a_render_that_ends_badly_says_why(
    fal: FalQueue, adapter: Fal, ending: object, kind: type[ProviderError]
) -> None:
    fal.endings = [ending]
    status = await ended(adapter, await adapter.submit(ORDER))
    assert status.state is RenderState.FAILED
    assert type(status.failure) is kind


async def test_a_result_that_cannot_be_read_is_read_again(fal: FalQueue, adapter: Fal) -> None:
    fal.looks_in_queue = fal.looks_in_progress = 0
    ref = await adapter.submit(ORDER)
    fal.faults.add(Operation.RESULT, Answer(status=502, body="<center>nginx</center>"))
    fal.faults.add(Operation.RESULT, Drop(processed=False))
    for _ in range(2):
        with pytest.raises(CapacityFailed):
            await adapter.poll(ref)
    assert (await adapter.poll(ref)).state is RenderState.SUCCEEDED


@pytest.mark.parametrize(
    "fault",
    [
        Drop(processed=True),
        Drop(processed=False),
        Answer(status=200, body={"hello": "world"}, processed=True),
        Answer(status=200, body="<html>sign in</html>"),
        Answer(status=503, body={"detail": "busy", "error_type": "runner_scheduling_failure"}, processed=True),
    ],
    ids=["dropped after", "dropped before", "other JSON", "HTML", "5xx"],
)
async def test_a_lost_answer_to_a_submit_is_doubt(fal: FalQueue, adapter: Fal, fault: Answer | Drop) -> None:
    fal.faults.add(Operation.SUBMIT, fault)
    with pytest.raises(OutcomeUnknown):
        await adapter.submit(ORDER)
    assert fal.calls[Operation.SUBMIT] == 1


async def test_silence_is_doubt_at_a_submit_and_a_timeout_at_a_look(fal: FalQueue, clock: HandClock) -> None:
    async with speaking_to(fal.base_url, clock, timeout_s=0.2) as adapter:
        ref = await adapter.submit(ORDER)
        for operation in (Operation.SUBMIT, Operation.STATUS):
            fal.faults.add(operation, Silence())
        with pytest.raises(OutcomeUnknown):
            await adapter.submit(ORDER)
        with pytest.raises(TimedOut):
            await adapter.poll(ref)


async def test_a_refused_connection_means_nothing_was_sent(clock: HandClock) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        async with speaking_to(f"http://127.0.0.1:{taken.getsockname()[1]}", clock) as adapter:
            with pytest.raises(Unreachable):
                await adapter.submit(ORDER)


async def test_a_hostile_answer_never_gets_the_key(fal: FalQueue, clock: HandClock) -> None:
    """Neither for looks, nor for the film; and the render is found all the same."""
    async with running_fal(key=KEY, clock=clock, film=FILM) as stranger:
        async with speaking_to(fal.base_url, clock, trusted=frozenset({stranger.base_url})) as adapter:
            fal.advertised_url = stranger.base_url
            ref = await adapter.submit(ORDER)
            status = await ended(adapter, ref)
            assert status.result_ref.startswith(stranger.base_url)
            async with adapter.download(ref, status) as download:
                assert b"".join([chunk async for chunk in download.chunks]) == FILM
        assert set(stranger.calls) == {Operation.FILE}
        assert [each for each in stranger.file_headers if "Authorization" in each] == []


@pytest.mark.parametrize(
    "poll_ref",
    ["", "{}", "[]", '{"status": 7}', '{"status": "https://evil.example/status"}', '{"status": "http://[bad"}'],
)
async def test_a_ref_that_leads_elsewhere_is_not_followed(adapter: Fal, poll_ref: str) -> None:
    with pytest.raises(NotFound):
        await adapter.poll(RenderRef(render_id="1", poll_ref=poll_ref))


async def test_what_waits_can_be_cancelled_and_what_runs_is_only_asked(fal: FalQueue, adapter: Fal) -> None:
    waiting = await adapter.submit(ORDER)
    assert await adapter.cancel(waiting)
    assert (await adapter.poll(waiting)).state is RenderState.CANCELLED
    running = await adapter.submit(ORDER)
    await adapter.poll(running)
    assert not await adapter.cancel(running)
    assert (await ended(adapter, running)).state is RenderState.SUCCEEDED
    assert not await adapter.cancel(running)
    assert not await adapter.cancel(adapter.adopted("no-such-request", ORDER.wire_name))


async def test_the_check_costs_nothing_and_tells_a_wrong_key(fal: FalQueue, adapter: Fal, clock: HandClock) -> None:
    await adapter.check()
    async with speaking_to(fal.base_url, clock, key="another-key") as stranger:
        with pytest.raises(AuthFailed) as refused:
            await stranger.check()
        assert "another-key" not in str(refused.value)
    assert set(fal.calls) == {Operation.PRICING}
