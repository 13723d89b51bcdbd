"""What the adapter makes of SiliconFlow's answers. Each file of tests/exchanges/siliconflow is one test."""

import json
from pathlib import Path
from typing import Any

import pytest
from orders import an_order
from replayed import Replay, exchanges_of, replay

from bot.catalogue.loader import load_catalogue
from bot.providers.base import Picture, RenderRef, RenderRequest
from bot.providers.siliconflow import SiliconFlow

PROTOCOL = load_catalogue().protocols["siliconflow"]
KEY = "sk-0123456789abcdef"
PICTURE = Picture(content=b"\xff\xd8\xff\xe0 not quite a picture", mime="image/jpeg")


def order_of(told: dict[str, Any]) -> RenderRequest:
    return an_order(
        wire_name="Wan-AI/Wan2.2-I2V-A14B" if told.get("picture") else "Wan-AI/Wan2.2-T2V-A14B",
        seed=told.get("seed"),
        picture=PICTURE if told.get("picture") else None,
        webhook_url="https://bot.example/hooks/1",
    )


@pytest.mark.parametrize("path", exchanges_of("siliconflow"), ids=lambda path: path.stem)
async def test_an_answer_of_siliconflow_is_understood(path: Path) -> None:
    await replay(
        path,
        Replay(
            make=lambda client: SiliconFlow(client, PROTOCOL),
            headers={"Authorization": f"Bearer {KEY}"},
            key=KEY,
            order=order_of(json.loads(path.read_text()).get("order", {})),
            refs=[RenderRef(render_id="r-1")],
        ),
    )
