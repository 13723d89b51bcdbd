"""What the adapter makes of answers that xAI is known to give. Each file of tests/exchanges/xai is one test."""

import json
from pathlib import Path

import httpx
import pytest
from orders import an_order
from replayed import Replay, exchanges_of, replay
from virtual_clock import VirtualClock

from bot.catalogue.loader import load_catalogue
from bot.providers.base import Picture, RenderRef
from bot.providers.xai import XAI

CATALOGUE = load_catalogue()
KEY = "xai-0123456789abcdef"
RENDER_IDS = ("764cabcf-b745-4b3e-ae38-1200304cf45b", "2", "3", "4")
PICTURE = Picture(content=b"\xff\xd8\xff\xe0", mime="image/jpeg")


@pytest.mark.parametrize("path", exchanges_of("xai"), ids=lambda path: path.stem)
async def test_an_answer_of_xai_is_understood(path: Path) -> None:
    told = json.loads(path.read_text())
    name = told.get("model", "grok-imagine-video")
    model = next(each for each in CATALOGUE.models if (each.protocol, each.name) == ("xai", name))

    def xai(client: httpx.AsyncClient) -> XAI:
        return XAI(client, CATALOGUE.protocols["xai"], VirtualClock())

    order = an_order(
        prompt="a secret prompt",
        wire_name=str(model.wire_name),
        audio=True,
        picture=PICTURE if told.get("picture") else None,
        webhook_url="https://bot.example/hooks/xai",
        extra=model.wire,
    )
    headers = {"Authorization": f"Bearer {KEY}"}
    refs = [RenderRef(render_id=each) for each in RENDER_IDS]
    await replay(path, Replay(make=xai, headers=headers, key=KEY, order=order, refs=refs))
