"""The adapter against a local xAI, from the first call to the last."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from doubles.local_service import Answer
from doubles.xai import Ending, LocalXAI, running_xai
from orders import an_order
from virtual_clock import VirtualClock

from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import Model, Shape
from bot.demo.faults import Drop, Silence
from bot.media.inspect import inspect_video
from bot.providers.base import Picture, RenderRequest, RenderState
from bot.providers.errors import AuthFailed, InvalidRequest, NotFound, OutcomeUnknown
from bot.providers.transport import opened_client
from bot.providers.xai import XAI

KEY = "xai-key-0123456789"
CATALOGUE = load_catalogue()
MODELS = [each for each in CATALOGUE.models if each.protocol == "xai"]
MODEL = next(each for each in MODELS if each.name == "grok-imagine-video")
PICTURE = Picture(content=b"\xff\xd8\xff\xe0 not quite a picture", mime="image/jpeg")


@pytest.fixture
async def local(clock: VirtualClock, film: bytes) -> AsyncIterator[LocalXAI]:
    async with running_xai(key=KEY, clock=clock, film=film) as xai:
        yield xai


@asynccontextmanager
async def opened(local: LocalXAI, *, key: str = KEY, timeout_s: float = 5) -> AsyncIterator[XAI]:
    protocol = replace(CATALOGUE.protocols["xai"], submit_timeout_s=timeout_s, status_timeout_s=timeout_s)
    async with opened_client(
        base_url=local.origin,
        headers={"Authorization": f"Bearer {key}"},
        submit_timeout_s=timeout_s,
        status_timeout_s=timeout_s,
    ) as client:
        yield XAI(client, protocol, local.clock)


@pytest.fixture
async def xai(local: LocalXAI) -> AsyncIterator[XAI]:
    async with opened(local) as adapter:
        yield adapter


def order(model: Model = MODEL) -> RenderRequest:
    return an_order(
        prompt="a corgi surfing",
        wire_name=str(model.wire_name),
        shape=Shape.VERTICAL,
        size_px=(720, 1280),
        extra=model.wire,
    )


async def test_from_order_to_film(local: LocalXAI, xai: XAI, clock: VirtualClock, film: bytes, tmp_path: Path) -> None:
    ref = await xai.submit(order())
    seen = [await xai.poll(ref)]
    for seconds in (20, 60):
        clock.leap(seconds)
        seen.append(await xai.poll(ref))
    assert [each.state for each in seen] == [RenderState.RUNNING, RenderState.RUNNING, RenderState.SUCCEEDED]
    assert [each.progress for each in seen] == [None, 0.2, None]
    assert seen[-1].cost_usd_micros == MODEL.price.of(length_s=5, resolution="720p")
    async with xai.download(ref, seen[-1]) as download:
        content = b"".join([each async for each in download.chunks])
    assert download.length == len(content)
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    assert content == film
    assert inspect_video(path).length_s == pytest.approx(1, abs=0.2)
    assert local.requests[ref.render_id].asked["aspect_ratio"] == "9:16"
    assert not await xai.cancel(ref)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
async def test_every_choice_of_the_catalogue_is_taken(local: LocalXAI, xai: XAI, model: Model) -> None:
    for shape, resolution in model.sizes_px:
        for length_s in model.lengths_s[:1] + model.lengths_s[-1:]:
            choice = replace(order(model), shape=shape, resolution=resolution, length_s=length_s, audio=False)
            await xai.submit(choice)
            await xai.submit(replace(choice, picture=PICTURE, wire_name=str(model.picture_wire_name), audio=None))
            assert model.price.of(length_s=length_s, resolution=resolution) > 0
    assert len(local.requests) == 4 * len(model.sizes_px)


@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        (Ending.HIDDEN_REFUSAL, "moderation"),
        (Ending.REFUSAL, "moderation"),
        (Ending.EXPIRED, "not_found"),
    ],
)
async def test_a_render_that_ends_badly_says_why_and_what_it_cost(
    local: LocalXAI, xai: XAI, clock: VirtualClock, ending: Ending, kind: str
) -> None:
    local.endings = [ending]
    ref = await xai.submit(order())
    clock.leap(100)
    status = await xai.poll(ref)
    assert status.state is RenderState.FAILED
    assert status.failure is not None
    assert status.failure.kind == kind
    assert (status.cost_usd_micros == 350_000) == (kind == "moderation")


async def test_what_is_too_much_is_refused(local: LocalXAI, xai: XAI) -> None:
    with pytest.raises(InvalidRequest, match="bytes"):
        await xai.submit(replace(order(), picture=Picture(content=b"x" * 10_000_001, mime="image/png")))
    assert local.calls["create"] == 0
    with pytest.raises(InvalidRequest, match="prompt"):
        await xai.submit(replace(order(), prompt="é" * 2049))


@pytest.mark.parametrize(
    "trouble",
    [
        Drop(processed=True),
        Drop(processed=False),
        Silence(),
        Answer(status=502, body="bad gateway", processed=True),
        Answer(status=503, body={"code": "unavailable", "error": "at capacity"}),
        Answer(status=200, body={"status": "pending"}, processed=True),
    ],
    ids=["dropped after", "dropped before", "silence", "page", "unavailable", "no id"],
)
async def test_a_lost_submit_is_doubt_and_sent_once(local: LocalXAI, trouble: Drop | Silence | Answer) -> None:
    local.faults.add("create", trouble)
    async with opened(local, timeout_s=0.5) as xai:
        with pytest.raises(OutcomeUnknown):
            await xai.submit(order())
    assert local.calls["create"] == 1


async def test_the_check_is_free_and_tells_a_wrong_key_and_a_lost_render(local: LocalXAI, xai: XAI) -> None:
    await xai.check()
    async with opened(local, key="another-key-0123456789") as stranger:
        with pytest.raises(AuthFailed):
            await stranger.check()
    with pytest.raises(NotFound):
        await xai.poll(xai.adopted("1", MODEL.name))
    assert set(local.calls) == {"models", "get"}
    assert await xai.verify_webhook({}, b'{"request_id": "1"}') is None
