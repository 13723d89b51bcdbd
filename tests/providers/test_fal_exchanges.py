"""What the adapter makes of answers that fal is known to give. Each file of tests/exchanges/fal is one test."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import Shape
from bot.providers.base import RenderRequest
from bot.providers.errors import ProviderError
from bot.providers.fal import Fal
from bot.providers.transport import opened_client

EXCHANGES = sorted((Path(__file__).parents[1] / "exchanges" / "fal").glob("*.json"))
KEY = "id-of-key:secret-of-key"
MODEL = next(each for each in load_catalogue().models if each.name == "h3-max")
ORDER = RenderRequest(
    prompt="a secret prompt",
    wire_name="minimax/h3-max/text-to-video",
    length_s=5,
    shape=Shape.WIDE,
    resolution="720p",
    size_px=(1366, 768),
    audio=None,
    seed=None,
    picture=None,
    client_key="attempt-1",
    webhook_url=None,
    extra=MODEL.wire,
)


class Noon:
    def now(self) -> datetime:
        return datetime(2026, 11, 21, 12, tzinfo=UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


@asynccontextmanager
async def replaying(answers: list[dict[str, Any]]) -> AsyncIterator[str]:
    """Answers in their order, whatever is asked; a call too many gets a 418."""
    waiting = list(answers)

    async def answer(request: web.Request) -> web.Response:
        if not waiting:
            return web.Response(status=418)
        told = waiting.pop(0)
        body = told["body"]
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(
            text=text.replace("{base}", f"http://{request.host}"),
            status=told["status"],
            headers=told.get("headers"),
            content_type="text/html" if isinstance(body, str) else "application/json",
        )

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        assert not waiting, "an answer was never asked for"
    finally:
        await runner.cleanup()


async def called(fal: Fal, call: str) -> dict[str, Any]:
    """What came out of one call, in the words the files use."""
    known = fal.adopted("764cabcf-b745-4b3e-ae38-1200304cf45b", ORDER.wire_name)
    try:
        match call:
            case "submit":
                return {"render_id": (await fal.submit(ORDER)).render_id}
            case "cancel":
                return {"cancelled": await fal.cancel(known)}
            case "check":
                await fal.check()
                return {}
        status = await fal.poll(known)
    except ProviderError as error:
        return {"raises": error.kind, "says": error.detail, "retry_after_s": error.retry_after_s}
    seen = {"state": status.state.value, "result_ref": status.result_ref, "unknown_word": status.unknown_word}
    return seen | ({"failure": status.failure.kind, "says": status.failure.detail} if status.failure else {})


@pytest.mark.parametrize("path", EXCHANGES, ids=lambda path: path.stem)
async def test_an_answer_of_fal_is_understood(path: Path) -> None:
    told = json.loads(path.read_text())
    assert told["source"]
    assert told["tag"][0] in "ABCU"
    async with replaying(told["answers"]) as base_url:
        async with opened_client(
            base_url=base_url,
            headers={"Authorization": f"Key {KEY}"},
            submit_timeout_s=5,
            status_timeout_s=5,
        ) as client:
            seen = await called(Fal(client, load_catalogue().protocols["fal"], Noon()), told["call"])
    expected = dict(told["expect"])
    said = str(seen.get("says", ""))
    assert expected.pop("says", "") in said
    assert expected.pop("never_says", "\0") not in said
    assert KEY not in said
    if "raises" in seen:
        assert expected.get("raises") == seen["raises"], said
    for what, value in expected.items():
        assert seen.get(what) == value, said
