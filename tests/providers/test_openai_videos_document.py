"""What the adapter sends, judged by OpenAI's own document: not a field more, none of another type."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from demo.openai_document import judge_request
from orders import an_order
from raw_service import Told, raw_service
from virtual_clock import VirtualClock

from bot.catalogue.loader import load_catalogue
from bot.providers.base import Picture, RenderRef, RenderRequest, RenderState, RenderStatus
from bot.providers.openai_videos import OpenAIVideos
from bot.providers.transport import opened_client

CATALOGUE = load_catalogue()
REF = RenderRef(render_id="video_1")
DONE = RenderStatus(state=RenderState.SUCCEEDED)
PICTURE = Picture(content=b"\xff\xd8\xff\xe0 picture", mime="image/jpeg")
MODELS = [each for each in CATALOGUE.models if each.protocol == "openai_videos/openai"]
ORDERS = [
    an_order(
        wire_name=str(model.wire_name),
        length_s=length_s,
        shape=shape,
        resolution=resolution,
        size_px=size_px,
        audio=True,
        seed=7,
        picture=picture,
        webhook_url="https://bot.example/hooks/1",
        extra=model.wire,
    )
    for model in MODELS
    for length_s in model.lengths_s
    for (shape, resolution), size_px in model.sizes_px.items()
    for picture in (None, PICTURE)
]


async def asked(call: str, order: RenderRequest = ORDERS[0]) -> list[str]:
    """The document's problems with what one call sends."""
    page = {"object": "list", "data": [], "has_more": False}
    async with raw_service(Told(body={"id": "video_1", "status": "queued"} | page)) as service:
        async with opened_client(
            base_url=service.base,
            headers={"Authorization": "Bearer sk-test-0123456789"},
            submit_timeout_s=5,
            status_timeout_s=5,
        ) as client:
            videos = OpenAIVideos(client, CATALOGUE.protocols["openai_videos/openai"], VirtualClock())
            match call:
                case "submit":
                    await videos.submit(order)
                case "poll":
                    await videos.poll(REF)
                case "download":
                    async with videos.download(REF, DONE):
                        pass
                case "find":
                    await videos.find(datetime(2026, 11, 21, tzinfo=UTC))
                case "check":
                    await videos.check()
    request = service.asked[0]
    return judge_request(request.method, request.path, request.headers, request.body)


async def test_every_order_the_catalogue_allows_is_one_the_document_allows() -> None:
    assert len(ORDERS) >= 24
    for order in ORDERS:
        assert await asked("submit", order) == []


@pytest.mark.parametrize("call", ["poll", "download", "find", "check"])
async def test_every_look_is_one_the_document_allows(call: str) -> None:
    assert await asked(call) == []


async def test_the_judge_would_say_no_to_a_length_or_a_field_that_is_not_there() -> None:
    assert await asked("submit", replace(ORDERS[0], length_s=10))
    assert await asked("submit", replace(ORDERS[0], extra={"seed": 7}))
