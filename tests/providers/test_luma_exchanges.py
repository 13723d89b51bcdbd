"""What the adapter asks of Luma and what it makes of the answers. Each file of tests/exchanges/luma is one test."""

import json
from pathlib import Path
from typing import Any

import pytest
from orders import an_order
from replayed import Replay, exchanges_of, replay

from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import Shape
from bot.providers.base import Picture, RenderRef, RenderRequest
from bot.providers.luma import Luma

PROTOCOL = load_catalogue().protocols["luma"]
KEY = "luma-api-0123456789abcdef"
PICTURE = Picture(content=b"\xff\xd8\xff\xe0 not quite a picture", mime="image/jpeg")


def order_of(told: dict[str, Any]) -> RenderRequest:
    return an_order(
        wire_name="ray-3.2",
        length_s=told.get("length_s", 5),
        shape=Shape(told.get("shape", "wide")),
        resolution=told.get("resolution", "720p"),
        picture=PICTURE if told.get("picture") else None,
        webhook_url="https://bot.example/hooks/1",
    )


@pytest.mark.parametrize("path", exchanges_of("luma"), ids=lambda path: path.stem)
async def test_an_answer_of_luma_is_understood(path: Path) -> None:
    await replay(
        path,
        Replay(
            make=lambda client: Luma(client, PROTOCOL),
            headers={"Authorization": f"Bearer {KEY}"},
            key=KEY,
            order=order_of(json.loads(path.read_text()).get("order", {})),
            refs=[RenderRef(render_id="0c9d7f0e-6d0c-4d2c-9a35-0c8d0e5a7b11")],
        ),
    )
