"""Replays an exchange that `sora-bot provider record` wrote, with the adapter of its protocol."""

import json
from pathlib import Path
from typing import Any

from contract import CASES
from raw_service import Told, raw_service
from replayed import Replay, called

from bot.catalogue.model import Shape
from bot.providers.base import RenderRef, RenderRequest
from bot.providers.transport import opened_client

FOLDER = Path(__file__).parents[1] / "exchanges" / "recorded"


async def replay_recorded(path: Path) -> None:
    told = json.loads(path.read_text())
    case = next(each for each in CASES if each.key == told["protocol"])
    answers = [
        Told(status=each["status"], body=each["body"], headers=each.get("headers", {})) for each in told["answers"]
    ]
    async with raw_service(*answers) as service:
        headers = {case.key_header: case.authorization}
        async with opened_client(
            base_url=service.base, headers=headers, submit_timeout_s=5, status_timeout_s=5
        ) as client:
            how = Replay(
                make=case.adapter,
                headers=headers,
                key=case.authorization,
                order=order_of(told["order"]),
                refs=(ref_of(told["ref"], service.base),),
            )
            seen = await called(case.adapter(client), told["call"], how)
        expected = dict(told["expect"])
        sent = expected.pop("sent", {})
        if sent:
            asked = json.loads(service.asked[0].body)
            assert {name: asked.get(name) for name in sent} == sent
        assert {name: seen.get(name) for name in expected} == expected, seen
        assert not service.waiting, "an answer was never asked for"


def order_of(told: dict[str, Any]) -> RenderRequest:
    width, height = told["size_px"]
    return RenderRequest(
        prompt=told["prompt"],
        wire_name=told["wire_name"],
        length_s=told["length_s"],
        shape=Shape(told["shape"]),
        resolution=told["resolution"],
        size_px=(width, height),
        audio=None,
        seed=None,
        picture=None,
        client_key=told["client_key"],
        webhook_url=None,
        extra=told["extra"],
    )


def ref_of(told: dict[str, Any], base: str) -> RenderRef:
    return RenderRef(render_id=told["render_id"], poll_ref=told["poll_ref"].replace("{base}", base))
