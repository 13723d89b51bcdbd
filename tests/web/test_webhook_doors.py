"""Every kind of webhook over the real HTTP door: genuine, twice, forged, replayed, late, and before our id is stored.

The stories, the rows and the door are real, and so is what judges a delivery: each vendor's own adapter. The render
behind it is scripted, for a webhook only wakes who looks.
"""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
from aiohttp import web
from jobs.house import House, a_film, a_house
from openai import AsyncOpenAI
from replicate.webhook import Webhooks as ReplicateWebhooks
from replicate.webhook import WebhookSigningSecret
from scripted_service import ScriptedService, a_protocol, an_upstream
from sqlmodel import select
from standardwebhooks import Webhook
from virtual_clock import VirtualClock

from bot.catalogue.loader import load_catalogue
from bot.clock import Clock
from bot.demo.fal.seal import Seal
from bot.jobs.attempt import AttemptState
from bot.jobs.model import Job, JobRecord, JobState
from bot.jobs.story import story
from bot.providers.ark import Ark
from bot.providers.base import RenderState, RenderStatus, VideoProvider, WebhookChallenge, WebhookEvent
from bot.providers.errors import NotFound, OutcomeUnknown
from bot.providers.fal import Fal
from bot.providers.gemini_omni import GeminiOmni
from bot.providers.kling import Kling
from bot.providers.minimax import MiniMax
from bot.providers.openai_videos import OpenAIVideos
from bot.providers.openrouter import OpenRouter
from bot.providers.replicate import Replicate
from bot.providers.wavespeed import WaveSpeed
from bot.store.tables.jobs import WebhookEventRow
from bot.web.app import build_web
from bot.web.health import Readiness

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
PROTOCOLS = load_catalogue().protocols
PRICE = 400_000
RUNNING = RenderStatus(state=RenderState.RUNNING)
FAILED = RenderStatus(state=RenderState.FAILED, failure=NotFound("gone"))
Delivery = tuple[Mapping[str, str], bytes]


@dataclass(frozen=True)
class Kind:
    """One way of proving who sends. `made` gets a client whose service answers with `keys` of the signer's."""

    name: str
    protocol: str
    made: Callable[[httpx.AsyncClient, Any, Clock], VideoProvider]
    body: Callable[[str], Any]
    signs: Callable[[str, bytes, Clock, Seal], Mapping[str, str]]
    is_signed: bool = True


def standard(event_id: str, body: bytes, clock: Clock, _: Seal) -> Mapping[str, str]:
    """By the standard's own library; OpenAI's and Replicate's say below that they would take it."""
    at = clock.now()
    signature = Webhook(SECRET).sign(event_id, at, body.decode())
    return {"webhook-id": event_id, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


def ed25519(event_id: str, body: bytes, _: Clock, seal: Seal) -> Mapping[str, str]:
    return seal.headers(event_id, body)


def comma(_: str, body: bytes, clock: Clock, __: Seal) -> Mapping[str, str]:
    sent = str(int(clock.now().timestamp()))
    digest = hmac.new(SECRET.encode(), f"{sent},".encode() + body, hashlib.sha256).hexdigest()
    return {"X-OpenRouter-Signature": f"t={sent},v1={digest}"}


def hexadecimal(event_id: str, body: bytes, clock: Clock, _: Seal) -> Mapping[str, str]:
    """The standard's headers, but the secret as it is written, and "v3"."""
    sent = str(int(clock.now().timestamp()))
    key = SECRET.removeprefix("whsec_").encode()
    digest = hmac.new(key, f"{event_id}.{sent}.".encode() + body, hashlib.sha256).hexdigest()
    return {"webhook-id": event_id, "webhook-timestamp": sent, "webhook-signature": f"v3,{digest}"}


def nothing(*_: object) -> Mapping[str, str]:
    return {}


KINDS = (
    Kind("fal", "fal", Fal, lambda one: {"request_id": one, "status": "OK"}, ed25519),
    Kind(
        "openai",
        "openai_videos/openai",
        lambda client, protocol, clock: OpenAIVideos(client, protocol, clock, webhook_secret=SECRET),
        lambda one: {"type": "video.completed", "data": {"id": one}},
        standard,
    ),
    Kind(
        "kling",
        "kling",
        lambda client, protocol, clock: Kling(client, protocol, clock, webhook_secret=SECRET),
        lambda one: {"id": one, "status": "succeeded"},
        standard,
    ),
    Kind(
        "gemini",
        "gemini_omni",
        lambda client, protocol, clock: GeminiOmni(client, protocol, clock, webhook_secret=SECRET),
        lambda one: {"type": "interaction.completed", "data": {"id": one}},
        standard,
    ),
    Kind("replicate", "replicate", Replicate, lambda one: {"id": one, "status": "succeeded"}, standard),
    Kind(
        "openrouter",
        "openrouter",
        lambda client, protocol, clock: OpenRouter(client, protocol, clock, webhook_secret=SECRET),
        lambda one: {"type": "video.generation.completed", "data": {"id": one, "status": "completed"}},
        comma,
    ),
    Kind(
        "wavespeed",
        "wavespeed",
        lambda client, protocol, clock: WaveSpeed(client, protocol, clock, webhook_secret=SECRET),
        lambda one: {"id": one, "status": "completed"},
        hexadecimal,
    ),
    Kind(
        "wavespeed_bare", "wavespeed", WaveSpeed, lambda one: {"id": one, "status": "failed"}, nothing, is_signed=False
    ),
    Kind("ark", "ark/byteplus", Ark, lambda one: {"id": one, "status": "succeeded"}, nothing, is_signed=False),
    Kind("kling_bare", "kling", Kling, lambda one: {"id": one, "status": "succeeded"}, nothing, is_signed=False),
    Kind("minimax", "minimax", MiniMax, lambda one: {"task": {"id": one}}, nothing, is_signed=False),
)
over_all = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
over_signed = pytest.mark.parametrize("kind", [each for each in KINDS if each.is_signed], ids=lambda kind: kind.name)


class Sealed(ScriptedService):
    """Renders as a test says; who may call back, the vendor's own adapter says."""

    judge: VideoProvider

    async def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent | None:
        return await self.judge.verify_webhook(headers, body)


class Bare(Sealed):
    async def called_back(self, body: bytes) -> WebhookEvent | WebhookChallenge | None:
        told: WebhookEvent | WebhookChallenge | None = await self.judge.called_back(body)  # type: ignore[attr-defined]
        return told


@dataclass
class Street:
    """The bot's house with its door to the street, and a service that may or may not be who it says."""

    house: House
    service: Sealed
    kind: Kind
    seal: Seal
    base: str
    http: aiohttp.ClientSession

    def delivery(self, render_id: str, *, event_id: str = "msg_1") -> Delivery:
        body = json.dumps(self.kind.body(render_id)).encode()
        return self.kind.signs(event_id, body, self.house.clock, self.seal), body

    async def sent(self, token: str, delivery: Delivery, *, service: str = "scripted") -> int:
        headers, body = delivery
        path = f"/webhooks/{service}/{token}".rstrip("/")  # without a token: the address of the whole account
        async with self.http.post(self.base + path, data=body, headers=headers) as answer:
            return answer.status

    async def started(self, job: Job) -> tuple["asyncio.Future[None]", JobRecord]:
        """The job's story until a render is on its way and has been looked at."""
        self.service.statuses = [RUNNING] * 50
        playing = asyncio.ensure_future(story(job.id, self.house.steps))
        await self.house.clock.until(lambda: self.service.polls)
        return playing, await self.house.record(job.id)

    async def known(self, render_id: str) -> bool:
        wanted = select(WebhookEventRow).where(WebhookEventRow.upstream == "scripted")
        events = await self.house.store.read(lambda session: session.scalars(wanted).all())
        return render_id in {each.render_id for each in events}


@asynccontextmanager
async def a_street(folder: Path, kind: Kind, *, lists: bool = True) -> AsyncIterator[Street]:
    async with AsyncExitStack() as owned:
        clock = VirtualClock()
        seal = Seal(clock)
        vendor = httpx.AsyncClient(base_url=await owned.enter_async_context(_vendor(seal)), headers={"X": "key"})
        await owned.enter_async_context(vendor)
        service = (Bare if not kind.is_signed else Sealed)(clock=clock, film=a_film(folder))
        service.judge = kind.made(vendor, PROTOCOLS[kind.protocol], clock)
        protocol = a_protocol(lists=lists)
        opened = a_house(
            folder,
            service=service,
            clock=clock,
            upstreams=lambda one: (an_upstream(one, protocol=protocol),),
        )
        house, _ = await owned.enter_async_context(opened)
        door = build_web(entrance=None, desk=house.desk, readiness=Readiness({}))
        base = await owned.enter_async_context(_listening(door))
        http = await owned.enter_async_context(aiohttp.ClientSession())
        yield Street(house=house, service=service, kind=kind, seal=seal, base=base, http=http)


@asynccontextmanager
async def _vendor(seal: Seal) -> AsyncIterator[str]:
    """What verifiers ask their vendors for: fal's public keys, Replicate's secret."""

    async def jwks(_: web.Request) -> web.Response:
        return web.json_response(seal.jwks())

    async def secret(_: web.Request) -> web.Response:
        return web.json_response({"key": SECRET})

    application = web.Application()
    application.router.add_get("/.well-known/jwks.json", jwks)
    application.router.add_get("/v1/webhooks/default/secret", secret)
    async with _listening(application) as base:
        yield base


@asynccontextmanager
async def _listening(application: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@over_all
async def test_a_genuine_delivery_wakes_at_once_and_twice_is_once(tmp_path: Path, kind: Kind) -> None:
    async with a_street(tmp_path, kind) as street:
        job = await street.house.accepted(length_s=4)
        playing, record = await street.started(job)
        street.service.statuses = []
        (attempt,) = record.attempts
        woken_at, delivery = street.house.clock.now(), street.delivery(attempt.render_id or "")
        assert [await street.sent(attempt.webhook_token, delivery) for _ in range(2)] == [200, 200]
        await street.house.clock.finish(playing, within_s=5)
        record = await street.house.record(job.id)
        assert (record.job.state, (street.house.clock.now() - woken_at).total_seconds() < 1) == (
            JobState.DELIVERED,
            True,
        )
        assert (len(street.house.surface.delivered), await street.house.spent()) == (1, (PRICE, 0))


@over_all
async def test_a_forged_delivery_is_turned_away_and_leaves_nothing(tmp_path: Path, kind: Kind) -> None:
    async with a_street(tmp_path, kind) as street:
        playing, record = await street.started(await street.house.accepted(length_s=4))
        (attempt,) = record.attempts
        render_id, token, looked = attempt.render_id or "", attempt.webhook_token, street.service.polls
        headers, body = street.delivery(render_id)
        another = street.delivery("somebody-elses")
        if kind.is_signed:
            assert await street.sent(token, (headers, body + b" ")) == 404
            assert await street.sent(token, ({}, body)) == 404
            assert await street.sent(token, (headers, another[1])) == 404
        else:  # the address is the proof: a guessed one, none, another service's, or another's render
            assert await street.sent("f" * 32, (headers, body)) == 404
            assert await street.sent("", (headers, body)) == 404
            assert await street.sent(token, another) == 404
        assert await street.sent(token, (headers, b"\xff")) == 404
        assert await street.sent(token, (headers, body), service="nobody") == 404
        assert (await street.known(render_id), await street.known("somebody-elses")) == (False, False)
        assert street.service.polls == looked
        playing.cancel()


@over_signed
@pytest.mark.parametrize("off_s", [301, -301])
async def test_a_replayed_delivery_is_too_old_and_one_from_the_future_too_new(
    tmp_path: Path, kind: Kind, off_s: int
) -> None:
    async with a_street(tmp_path, kind) as street:
        delivery = street.delivery("r1")
        street.house.clock.leap(off_s)
        assert await street.sent("", delivery) == 404
        street.house.clock.leap(-off_s)
        assert await street.sent("", delivery) == 200


async def test_an_unsigned_delivery_that_is_replayed_for_another_order_is_turned_away(tmp_path: Path) -> None:
    kind = next(each for each in KINDS if each.name == "ark")
    async with a_street(tmp_path, kind) as street:
        first, one = await street.started(await street.house.accepted(length_s=4))
        street.service.polls = 0
        second, two = await street.started(await street.house.accepted("a paper boat", length_s=4))
        delivery = street.delivery(one.attempts[0].render_id or "")
        assert await street.sent(two.attempts[0].webhook_token, delivery) == 404
        assert await street.sent(one.attempts[0].webhook_token, delivery) == 200
        for playing in (first, second):
            playing.cancel()


@over_all
async def test_a_delivery_before_our_id_is_stored_answers_the_doubt(tmp_path: Path, kind: Kind) -> None:
    async with a_street(tmp_path, kind, lists=False) as street:
        street.service.after.append(OutcomeUnknown("the answer was lost"))
        job = await street.house.accepted(length_s=4)
        playing = asyncio.ensure_future(story(job.id, street.house.steps))
        await street.house.clock.until(lambda: street.house.surface.asked_admins)
        (attempt,) = (await street.house.record(job.id)).attempts
        assert (attempt.state, attempt.render_id) == (AttemptState.INTENT, None)
        if not kind.is_signed:  # an id that the service does not show is not taken from an unsigned body
            assert await street.sent(attempt.webhook_token, street.delivery("invented")) == 404
        (started,) = street.service.accepted
        assert await street.sent(attempt.webhook_token, street.delivery(started.render_id)) == 200
        await street.house.clock.finish(playing)
        record = await street.house.record(job.id)
        assert (record.job.state, len(street.service.accepted)) == (JobState.DELIVERED, 1)
        assert record.attempts[0].render_id == started.render_id
        assert await street.house.ledger_is_exact()


@over_all
async def test_a_late_delivery_of_a_video_that_was_given_up_is_booked_and_delivered_once(
    tmp_path: Path, kind: Kind
) -> None:
    async with a_street(tmp_path, kind) as street:
        street.service.statuses = [FAILED]
        job = await street.house.accepted(length_s=4)
        record = await street.house.play(job)
        (attempt,) = record.attempts
        assert (record.job.state, await street.house.spent()) == (JobState.FAILED, (0, 0))
        for number in range(2):
            delivery = street.delivery(attempt.render_id or "", event_id=f"msg_{number}")
            assert await street.sent(attempt.webhook_token, delivery) == 200
        record = await street.house.play(job)
        assert (record.job.state, len(street.house.surface.delivered)) == (JobState.DELIVERED, 1)
        assert (await street.house.spent(), await street.house.ledger_is_exact()) == ((PRICE, 0), True)


async def test_minimaxs_challenge_is_answered_at_an_address_of_ours_and_nowhere_else(tmp_path: Path) -> None:
    kind = next(each for each in KINDS if each.name == "minimax")
    async with a_street(tmp_path, kind) as street:
        playing, record = await street.started(await street.house.accepted(length_s=4))
        url = f"{street.base}/webhooks/scripted/{record.attempts[0].webhook_token}"
        async with street.http.post(url, json={"challenge": "c-1"}) as answer:
            assert (answer.status, await answer.json()) == (200, {"challenge": "c-1"})
        assert await street.sent("f" * 32, ({}, b'{"challenge": "c-1"}')) == 404
        playing.cancel()


async def test_what_the_vendors_own_packages_take_for_genuine_is_what_is_sent_here() -> None:
    clock = VirtualClock()
    body = b'{"id":"r1","status":"succeeded"}'
    headers = dict(standard("msg_1", body, clock, Seal(clock)))
    ReplicateWebhooks.validate(headers=headers, body=body.decode(), secret=WebhookSigningSecret(key=SECRET))
    async with AsyncOpenAI(api_key="x") as sdk:
        sdk.webhooks.verify_signature(body.decode(), headers, secret=SECRET, tolerance=10**9)
