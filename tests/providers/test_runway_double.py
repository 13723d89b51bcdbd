"""A local Runway, judged by Runway's own SDK, and the adapter against it from the first call to the last."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import runwayml
from doubles.local_service import Answer
from doubles.runway import LocalRunway, running_runway
from orders import an_order_of
from runwayml import AsyncRunwayML
from virtual_clock import VirtualClock

from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import Audio, Model, Shape
from bot.demo.faults import Drop
from bot.media.inspect import inspect_video
from bot.providers.base import Picture, RenderRequest, RenderState
from bot.providers.errors import AuthFailed, InvalidRequest, NotFound, OutcomeUnknown, QuotaExhausted
from bot.providers.runway import Runway
from bot.providers.transport import opened_client

KEY = "key_" + "0123456789abcdef" * 8
CATALOGUE = load_catalogue()
MODELS = {each.name: each for each in CATALOGUE.models if each.protocol == "runway"}
REFUSED = {
    "status": "FAILED",
    "failure": "The output was rejected by content moderation.",
    "failureCode": "SAFETY.OUTPUT.VIDEO",
    "cost": {"credits": 0},
}
PICTURE = Picture(content=b"\xff\xd8\xff\xe0 not quite a picture", mime="image/jpeg")


@pytest.fixture
async def local(clock: VirtualClock, film: bytes) -> AsyncIterator[LocalRunway]:
    async with running_runway(key=KEY, clock=clock, film=film) as runway:
        yield runway


@asynccontextmanager
async def adapter(local: LocalRunway, *, key: str = KEY) -> AsyncIterator[Runway]:
    headers = {"Authorization": f"Bearer {key}"}
    async with opened_client(base_url=local.origin, headers=headers, submit_timeout_s=5, status_timeout_s=5) as client:
        yield Runway(client, CATALOGUE.protocols["runway"])


@asynccontextmanager
async def stranger(local: LocalRunway, *, key: str = KEY) -> AsyncIterator[AsyncRunwayML]:
    async with AsyncRunwayML(
        base_url=local.origin, api_key=key, max_retries=0, _strict_response_validation=True
    ) as client:
        yield client


def order(model: Model = MODELS["gen-4.5"], **changes: Any) -> RenderRequest:
    return an_order_of(model, **changes)


async def test_the_sdk_creates_watches_and_reads_a_video(local: LocalRunway, clock: VirtualClock) -> None:
    async with stranger(local) as runway:
        made = await runway.text_to_video.create(
            model="gen4.5", prompt_text="a corgi", duration=4, ratio="1280:720", seed=7
        )
        seen = []
        for seconds in (0, 6, 40, 60):
            clock.leap(seconds)
            seen.append(await runway.tasks.retrieve(made.id))
    assert [each.status for each in seen] == ["PENDING", "THROTTLED", "RUNNING", "SUCCEEDED"]
    assert (made.estimated_cost.credits, seen[-1].cost.credits) == (48, 48)
    assert seen[-1].output[0].startswith(f"{local.origin}/film.mp4")
    assert 0 < seen[2].progress < 1


async def test_the_sdk_sends_a_picture_deletes_and_reads_the_organization(local: LocalRunway) -> None:
    async with stranger(local) as runway:
        made = await runway.image_to_video.create(
            model="gen4_turbo", prompt_image="data:image/png;base64,AAAA", ratio="960:960", duration=5
        )
        assert (await runway.organization.retrieve()).credit_balance == 1_000_000 - 60
        await runway.tasks.delete(made.id)
        with pytest.raises(runwayml.NotFoundError):
            await runway.tasks.retrieve(made.id)


async def test_the_sdk_reads_a_failure_and_refusals(local: LocalRunway, clock: VirtualClock) -> None:
    local.endings = [REFUSED]
    async with stranger(local) as runway:
        made = await runway.text_to_video.create(model="gen4.5", prompt_text="a", duration=5, ratio="720:1280")
        clock.leap(100)
        task = await runway.tasks.retrieve(made.id)
        assert (task.status, task.failure_code) == ("FAILED", "SAFETY.OUTPUT.VIDEO")
        with pytest.raises(runwayml.BadRequestError):
            await runway.text_to_video.create(model="gen4.5", prompt_text="a", duration=5, ratio="16:9")  # type: ignore[call-overload]
    async with stranger(local, key="key_another") as runway:
        with pytest.raises(runwayml.AuthenticationError):
            await runway.organization.retrieve()


async def test_from_order_to_film(local: LocalRunway, clock: VirtualClock, film: bytes, tmp_path: Path) -> None:
    async with adapter(local) as runway:
        ref = await runway.submit(order(picture=PICTURE, shape=Shape.VERTICAL, seed=7))
        seen = [await runway.poll(ref)]
        for seconds in (6, 40, 60):
            clock.leap(seconds)
            seen.append(await runway.poll(ref))
        queued, running, succeeded = RenderState.QUEUED, RenderState.RUNNING, RenderState.SUCCEEDED
        assert [each.state for each in seen] == [queued, queued, running, succeeded]
        assert (seen[2].progress, seen[3].cost_usd_micros) == (pytest.approx(31 / 60), 600_000)
        async with runway.download(ref, seen[-1]) as download:
            content = b"".join([each async for each in download.chunks])
        assert download.length == len(content)
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    assert content == film
    assert inspect_video(path).length_s == pytest.approx(1, abs=0.2)
    task = local.tasks[ref.render_id]
    assert (task.kind, task.asked["ratio"], task.asked["seed"]) == ("image_to_video", "720:1280", 7)


@pytest.mark.parametrize("model", MODELS.values(), ids=lambda model: model.name)
async def test_every_frame_length_and_switch_of_the_catalogue_fits_the_sdks_types(
    local: LocalRunway, model: Model
) -> None:
    pictures = [each for each, name in ((None, model.wire_name), (PICTURE, model.picture_wire_name)) if name]
    async with adapter(local) as runway:
        for picture in pictures:
            for shape, resolution in model.sizes_px:
                for length_s in (model.lengths_s[0], model.lengths_s[-1]):
                    await runway.submit(
                        order(
                            model,
                            picture=picture,
                            shape=shape,
                            resolution=resolution,
                            length_s=length_s,
                            seed=7 if model.seed else None,
                            audio=False if model.audio is Audio.SWITCH else None,
                        )
                    )
    sent = [each.asked for each in local.tasks.values()]
    assert all(("seed" in each, "audio" in each) == (model.seed, model.audio is Audio.SWITCH) for each in sent)


@pytest.mark.parametrize("trouble", [Drop(processed=True), Answer(status=502, body="bad gateway", processed=True)])
async def test_a_lost_submit_stays_open_for_runway_has_no_list(local: LocalRunway, trouble: Drop | Answer) -> None:
    local.faults.add("create", trouble)
    async with adapter(local) as runway:
        with pytest.raises(OutcomeUnknown):
            await runway.submit(order())
    assert local.calls == {"create": 1}


async def test_a_cancel_wipes_no_task_that_may_be_paid_for(local: LocalRunway, clock: VirtualClock) -> None:
    async with adapter(local) as runway:
        ref = await runway.submit(order())
        for seconds in (0, 30, 100):
            clock.leap(seconds)
            assert not await runway.cancel(ref)
        assert (await runway.poll(ref)).state is RenderState.SUCCEEDED
    assert local.calls["delete"] == 0
    assert not CATALOGUE.protocols["runway"].cancels


async def test_a_task_that_somebody_deleted_is_not_found(local: LocalRunway) -> None:
    async with adapter(local) as runway, stranger(local) as console:
        ref = await runway.submit(order())
        await console.tasks.delete(ref.render_id)
        with pytest.raises(NotFound):
            await runway.poll(ref)


async def test_a_refusal_at_the_end_says_what_it_cost(local: LocalRunway, clock: VirtualClock) -> None:
    local.endings = [REFUSED]
    async with adapter(local) as runway:
        ref = await runway.submit(order())
        clock.leap(100)
        status = await runway.poll(ref)
    assert status.failure is not None
    assert (status.failure.kind, status.failure.code) == ("moderation", "SAFETY.OUTPUT.VIDEO")
    assert status.cost_usd_micros == 0


async def test_without_credits_the_check_and_the_submit_both_say_so(local: LocalRunway) -> None:
    async with adapter(local) as runway:
        await runway.check()
        local.credits = 0
        for call in (runway.check(), runway.submit(order())):
            with pytest.raises(QuotaExhausted):
                await call
    async with adapter(local, key="key_another") as runway:
        with pytest.raises(AuthFailed):
            await runway.check()


async def test_what_does_not_fit_is_refused_before_or_by_the_service(local: LocalRunway) -> None:
    async with adapter(local) as runway:
        with pytest.raises(InvalidRequest, match="duration"):
            await runway.submit(order(length_s=99))
        with pytest.raises(InvalidRequest, match="bytes"):
            await runway.submit(order(picture=Picture(content=b"x" * 4_000_000, mime="image/jpeg")))
        await runway.submit(order(picture=Picture(content=b"x" * 3_700_000, mime="image/jpeg")))
        with pytest.raises(InvalidRequest, match="no word"):
            await runway.submit(order(MODELS["hailuo-3"], extra={"ratio": {}}))
    assert local.calls["create"] == 2
