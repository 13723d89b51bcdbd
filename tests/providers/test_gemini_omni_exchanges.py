"""What the adapter makes of answers that Google is known to give. Each file of the folder is one test."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from contract_case import CATALOGUE
from orders import an_order
from replayed import Replay, exchanges_of, replay
from virtual_clock import VirtualClock

from bot.providers.base import Picture, RenderRef
from bot.providers.gemini_omni import GeminiOmni

KEY = "AIzaReplayed0123456789"
ORDER = an_order(prompt="a secret prompt", wire_name="gemini-omni-1.1-flash", webhook_url="https://bot.example/hooks/1")
HOW = Replay(
    make=lambda client: GeminiOmni(client, CATALOGUE.protocols["gemini_omni"], VirtualClock()),
    headers={"x-goog-api-key": KEY},
    key=KEY,
    order=ORDER,
    refs=(RenderRef(render_id="v1_ChdHb29nbGVPbW5p"),),
)
PICTURE = Picture(content=b"\xff\xd8\xe0", mime="image/jpeg")


@pytest.mark.parametrize("path", exchanges_of("gemini_omni"), ids=lambda path: path.stem)
async def test_an_answer_of_google_is_understood(path: Path) -> None:
    with_picture = json.loads(path.read_text()).get("picture", False)
    await replay(path, replace(HOW, order=replace(ORDER, picture=PICTURE)) if with_picture else HOW)
