"""What the adapter asks and what it makes of the answers. Each file of tests/exchanges/openai_videos is one test."""

import email
import email.policy
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from orders import an_order
from raw_service import Asked, RawService, Told, raw_service
from virtual_clock import VirtualClock

from bot.catalogue.loader import load_catalogue
from bot.providers.base import Picture, RenderRef, RenderState, RenderStatus
from bot.providers.errors import ProviderError
from bot.providers.openai_videos import OpenAIVideos
from bot.providers.transport import opened_client

EXCHANGES = sorted((Path(__file__).parents[1] / "exchanges" / "openai_videos").glob("*.json"))
CATALOGUE = load_catalogue()
KEY = "sk-test-0123456789abcdef"
RENDER_ID = "video_68d7512d07848190b3e45da0ecbebcde004da08e1e0678d5"
SINCE = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
ORDER = an_order(wire_name="sora-2", length_s=8, webhook_url="https://bot.example/hooks/1")
PICTURE = Picture(content=b"\xff\xd8\xff\xe0 not quite a picture", mime="image/jpeg")


async def called(videos: OpenAIVideos, told: Mapping[str, Any], base: str) -> dict[str, Any]:
    """What came out of one call, in the words the files use."""
    order = told.get("order", {})
    ref = RenderRef(render_id=order.get("render_id", RENDER_ID))
    try:
        match told["call"]:
            case "submit":
                picture = PICTURE if order.get("picture") else None
                accepted = await videos.submit(replace(ORDER, picture=picture, seed=order.get("seed")))
                return {"render_id": accepted.render_id, "request_id": accepted.request_id}
            case "download":
                link = order.get("result_ref", "").replace("{base}", base)
                status = RenderStatus(state=RenderState.SUCCEEDED, result_ref=link)
                async with videos.download(ref, status) as download:
                    return {"bytes": len(b"".join([each async for each in download.chunks]))}
            case "find":
                return {"found": [each.ref.render_id for each in await videos.find(SINCE)]}
            case "cancel":
                return {"cancelled": await videos.cancel(ref)}
            case "check":
                await videos.check()
                return {}
        for _ in range(order.get("looks", 1)):
            status = await videos.poll(ref)
    except ProviderError as error:
        return {"raises": error.kind, "says": str(error), "retry_after_s": error.retry_after_s}
    return {name: getattr(status, name) for name in ("progress", "poll_after_s", "result_ref", "unknown_word")} | {
        "state": status.state.value,
        "failure": status.failure.kind if status.failure else None,
        "says": str(status.failure or ""),
    }


def answers_of(told: Mapping[str, Any]) -> list[Told]:
    def with_key(body: Any) -> Any:
        return json.loads(json.dumps(body).replace("{key}", KEY))

    return [Told(**(each | ({"body": with_key(each["body"])} if "body" in each else {}))) for each in told["answers"]]


@pytest.mark.parametrize("path", EXCHANGES, ids=lambda path: path.stem)
async def test_an_exchange_goes_as_recorded(path: Path) -> None:
    told = json.loads(path.read_text())
    assert len(told["source"]) > 3
    assert told["tag"] in set("ABCU")
    order = told.get("order", {})
    protocol = replace(
        CATALOGUE.protocols[f"openai_videos/{told['variant']}"],
        submit_timeout_s=0.3 if told["answers"] and told["answers"][0].get("wire") == "is_silent" else 5.0,
        status_timeout_s=0.3 if told["answers"] and told["answers"][0].get("wire") == "is_silent" else 5.0,
        not_accepted=frozenset((status, code) for status, code in order.get("not_accepted", [])),
    )
    async with raw_service(*answers_of(told)) as service:
        if order.get("closed"):
            await service.stop_listening()
        async with opened_client(
            base_url=f"{service.base}/v1",
            headers={"Authorization": f"Bearer {KEY}"},
            submit_timeout_s=5,
            status_timeout_s=5,
        ) as client:
            seen = await called(OpenAIVideos(client, protocol, VirtualClock()), told, service.base)
    judge(told, seen, service)


def judge(told: Mapping[str, Any], seen: dict[str, Any], service: RawService) -> None:
    said = str(seen.get("says", ""))
    expected = dict(told["expect"])
    assert KEY not in said
    assert expected.pop("says", "") in said
    assert ("raises" in seen) == ("raises" in expected), seen
    for what, value in expected.items():
        assert seen.get(what) == value, seen
    assert not service.waiting, "an answer was never asked for"
    assert len(service.asked) == len(told["answers"]), "asked more often than there were answers"
    if told["call"] == "submit":
        assert len(service.asked) <= 1, "a submit goes out once"
    if "request" in told:
        judge_request(told["request"], service.asked[0])


def judge_request(expected: Mapping[str, Any], asked: Asked) -> None:
    assert (asked.method, asked.path) == (expected["method"], expected["path"])
    if expected.get("with_key"):
        assert asked.headers["authorization"] == f"Bearer {KEY}"
    if "json" in expected:
        assert json.loads(asked.body) == expected["json"]
    if "form" in expected:
        fields, files = form_of(asked)
        assert fields == expected["form"]
        assert files == ({expected["file"]: (PICTURE.mime, PICTURE.content)} if "file" in expected else {})


def form_of(asked: Asked) -> tuple[dict[str, str], dict[str, tuple[str, bytes]]]:
    """Fields and files of a form, read by the standard library and not by what wrote it."""
    kind = asked.headers["content-type"]
    if kind == "application/x-www-form-urlencoded":
        return dict(parse_qsl(asked.body.decode(), strict_parsing=True)), {}
    message = email.message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + asked.body, policy=email.policy.HTTP)
    fields: dict[str, str] = {}
    files: dict[str, tuple[str, bytes]] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if part.get_filename() is None:
            fields[name] = content.decode()
        else:
            files[name] = (part.get_content_type(), content)
    return fields, files
