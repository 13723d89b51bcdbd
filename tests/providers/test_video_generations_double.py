"""The `/v1/videos/generations` dialect from submit to film, in each variant. No SDK speaks it: nobody judges."""

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import pytest
from contract_case import CATALOGUE
from doubles.video_generations import RelayDouble, running_relay
from orders import an_order

from bot.catalogue.model import Protocol
from bot.catalogue.own_models import own_models
from bot.media.animatic import AnimaticRequest, render_animatic
from bot.providers.base import Picture, RenderRequest, RenderState
from bot.providers.errors import AuthFailed, InvalidRequest, OutcomeUnknown, QuotaExhausted
from bot.providers.transport import opened_client
from bot.providers.video_generations import VideoGenerations

KEY = "sk-double-0123456789"
VARIANTS = [each for key, each in CATALOGUE.protocols.items() if key.startswith("video_generations/")]


class HandClock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        await asyncio.sleep(0)


@pytest.fixture(params=VARIANTS, ids=lambda each: each.key)
def protocol(request: pytest.FixtureRequest) -> Protocol:
    return request.param


@pytest.fixture
def order(protocol: Protocol) -> RenderRequest:
    """Of a model that the operator named, as one would be sold."""
    (model,) = own_models("m=0.10/s", protocol=protocol.key, catalogue=CATALOGUE, receives="the relay")
    (shape, resolution), size_px = next(iter(model.sizes_px.items()))
    return an_order(
        wire_name=model.wire_name or "",
        length_s=model.lengths_s[0],
        shape=shape,
        resolution=resolution,
        size_px=size_px,
        seed=7 if model.seed else None,
        extra=model.wire,
    )


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def relay(protocol: Protocol, clock: HandClock, tmp_path: Path) -> AsyncIterator[RelayDouble]:
    film = tmp_path / "film.mp4"
    render_animatic(AnimaticRequest(prompt="corgi", length_s=1, size_px=(128, 72), audio=False, label="double"), film)
    async with running_relay(key=KEY, clock=clock, film=film.read_bytes(), wire=protocol.wire) as double:
        yield double


@pytest.fixture
async def adapter(relay: RelayDouble, protocol: Protocol) -> AsyncIterator[VideoGenerations]:
    async with opened_client(
        base_url=relay.base_url, headers={"Authorization": f"Bearer {KEY}"}, submit_timeout_s=5, status_timeout_s=5
    ) as client:
        yield VideoGenerations(client, protocol)


async def test_a_render_goes_from_the_queue_to_a_film(
    adapter: VideoGenerations, order: RenderRequest, clock: HandClock
) -> None:
    await adapter.check()
    ref = await adapter.submit(order)
    seen = []
    for _ in range(3):
        seen.append(status := await adapter.poll(ref))
        clock.time += timedelta(seconds=30)
    assert [each.state for each in seen] == [RenderState.QUEUED, RenderState.RUNNING, RenderState.SUCCEEDED]
    assert [each.progress for each in seen] == [0, 0.5, 1]
    async with adapter.download(ref, status) as download:
        film = b"".join([chunk async for chunk in download.chunks])
    with av.open(io.BytesIO(film)) as opened:
        assert opened.duration is not None
        assert opened.duration / av.time_base == pytest.approx(1, abs=0.1)
    assert not await adapter.cancel(ref)


async def test_a_picture_travels_where_the_relay_takes_one(
    relay: RelayDouble, adapter: VideoGenerations, order: RenderRequest, protocol: Protocol
) -> None:
    pictured = replace(order, picture=Picture(content=b"\xff\xd8picture", mime="image/jpeg"))
    if protocol.wire["unknown_model"]["picture"]:
        ref = await adapter.submit(pictured)
        assert str(relay.tasks[ref.render_id].request[protocol.wire["picture_field"]]).startswith("data:image/jpeg")
    else:
        with pytest.raises(InvalidRequest):
            await adapter.submit(pictured)
        assert relay.asked == []


@pytest.mark.parametrize(("ending", "kind"), [("refused", "moderation"), ("empty", "not_found")])
async def test_a_render_that_ends_badly_says_why(
    relay: RelayDouble, adapter: VideoGenerations, order: RenderRequest, clock: HandClock, ending: str, kind: str
) -> None:
    relay.ending = ending
    ref = await adapter.submit(order)
    clock.time += timedelta(minutes=2)
    status = await adapter.poll(ref)
    assert status.state is RenderState.FAILED
    assert status.failure is not None
    assert status.failure.kind == kind


async def test_a_lost_answer_to_a_submit_is_doubt_and_sent_once(
    relay: RelayDouble, adapter: VideoGenerations, order: RenderRequest
) -> None:
    relay.lost_answers = 1
    with pytest.raises(OutcomeUnknown):
        await adapter.submit(order)
    assert len(relay.tasks) == len(relay.asked) == 1


async def test_money_and_keys_are_told_apart(
    relay: RelayDouble, adapter: VideoGenerations, order: RenderRequest, protocol: Protocol
) -> None:
    relay.balance = 0
    with pytest.raises(QuotaExhausted):
        await adapter.submit(order)
    async with opened_client(
        base_url=relay.base_url, headers={"Authorization": "Bearer other-key"}, submit_timeout_s=5, status_timeout_s=5
    ) as client:
        with pytest.raises(AuthFailed):
            await VideoGenerations(client, protocol).check()
