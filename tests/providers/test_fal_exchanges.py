"""What the adapter makes of answers that fal is known to give. Each file of tests/exchanges/fal is one test."""

from pathlib import Path

import pytest
from orders import an_order
from replayed import Replay, exchanges_of, replay
from virtual_clock import VirtualClock

from bot.catalogue.loader import load_catalogue
from bot.providers.fal import Fal

CATALOGUE = load_catalogue()
KEY = "id-of-key:secret-of-key"
MODEL = next(each for each in CATALOGUE.models if each.name == "h3-max")
ORDER = an_order(
    prompt="a secret prompt", wire_name="minimax/h3-max/text-to-video", size_px=(1366, 768), extra=MODEL.wire
)


@pytest.mark.parametrize("path", exchanges_of("fal"), ids=lambda path: path.stem)
async def test_an_answer_of_fal_is_understood(path: Path) -> None:
    await replay(
        path,
        Replay(
            make=lambda client: Fal(client, CATALOGUE.protocols["fal"], VirtualClock()),
            headers={"Authorization": f"Key {KEY}"},
            key=KEY,
            order=ORDER,
            adopts="764cabcf-b745-4b3e-ae38-1200304cf45b",
        ),
    )
