"""Deliveries of the local service, received by a real endpoint and judged by the SDK and by the standard's library."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openai
import pytest
from aiohttp import web
from openai import AsyncOpenAI
from standardwebhooks import Webhook

from bot.clock import SystemClock
from bot.demo.videos import JobStatus, LocalVideos, Switch
from bot.demo.videos.faults import FailRender, WebhookFirst

PROMPT = "a corgi surfing at sunset"


class HurriedClock:
    """Sleeps take no time and move the hands."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC)
        self.slept_s: list[float] = []

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self._now += timedelta(seconds=seconds)
        await asyncio.sleep(0)


@dataclass
class Endpoint:
    """Keeps what arrives; answers with the statuses of `plan`, then 200."""

    url: str = ""
    plan: list[int] = field(default_factory=list)
    arrived: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, request: web.Request) -> web.Response:
        self.arrived.append((dict(request.headers), await request.read()))
        async with self.news:
            self.news.notify_all()
        return web.Response(status=self.plan.pop(0) if self.plan else 200)

    async def wait_for(self, count: int) -> None:
        async with self.news:
            await self.news.wait_for(lambda: len(self.arrived) >= count)


@asynccontextmanager
async def served(handler: Callable[[web.Request], Awaitable[web.Response]]) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/hooks/videos", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/hooks/videos"
    finally:
        await runner.cleanup()


@pytest.fixture
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp() / "films"


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    made = Endpoint()
    async with served(made.take) as made.url:
        yield made


@pytest.fixture
async def videos(films: Path, endpoint: Endpoint) -> AsyncIterator[LocalVideos]:
    async with LocalVideos.running(
        clock=SystemClock(), directory=films, render_s=0.04, webhook_url=endpoint.url
    ) as running:
        yield running


@pytest.fixture
async def client(videos: LocalVideos) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(
        base_url=videos.base_url, api_key=videos.key, max_retries=0, webhook_secret=videos.webhooks.secret
    ) as made:
        yield made


async def test_the_sdk_verifies_and_unwraps_a_real_delivery(
    client: AsyncOpenAI, endpoint: Endpoint, videos: LocalVideos
) -> None:
    video = await client.videos.create(prompt=PROMPT, seconds="4", size="1280x720")
    await endpoint.wait_for(1)

    headers, body = endpoint.arrived[0]
    client.webhooks.verify_signature(body, headers)
    event = client.webhooks.unwrap(body, headers)
    assert (event.object, event.type) == ("event", "video.completed")
    assert event.data.id == video.id
    assert event.id == headers["webhook-id"]
    assert Webhook(videos.webhooks.secret).verify(body, headers)["data"] == {"id": video.id}
    assert videos.accepted[0].status is JobStatus.COMPLETED


async def test_a_failed_render_is_announced_as_failed(
    client: AsyncOpenAI, endpoint: Endpoint, videos: LocalVideos
) -> None:
    videos.faults.add("create", FailRender())
    await client.videos.create(prompt=PROMPT)
    await endpoint.wait_for(1)

    headers, body = endpoint.arrived[0]
    assert client.webhooks.unwrap(body, headers).type == "video.failed"


@pytest.mark.parametrize(
    ("door", "words"),
    [({"forged": True}, "does not match"), ({"age_s": 360}, "too old"), ({"age_s": -360}, "too new")],
)
async def test_the_sdk_refuses_forged_and_stale_deliveries(
    client: AsyncOpenAI, endpoint: Endpoint, videos: LocalVideos, door: dict[str, float], words: str
) -> None:
    delivery = await videos.webhooks.send("video_anything", **door)

    assert delivery.arrived
    headers, body = endpoint.arrived[0]
    with pytest.raises(openai.InvalidWebhookSignatureError, match=words):
        client.webhooks.verify_signature(body, headers)


async def test_an_event_can_come_twice_under_one_id(
    client: AsyncOpenAI, endpoint: Endpoint, videos: LocalVideos
) -> None:
    videos.webhooks.repeat = 2
    await client.videos.create(prompt=PROMPT, seconds="4", size="1280x720")
    await endpoint.wait_for(2)

    assert len({headers["webhook-id"] for headers, _ in endpoint.arrived}) == 1


async def test_the_webhook_can_arrive_before_the_submit_is_answered(
    client: AsyncOpenAI, endpoint: Endpoint, videos: LocalVideos
) -> None:
    videos.faults.add("create", WebhookFirst())

    video = await client.videos.create(prompt=PROMPT, seconds="4", size="1280x720")

    assert [delivery.render_id for delivery in videos.webhooks.deliveries] == [video.id]
    assert len(endpoint.arrived) == 1
    assert video.status == "completed"


async def test_a_delivery_that_is_not_taken_is_tried_again_with_growing_pauses(films: Path, endpoint: Endpoint) -> None:
    clock = HurriedClock()
    endpoint.plan = [500, 503]
    async with (
        LocalVideos.running(clock=clock, directory=films, render_s=0.0, webhook_url=endpoint.url) as videos,
        AsyncOpenAI(base_url=videos.base_url, api_key=videos.key) as client,
    ):
        await client.videos.create(prompt=PROMPT, seconds="4", size="1280x720")
        await endpoint.wait_for(3)
        while len(videos.webhooks.deliveries) < 3:
            await asyncio.sleep(0.005)

        assert [delivery.status for delivery in videos.webhooks.deliveries] == [500, 503, 200]
        assert len({headers["webhook-id"] for headers, _ in endpoint.arrived}) == 1
        assert [pause for pause in clock.slept_s if pause >= 1] == [1.0, 5.0]


async def test_nobody_listening_is_a_delivery_without_a_status(films: Path) -> None:
    async with LocalVideos.running(
        clock=SystemClock(), directory=films, webhook_url="http://127.0.0.1:9/hooks"
    ) as videos:
        assert (await videos.webhooks.send("video_1")).status is None


async def test_a_client_can_be_struck_between_a_delivery_and_its_answer(films: Path) -> None:
    received, struck = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        await request.read()
        received.set()
        await struck.wait()
        return web.Response()

    async with (
        served(slow) as url,
        LocalVideos.running(clock=SystemClock(), directory=films, webhook_url=url) as videos,
    ):

        async def strike() -> None:
            await asyncio.wait_for(received.wait(), timeout=5)  # the whole delivery is there
            struck.set()  # and only now the endpoint answers

        videos.webhooks.strike = strike
        delivery = await videos.webhooks.send("video_1")

        assert delivery.arrived
        assert videos.webhooks.strike is None


async def test_only_openais_own_variant_has_webhooks(films: Path) -> None:
    with pytest.raises(ValueError, match="relay variant has no webhooks"):
        async with LocalVideos.running(
            clock=SystemClock(), directory=films, variant="relay", webhook_url="http://127.0.0.1:9/"
        ):
            pass
    with pytest.raises(ValueError, match="whsec_"):
        async with LocalVideos.running(clock=SystemClock(), directory=films, webhook_secret="plain"):
            pass


async def test_muted_webhooks_leave_the_client_to_its_polls(
    client: AsyncOpenAI, endpoint: Endpoint, videos: LocalVideos
) -> None:
    videos.webhooks.muted = True
    video = await client.videos.create_and_poll(prompt=PROMPT, seconds="4", size="1280x720", poll_interval_ms=20)
    await asyncio.wait_for(videos.accepted[0].announced.wait(), timeout=5)

    assert video.status == "completed"
    assert endpoint.arrived == []
    assert videos.switched is Switch.NORMAL
