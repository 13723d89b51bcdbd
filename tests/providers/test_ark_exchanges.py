"""What the adapter makes of answers that Ark is known to give. Each file of tests/exchanges/ark is one test."""

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
from bot.providers.ark import Ark
from bot.providers.base import Picture, RenderRef

CATALOGUE = load_catalogue()
KEY = "sk-ark-0123456789abcdef"
RENDER_IDS = ("cgt-20261121120000-abcde", "cgt-2", "cgt-3")
ORDER = an_order(
    prompt="a secret prompt",
    wire_name="dreamina-seedance-2-0-260128",
    audio=True,
    seed=7,
    webhook_url="https://bot.example/hooks/ark",
)
PICTURE = Picture(content=b"\xff\xd8\xff\xe0", mime="image/jpeg")


@pytest.mark.parametrize("path", exchanges_of("ark"), ids=lambda path: path.stem)
async def test_an_answer_of_ark_is_understood(path: Path) -> None:
    told = json.loads(path.read_text())
    protocol = CATALOGUE.protocols[told.get("protocol", "ark/byteplus")]
    clock = VirtualClock(SINCE + timedelta(days=told.get("days_later", 3)))

    def ark(client: httpx.AsyncClient) -> Ark:
        return Ark(client, protocol, clock)

    await replay(
        path,
        Replay(
            make=ark,
            headers={"Authorization": f"Bearer {KEY}"},
            key=KEY,
            order=replace(ORDER, picture=PICTURE) if told.get("picture") else ORDER,
            refs=[RenderRef(render_id=each) for each in RENDER_IDS],
        ),
    )
