"""fal's webhooks: genuine ones wake, everything else is nothing, and forgers cannot make us flood fal."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from orders import an_order

from bot.catalogue.loader import load_catalogue
from bot.demo.fal import FalQueue, FalRender, running_fal
from bot.demo.fal.endings import MODERATED
from bot.demo.fal.faults import Answer, Operation
from bot.providers.base import RenderState, WebhookEvent
from bot.providers.fal import Fal
from bot.providers.transport import opened_client

KEY = "id-of-key:secret-of-key"
CATALOGUE = load_catalogue()
ORDER = an_order(
    wire_name="minimax/h3-max/text-to-video",
    size_px=(1366, 768),
    webhook_url="http://127.0.0.1:1/webhooks/fal/token?with=query&and=more",
    extra=next(model for model in CATALOGUE.models if model.name == "h3-max").wire,
)


class HandClock:
    def __init__(self) -> None:
        self.time = datetime(2026, 11, 21, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)

    def move(self, **by: float) -> None:
        self.time += timedelta(**by)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def fal(clock: HandClock) -> AsyncIterator[FalQueue]:
    async with running_fal(key=KEY, clock=clock, film=b"film") as running:
        yield running


@pytest.fixture
async def adapter(fal: FalQueue, clock: HandClock) -> AsyncIterator[Fal]:
    async with opened_client(
        base_url=fal.base_url,
        headers={"Authorization": f"Key {KEY}"},
        submit_timeout_s=5,
        status_timeout_s=5,
    ) as client:
        yield Fal(client, CATALOGUE.protocols["fal"], clock)


@pytest.fixture
async def render(fal: FalQueue, adapter: Fal) -> FalRender:
    return fal.renders[(await adapter.submit(ORDER)).render_id]


async def test_the_webhook_address_travels_whole(render: FalRender) -> None:
    assert render.webhook_url == ORDER.webhook_url


async def test_a_genuine_delivery_names_its_render_and_twice_is_the_same_event(
    fal: FalQueue, adapter: Fal, render: FalRender
) -> None:
    headers, body = fal.webhook(render)
    event = WebhookEvent(event_id=render.request_id, render_id=render.request_id)
    assert [await adapter.verify_webhook(headers, body) for _ in range(2)] == [event, event]
    assert fal.calls[Operation.KEYS] == 1


async def test_a_delivery_over_the_wire_is_believed_and_the_truth_is_read_from_the_service(
    fal: FalQueue, adapter: Fal
) -> None:
    """It may come before our own row knows the id: the wire name is enough to look."""
    heard: list[WebhookEvent | None] = []

    async def hear(request: web.Request) -> web.Response:
        heard.append(await adapter.verify_webhook(request.headers, await request.read()))
        return web.Response()

    application = web.Application()
    application.router.add_post("/hook", hear)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        hook = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        fal.endings = [MODERATED]
        ref = await adapter.submit(replace(ORDER, webhook_url=hook))
        assert await fal.deliver(fal.renders[ref.render_id]) == 200
    finally:
        await runner.cleanup()
    (event,) = heard
    assert event is not None
    assert adapter.adopted(event.render_id, ORDER.wire_name) == ref
    assert (await adapter.poll(ref)).state is RenderState.FAILED


async def test_header_names_may_come_in_any_case(fal: FalQueue, adapter: Fal, render: FalRender) -> None:
    headers, body = fal.webhook(render)
    assert await adapter.verify_webhook({name.upper(): value for name, value in headers.items()}, body)


@pytest.mark.parametrize("seconds", [-301, 301])
async def test_a_stale_or_future_delivery_is_nothing(
    fal: FalQueue, adapter: Fal, render: FalRender, clock: HandClock, seconds: int
) -> None:
    headers, body = fal.webhook(render)
    clock.move(seconds=seconds)
    assert await adapter.verify_webhook(headers, body) is None
    clock.move(seconds=-seconds)
    assert await adapter.verify_webhook(headers, body) is not None


async def test_a_changed_delivery_is_nothing(fal: FalQueue, adapter: Fal, render: FalRender) -> None:
    headers, body = fal.webhook(render)
    changed = [
        (headers, body.replace(render.request_id.encode(), b"another")),
        (headers, body + b" "),
        (headers | {"X-Fal-Webhook-Request-Id": "another"}, body),
        (headers | {"X-Fal-Webhook-User-Id": "another"}, body),
        (headers | {"X-Fal-Webhook-Timestamp": str(int(headers["X-Fal-Webhook-Timestamp"]) + 1)}, body),
        (headers | {"X-Fal-Webhook-Signature": "00" * 64}, body),
    ]
    assert [await adapter.verify_webhook(*each) for each in changed] == [None] * len(changed)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Fal-Webhook-Signature": "zz"},
        {"X-Fal-Webhook-Signature": "00"},
        {"X-Fal-Webhook-Timestamp": "soon"},
        {"X-Fal-Webhook-Timestamp": "9" * 400},
        {"X-Fal-Webhook-User-Id": "\udcff"},
    ],
    ids=["none", "no hex", "too short", "no number", "a giant number", "no text"],
)
async def test_unreadable_headers_are_nothing_and_cost_no_call(
    fal: FalQueue, adapter: Fal, render: FalRender, headers: dict[str, str]
) -> None:
    right, body = fal.webhook(render)
    assert await adapter.verify_webhook(right | headers if headers else {}, body) is None
    assert fal.calls[Operation.KEYS] == 0


@pytest.mark.parametrize("body", [b"", b"no json", b"[1]", b'{"request_id": 7}', b"[" * 100_000])
async def test_a_signed_body_without_an_id_is_nothing(fal: FalQueue, adapter: Fal, body: bytes) -> None:
    assert await adapter.verify_webhook(fal.seal.headers("id", body), body) is None


async def test_a_new_key_is_fetched_when_the_known_ones_do_not_fit(
    fal: FalQueue, adapter: Fal, render: FalRender, clock: HandClock
) -> None:
    assert await adapter.verify_webhook(*fal.webhook(render))
    fal.seal.rotate()
    clock.move(minutes=6)
    assert await adapter.verify_webhook(*fal.webhook(render))
    assert fal.calls[Operation.KEYS] == 2


async def test_keys_live_for_a_day(fal: FalQueue, adapter: Fal, render: FalRender, clock: HandClock) -> None:
    """A key that fal took back is not believed longer, even while its key server is down."""
    assert await adapter.verify_webhook(*fal.webhook(render))
    clock.move(hours=25)
    fal.faults.add(Operation.KEYS, Answer(status=503, body="<html>down</html>"))
    assert await adapter.verify_webhook(*fal.webhook(render)) is None
    clock.move(minutes=6)
    assert await adapter.verify_webhook(*fal.webhook(render))


async def test_a_storm_of_forgeries_asks_fal_for_keys_at_most_every_five_minutes(
    fal: FalQueue, adapter: Fal, render: FalRender, clock: HandClock
) -> None:
    headers, body = fal.webhook(render)
    forged = headers | {"X-Fal-Webhook-Signature": "00" * 64}
    for _ in range(3):
        answers = await asyncio.gather(*(adapter.verify_webhook(forged, body) for _ in range(50)))
        assert answers == [None] * 50
        clock.move(seconds=90)
    assert fal.calls[Operation.KEYS] == 1
    clock.move(seconds=90)
    genuine, body = fal.webhook(render)
    assert await adapter.verify_webhook(genuine, body)
    assert fal.calls[Operation.KEYS] == 1


@pytest.mark.parametrize(
    "document",
    [
        {"keys": []},
        {"keys": "none"},
        [],
        "<html>",
        {"keys": [{"kty": "RSA", "n": "x"}, {"kty": "OKP", "crv": "Ed25519", "x": "!"}, {"kty": "OKP"}, 7]},
    ],
    ids=["empty", "no list", "no object", "HTML", "only other keys"],
)
async def test_a_key_server_that_makes_no_sense_is_no_key(
    fal: FalQueue, adapter: Fal, render: FalRender, document: object
) -> None:
    fal.faults.add(Operation.KEYS, Answer(status=200, body=document))
    assert await adapter.verify_webhook(*fal.webhook(render)) is None


async def test_the_key_of_the_account_is_not_shown_to_the_key_server(
    fal: FalQueue, clock: HandClock, render: FalRender
) -> None:
    """The bot's own secret stays home: the keys are public."""
    seen: list[dict[str, str]] = []

    async def keys(request: web.Request) -> web.Response:
        seen.append(dict(request.headers))
        return web.json_response(fal.seal.jwks())

    application = web.Application()
    application.router.add_get("/keys", keys)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        elsewhere = f"http://127.0.0.1:{runner.addresses[0][1]}"
        protocol = CATALOGUE.protocols["fal"]
        wire = {**protocol.wire, "origins": [fal.base_url], "keys_url": f"{elsewhere}/keys"}
        async with opened_client(
            base_url=fal.base_url,
            headers={"Authorization": f"Key {KEY}"},
            submit_timeout_s=5,
            status_timeout_s=5,
            trusted_origins=frozenset({elsewhere}),
        ) as client:
            adapter = Fal(client, replace(protocol, wire=wire), clock)
            assert await adapter.verify_webhook(*fal.webhook(render))
    finally:
        await runner.cleanup()
    assert "Authorization" not in seen[0]
    assert json.dumps(seen).find(KEY) == -1
