"""What the adapters make of answers that Kling is known to give. Each file of tests/exchanges/kling* is one test."""

import json
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from orders import an_order
from replayed import Replay, exchanges_of, replay
from virtual_clock import VirtualClock

from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import Model
from bot.providers.base import Picture, RenderRef, RenderRequest
from bot.providers.kling import Kling
from bot.providers.kling_legacy import KlingLegacy

CATALOGUE = load_catalogue()
KEY = "kling-0123456789abcdef"
RENDER_IDS = ("893605946402811985", "2", "3", "4")
PICTURE = Picture(content=b"\xff\xd8\xff\xe0", mime="image/jpeg")


def _order(model: Model, picture: Picture | None) -> RenderRequest:
    return an_order(
        prompt="a secret prompt",
        wire_name=str(model.picture_wire_name if picture else model.wire_name),
        picture=picture,
        webhook_url="https://bot.example/hooks/kling",
        extra=model.wire,
    )


def _how(path: Path, protocol: str) -> Replay:
    told = json.loads(path.read_text())
    name = told.get("model", "kling-3.0")
    model = next(each for each in CATALOGUE.models if (each.protocol, each.name) == (protocol, name))

    def kling(client: httpx.AsyncClient) -> Kling | KlingLegacy:
        adapter = Kling if protocol == "kling" else KlingLegacy
        return adapter(client, CATALOGUE.protocols[protocol], VirtualClock())

    return Replay(
        make=kling,
        headers={"Authorization": f"Bearer {KEY}"},
        key=KEY,
        order=_order(model, PICTURE if told.get("picture") else None),
        refs=[RenderRef(render_id=each) for each in RENDER_IDS],
    )


@pytest.mark.parametrize("path", exchanges_of("kling"), ids=lambda path: path.stem)
async def test_an_answer_of_kling_is_understood(path: Path) -> None:
    await replay(path, _how(path, "kling"))


@pytest.mark.parametrize("path", exchanges_of("kling_legacy"), ids=lambda path: path.stem)
async def test_an_answer_of_klings_older_style_is_understood(path: Path) -> None:
    ref = RenderRef(render_id="831922345719271433", poll_ref="text2video")
    await replay(path, replace(_how(path, "kling_legacy"), refs=[ref]))
