"""WaveSpeedAI's documented answers, replayed. A file says what stands in `replayed.py`; `order` changes the order."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from orders import an_order
from replayed import Replay, exchanges_of, replay
from virtual_clock import VirtualClock

from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import Shape
from bot.providers.base import Picture, RenderRef, RenderRequest
from bot.providers.wavespeed import WaveSpeed

CATALOGUE = load_catalogue()
PROTOCOL = CATALOGUE.protocols["wavespeed"]
MODELS = {each.name: each for each in CATALOGUE.models if each.protocol == "wavespeed"}
KEY = "ws-replay-0123456789"
ORDER = an_order(wire_name="alibaba/wan-2.6/text-to-video", extra=MODELS["wan-2.6"].wire)


def ordered(said: dict[str, Any]) -> RenderRequest:
    """`model` names one of the catalogue, `picture` gives it a first frame, the rest are fields of the order."""
    said = dict(said)
    model = MODELS[said.pop("model", "wan-2.6")]
    picture = Picture(content=b"\xff\xd8\xff", mime="image/jpeg") if said.pop("picture", False) else None
    wire_name = model.picture_wire_name if picture else model.wire_name
    shape = Shape(said.pop("shape", "wide"))
    return replace(ORDER, wire_name=str(wire_name), extra=model.wire, picture=picture, shape=shape, **said)


@pytest.mark.parametrize("path", exchanges_of("wavespeed"), ids=lambda path: path.stem)
async def test_an_answer_of_wavespeed_is_understood(path: Path) -> None:
    await replay(
        path,
        Replay(
            make=lambda client: WaveSpeed(client, PROTOCOL, VirtualClock()),
            headers={"Authorization": f"Bearer {KEY}"},
            key=KEY,
            order=ordered(json.loads(path.read_text()).get("order", {})),
            refs=[RenderRef(render_id="p-1")],
        ),
    )
