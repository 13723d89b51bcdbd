"""The adapters against a local Kling, from the first call to the last, in both styles."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from doubles.kling import LocalKling, running_kling
from doubles.local_service import Answer
from orders import an_order
from virtual_clock import START, VirtualClock

from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import Model
from bot.demo.faults import Drop
from bot.media.inspect import inspect_video
from bot.providers.base import Picture, RenderRequest, RenderState
from bot.providers.errors import AuthFailed, InvalidRequest, NotFound, OutcomeUnknown, RateLimited
from bot.providers.kling import Kling
from bot.providers.kling_legacy import KeyPair, KlingLegacy
from bot.providers.transport import opened_client

KEY = "api-key-kling-0123456789"
PAIR = KeyPair(access_key="AK0123456789", secret_key="SK0123456789abcdef0123456789abcdef")
SECRET = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI="
CATALOGUE = load_catalogue()
MODELS = [each for each in CATALOGUE.models if each.protocol in {"kling", "kling_legacy"}]
PICTURE = Picture(content=b"\xff\xd8\xff\xe0 not quite a picture", mime="image/jpeg")
REFUSED = "Failure to pass the risk control system"
Adapter = Kling | KlingLegacy


@pytest.fixture
async def local(clock: VirtualClock, film: bytes) -> AsyncIterator[LocalKling]:
    pair = {"access_key": PAIR.access_key, "secret_key": PAIR.secret_key}
    async with running_kling(key=KEY, clock=clock, film=film, **pair) as kling:
        yield kling


@asynccontextmanager
async def opened(local: LocalKling, style: str, *, key: str = KEY, keys: KeyPair = PAIR) -> AsyncIterator[Adapter]:
    headers = {"Authorization": f"Bearer {key}"} if style == "kling" else {}
    protocol = CATALOGUE.protocols[style]
    async with opened_client(base_url=local.origin, headers=headers, submit_timeout_s=5, status_timeout_s=5) as client:
        if style == "kling":
            yield Kling(client, protocol, local.clock, webhook_secret=SECRET)
        else:
            yield KlingLegacy(client, protocol, local.clock, keys=keys, webhook_secret=SECRET)


@pytest.fixture(params=["kling", "kling_legacy"])
async def kling(local: LocalKling, request: pytest.FixtureRequest) -> AsyncIterator[Adapter]:
    async with opened(local, request.param) as adapter:
        yield adapter


def order(style: object, client_key: str = "attempt-1", *, model: Model | None = None) -> RenderRequest:
    protocol = "kling" if isinstance(style, Kling) else "kling_legacy"
    model = model or next(each for each in MODELS if (each.protocol, each.name) == (protocol, "kling-3.0"))
    return an_order(prompt="a corgi surfing", wire_name=str(model.wire_name), client_key=client_key, extra=model.wire)


async def test_from_order_to_film(
    local: LocalKling, kling: Adapter, clock: VirtualClock, film: bytes, tmp_path: Path
) -> None:
    ref = await kling.submit(order(kling))
    assert ref.request_id
    seen = [(await kling.poll(ref)).state]
    for seconds in (20, 60):
        clock.leap(seconds)
        seen.append((await kling.poll(ref)).state)
    assert seen == [RenderState.QUEUED, RenderState.RUNNING, RenderState.SUCCEEDED]
    async with kling.download(ref, await kling.poll(ref)) as download:
        content = b"".join([each async for each in download.chunks])
    assert download.length == len(content)
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    assert content == film
    assert inspect_video(path).length_s == pytest.approx(1, abs=0.2)
    assert local.tasks[ref.render_id].external_id == "attempt-1"
    assert not await kling.cancel(ref)


async def test_a_first_frame_goes_along(local: LocalKling, kling: Adapter) -> None:
    asked = order(kling)
    wire_name = asked.wire_name.replace("text-to-", "image-to-").replace("text2", "image2")
    ref = await kling.submit(replace(asked, picture=PICTURE, wire_name=wire_name))
    sent = local.tasks[ref.render_id].asked
    content = sent["image"] if "image" in sent else sent["contents"][1]["url"]
    assert base64.b64decode(content) == PICTURE.content
    assert (await kling.poll(kling.adopted(ref.render_id, wire_name))).state is RenderState.QUEUED
    with pytest.raises(InvalidRequest, match="bytes"):
        await kling.submit(replace(asked, picture=Picture(content=b"x" * 20_000_001, mime="image/png")))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.protocol} {model.name}")
async def test_every_choice_of_the_catalogue_is_taken(local: LocalKling, model: Model) -> None:
    async with opened(local, model.protocol) as kling:
        for number, (shape, resolution) in enumerate(model.sizes_px):
            for length_s in (model.lengths_s[0], model.lengths_s[-1]):
                choice = replace(order(kling, model=model), shape=shape, resolution=resolution, length_s=length_s)
                await kling.submit(replace(choice, client_key=f"text-{number}-{length_s}"))
                framed = replace(choice, picture=PICTURE, wire_name=str(model.picture_wire_name))
                await kling.submit(replace(framed, client_key=f"picture-{number}-{length_s}"))
                assert model.price.of(length_s=length_s, resolution=resolution) > 0
    assert len(local.tasks) == 4 * len(model.sizes_px)


@pytest.mark.parametrize("trouble", [Drop(processed=True), Answer(status=502, body="bad gateway", processed=True)])
async def test_a_lost_submit_is_sent_again_and_paid_once(
    local: LocalKling, kling: Adapter, trouble: Drop | Answer
) -> None:
    local.faults.add("create", trouble)
    with pytest.raises(OutcomeUnknown):
        await kling.submit(order(kling))
    ref = await kling.submit(order(kling))
    assert set(local.tasks) == {ref.render_id}
    assert (await kling.poll(ref)).state is RenderState.QUEUED


async def test_a_submit_that_never_arrived_is_started_by_its_repetition(local: LocalKling, kling: Adapter) -> None:
    local.faults.add("create", Drop(processed=False))
    with pytest.raises(OutcomeUnknown):
        await kling.submit(order(kling))
    assert local.tasks == {}
    ref = await kling.submit(order(kling))
    assert set(local.tasks) == {ref.render_id}


async def test_a_repetition_stays_open_while_the_first_cannot_be_seen(local: LocalKling, kling: Adapter) -> None:
    await kling.submit(order(kling))
    local.faults.add("tasks", Drop(processed=False))
    with pytest.raises(OutcomeUnknown):
        await kling.submit(order(kling))
    assert len(local.tasks) == 1


async def test_the_list_shows_our_keys(local: LocalKling, kling: Adapter, clock: VirtualClock) -> None:
    for number in range(150):
        await kling.submit(order(kling, f"attempt-{number}"))
        clock.leap(1)
    found = await kling.find(START - timedelta(minutes=1))
    assert {each.client_key for each in found} == {f"attempt-{number}" for number in range(150)}
    late = await kling.find(START + timedelta(seconds=100))
    assert {each.client_key for each in late} == {f"attempt-{number}" for number in range(100, 150)}
    assert (await kling.poll(late[0].ref)).state is not RenderState.FAILED


async def test_many_are_looked_at_with_one_request(local: LocalKling, clock: VirtualClock) -> None:
    local.failures = ["", REFUSED]
    async with opened(local, "kling") as kling:
        assert isinstance(kling, Kling)
        refs = [await kling.submit(order(kling, f"attempt-{number}")) for number in range(3)]
        clock.leap(100)
        told = await kling.poll_many([*refs, kling.adopted("1", "x")])
        spoiled = await kling.poll_many([kling.adopted(str(number), "x") for number in range(21)])
    assert local.calls["tasks"] == 2
    states = [told[each.render_id].state for each in refs]  # type: ignore[union-attr]
    assert states == [RenderState.SUCCEEDED, RenderState.FAILED, RenderState.SUCCEEDED]
    assert set(told) == {each.render_id for each in refs}
    assert spoiled == {}


async def test_a_render_turned_down_a_full_pack_and_a_lost_task(
    local: LocalKling, kling: Adapter, clock: VirtualClock
) -> None:
    local.failures, local.parallel_max = [REFUSED], 1
    ref = await kling.submit(order(kling))
    with pytest.raises(RateLimited, match="parallel task"):
        await kling.submit(order(kling, "attempt-2"))
    clock.leap(100)
    failure = (await kling.poll(ref)).failure
    assert failure is not None
    assert (failure.kind, REFUSED in failure.detail) == ("moderation", True)
    with pytest.raises(NotFound):
        await kling.poll(kling.adopted("1", order(kling).wire_name))


async def test_the_check_tells_a_wrong_key(local: LocalKling, kling: Adapter) -> None:
    await kling.check()
    wrong = KeyPair(access_key=PAIR.access_key, secret_key="x" * 32)
    style = "kling" if isinstance(kling, Kling) else "kling_legacy"
    async with opened(local, style, key="another-key-0123", keys=wrong) as stranger:
        with pytest.raises(AuthFailed):
            await stranger.check()
    assert local.calls["create"] == 0


async def test_each_request_of_the_older_style_has_a_token_of_its_time(local: LocalKling, clock: VirtualClock) -> None:
    async with opened(local, "kling_legacy") as kling:
        await kling.check()
        clock.leap(3600)
        await kling.check()
    claims = jwt.decode(PAIR.token(START), PAIR.secret_key, algorithms=["HS256"], options={"verify_exp": False})
    now = int(START.timestamp())
    assert claims == {"iss": PAIR.access_key, "exp": now + 1800, "nbf": now - 5}
    assert PAIR.secret_key not in repr(PAIR)


async def test_a_callback_is_believed_when_it_is_signed_and_fresh(
    local: LocalKling, kling: Adapter, clock: VirtualClock
) -> None:
    ref = await kling.submit(order(kling))
    headers, body = local.callback(ref.render_id, SECRET)
    event = await kling.verify_webhook(headers, body)
    assert event is not None
    assert (event.render_id, event.event_id) == (ref.render_id, headers["Webhook-Id"])
    assert await kling.verify_webhook(headers, body.replace(b"attempt", b"another")) is None
    assert await kling.verify_webhook(*local.callback(ref.render_id, "whsec_" + "b3RoZXI=")) is None
    rotated = {**headers, "Webhook-Signature": f"v1,AAAA {headers['Webhook-Signature']}"}
    assert await kling.verify_webhook(rotated, body) is not None
    clock.leap(301)
    assert await kling.verify_webhook(headers, body) is None


async def test_the_vector_on_klings_own_page(local: LocalKling) -> None:
    """kling.ai/document-api/api/get-started/callbacks, "verification sample"."""
    sent = 1781080794
    local.clock = VirtualClock(datetime.fromtimestamp(sent, UTC))
    body = (
        b'{"id":"1234567890","status":"succeeded","message":"","create_time":1781080778802,"update_time":1781080794151}'
    )
    headers = {
        "webhook-id": "9876543210",
        "webhook-timestamp": str(sent),
        "webhook-signature": "v1,UsKlJP00XoQyOn410NM9xv34sP+Gl0jnOO9Lcpr7NJ4=",
    }
    async with opened(local, "kling") as kling:
        event = await kling.verify_webhook(headers, body)
        assert event is not None
        assert (event.render_id, event.event_id) == ("1234567890", "9876543210")
        old = await kling.verify_webhook(headers, body.replace(b'"id"', b'"task_id"'))
    assert old is None
