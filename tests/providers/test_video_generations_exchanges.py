"""What the adapter makes of answers that relays are known to give. Each file of the folder is one test."""

import json
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from contract_case import CATALOGUE
from orders import an_order
from raw_service import Told, raw_service
from replayed import Replay, exchanges_of, replay

from bot.providers.base import Picture, RenderRef
from bot.providers.transport import opened_client
from bot.providers.video_generations import VideoGenerations

KEY = "sk-replayed-0123456789"
ORDER = an_order(prompt="a secret prompt", wire_name="m", webhook_url="https://bot.example/hooks/1")
PICTURE = Picture(content=b"\xff\xd8\xe0", mime="image/jpeg")
REF = RenderRef(render_id="task-unified-1761313744-vux2jw0k")


def how(told: dict[str, object]) -> Replay:
    """The variant and the order that a file speaks of."""
    protocol = CATALOGUE.protocols[f"video_generations/{told['variant']}"]
    changes = {name: told[name] for name in ("audio", "seed") if name in told}
    order = replace(ORDER, picture=PICTURE if told.get("picture") else None, **changes)

    def make(client: httpx.AsyncClient) -> VideoGenerations:
        return VideoGenerations(client, protocol)

    return Replay(make=make, headers={"Authorization": f"Bearer {KEY}"}, key=KEY, order=order, refs=(REF,))


@pytest.mark.parametrize("path", exchanges_of("video_generations"), ids=lambda path: path.stem)
async def test_an_answer_of_a_relay_is_understood(path: Path) -> None:
    await replay(path, how(json.loads(path.read_text())))


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/"])
async def test_the_address_may_be_pasted_with_its_version_or_without(suffix: str) -> None:
    async with raw_service(Told(body={"data": []})) as service:
        async with opened_client(
            base_url=f"{service.base}{suffix}", headers={}, submit_timeout_s=1, status_timeout_s=1
        ) as client:
            await VideoGenerations(client, CATALOGUE.protocols["video_generations/relay"]).check()
    assert [each.path for each in service.asked] == ["/v1/models"]


async def test_a_callback_is_never_taken_for_genuine() -> None:
    """It is unsigned: whoever knows the address could send it."""
    async with opened_client(
        base_url="http://127.0.0.1:1", headers={}, submit_timeout_s=1, status_timeout_s=1
    ) as client:
        adapter = VideoGenerations(client, CATALOGUE.protocols["video_generations/evolink"])
        assert await adapter.verify_webhook({}, b'{"id": "task-1", "status": "completed"}') is None
