"""What the adapter asks of Runway and what it makes of the answers. Each file of tests/exchanges/runway is one test."""

import json
from pathlib import Path
from typing import Any

import pytest
from orders import an_order_of
from replayed import Replay, exchanges_of, replay

from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import Shape
from bot.providers.base import Picture, RenderRef, RenderRequest
from bot.providers.runway import Runway

CATALOGUE = load_catalogue()
MODELS = {each.name: each for each in CATALOGUE.models if each.protocol == "runway"}
KEY = "key_" + "0123456789abcdef" * 8
PICTURE = Picture(content=b"\xff\xd8\xff\xe0 not quite a picture", mime="image/jpeg")


def order_of(told: dict[str, Any]) -> RenderRequest:
    return an_order_of(
        MODELS[told.get("model", "gen-4.5")],
        shape=Shape(told.get("shape", "wide")),
        resolution=told.get("resolution", "720p"),
        audio=told.get("audio"),
        seed=told.get("seed"),
        picture=PICTURE if told.get("picture") else None,
        webhook_url="https://bot.example/hooks/1",
    )


@pytest.mark.parametrize("path", exchanges_of("runway"), ids=lambda path: path.stem)
async def test_an_answer_of_runway_is_understood(path: Path) -> None:
    await replay(
        path,
        Replay(
            make=lambda client: Runway(client, CATALOGUE.protocols["runway"]),
            headers={"Authorization": f"Bearer {KEY}"},
            key=KEY,
            order=order_of(json.loads(path.read_text()).get("order", {})),
            refs=[RenderRef(render_id="17f20503-6c24-4c16-946b-35dbbce2af2f")],
        ),
    )
