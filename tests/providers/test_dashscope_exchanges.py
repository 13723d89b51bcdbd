"""What the adapter makes of answers that DashScope is known to give. Each file of its exchanges is one test."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from orders import an_order
from replayed import SINCE, Replay, exchanges_of, replay
from virtual_clock import VirtualClock

from bot.catalogue.loader import load_catalogue
from bot.providers.base import Picture, RenderRef
from bot.providers.dashscope import DashScope

CATALOGUE = load_catalogue()
MODEL = next(each for each in CATALOGUE.models if each.name == "wan-3.0" and each.protocol == "dashscope/intl")
KEY = "sk-ds-0123456789abcdef"
RENDER_ID = "a8532587-0d9b-4c8c-9f0e-0c46b17950d1"
ORDER = an_order(prompt="a secret prompt", wire_name="wan3.0-video", audio=True, seed=7, extra=MODEL.wire)
PICTURE = Picture(content=b"\xff\xd8\xff\xe0", mime="image/jpeg")


@pytest.mark.parametrize("path", exchanges_of("dashscope"), ids=lambda path: path.stem)
async def test_an_answer_of_dashscope_is_understood(path: Path) -> None:
    told = json.loads(path.read_text())
    clock = VirtualClock(SINCE + timedelta(hours=told.get("hours_later", 2)))

    def dashscope(client: httpx.AsyncClient) -> DashScope:
        return DashScope(client, CATALOGUE.protocols["dashscope/intl"], clock)

    await replay(
        path,
        Replay(
            make=dashscope,
            headers={"Authorization": f"Bearer {KEY}"},
            key=KEY,
            order=replace(ORDER, picture=PICTURE) if told.get("picture") else ORDER,
            refs=[RenderRef(render_id=RENDER_ID)],
        ),
    )
