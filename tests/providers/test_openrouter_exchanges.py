"""What the adapter makes of answers that OpenRouter is known to give. Each file of its exchanges is one test."""

import json
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from orders import an_order
from replayed import Replay, exchanges_of, replay
from virtual_clock import VirtualClock

from bot.catalogue.loader import load_catalogue
from bot.providers.base import Picture, RenderRef
from bot.providers.openrouter import OpenRouter

CATALOGUE = load_catalogue()
MODEL = next(each for each in CATALOGUE.models if each.protocol == "openrouter" and each.name == "hailuo-3-max")
KEY = "sk-or-0123456789abcdef"
ORDER = an_order(
    prompt="a secret prompt",
    wire_name="minimax/hailuo-3-max",
    size_px=(1366, 768),
    seed=7,
    webhook_url="https://bot.example/hooks/1",
    extra=MODEL.wire,
)
PICTURE = Picture(content=b"\xff\xd8\xff\xe0", mime="image/jpeg")


@pytest.mark.parametrize("path", exchanges_of("openrouter"), ids=lambda path: path.stem)
async def test_an_answer_of_openrouter_is_understood(path: Path) -> None:
    told = json.loads(path.read_text())

    def openrouter(client: httpx.AsyncClient) -> OpenRouter:
        secret = told.get("secret", "whsec")
        return OpenRouter(client, CATALOGUE.protocols["openrouter"], VirtualClock(), webhook_secret=secret)

    await replay(
        path,
        Replay(
            make=openrouter,
            headers={"Authorization": f"Bearer {KEY}"},
            key=KEY,
            order=replace(ORDER, picture=PICTURE) if told.get("picture") else ORDER,
            refs=[RenderRef(render_id="gen-vid-1781308800-abcdefghij0123456789")],
        ),
    )
