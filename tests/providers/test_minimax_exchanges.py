"""What the adapter makes of answers that MiniMax is known to give. Each file of tests/exchanges/minimax is one test."""

import json
from pathlib import Path

import httpx
import pytest
from orders import an_order
from replayed import Replay, exchanges_of, replay
from virtual_clock import VirtualClock

from bot.catalogue.loader import load_catalogue
from bot.providers.base import Picture, RenderRef
from bot.providers.minimax import MiniMax

CATALOGUE = load_catalogue()
KEY = "minimax-0123456789abcdef"
RENDER_IDS = ("424010985738629", "2", "3", "4")
PICTURE = Picture(content=b"\xff\xd8\xff\xe0", mime="image/jpeg")


@pytest.mark.parametrize("path", exchanges_of("minimax"), ids=lambda path: path.stem)
async def test_an_answer_of_minimax_is_understood(path: Path) -> None:
    told = json.loads(path.read_text())
    name = told.get("model", "h3")
    model = next(each for each in CATALOGUE.models if (each.protocol, each.name) == ("minimax", name))

    def minimax(client: httpx.AsyncClient) -> MiniMax:
        return MiniMax(client, CATALOGUE.protocols["minimax"], VirtualClock())

    order = an_order(
        prompt="a secret prompt",
        wire_name=str(model.wire_name),
        size_px=(1344, 768),
        picture=PICTURE if told.get("picture") else None,
        webhook_url="https://bot.example/hooks/minimax",
        extra=model.wire,
    )
    headers = {"Authorization": f"Bearer {KEY}"}
    refs = [RenderRef(render_id=each) for each in RENDER_IDS]
    await replay(path, Replay(make=minimax, headers=headers, key=KEY, order=order, refs=refs))
