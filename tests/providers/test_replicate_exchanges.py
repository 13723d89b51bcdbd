"""What the adapter asks of Replicate and makes of the answers. Each file of tests/exchanges/replicate is one test."""

import json
from pathlib import Path
from typing import Any

import pytest
from orders import an_order_of
from replayed import Replay, exchanges_of, replay
from virtual_clock import VirtualClock

from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import Shape
from bot.providers.base import Picture, RenderRef, RenderRequest
from bot.providers.replicate import Replicate

CATALOGUE = load_catalogue()
MODELS = {each.name: each for each in CATALOGUE.models if each.protocol == "replicate"}
KEY = "r8_0123456789abcdef0123456789abcdef01234"
PICTURE = Picture(content=b"\xff\xd8\xff\xe0 not quite a picture", mime="image/jpeg")


def order_of(told: dict[str, Any]) -> RenderRequest:
    return an_order_of(
        MODELS[told.get("model", "kling-3.0")],
        shape=Shape(told.get("shape", "wide")),
        resolution=told.get("resolution", "720p"),
        audio=told.get("audio"),
        seed=told.get("seed"),
        picture=PICTURE if told.get("picture") else None,
        webhook_url="https://bot.example/hooks/1",
    )


@pytest.mark.parametrize("path", exchanges_of("replicate"), ids=lambda path: path.stem)
async def test_an_answer_of_replicate_is_understood(path: Path) -> None:
    await replay(
        path,
        Replay(
            make=lambda client: Replicate(client, CATALOGUE.protocols["replicate"], VirtualClock()),
            headers={"Authorization": f"Bearer {KEY}"},
            key=KEY,
            order=order_of(json.loads(path.read_text()).get("order", {})),
            refs=[RenderRef(render_id="rrr4z55ocneqzikepnug6xezpe")],
        ),
    )
