"""Replays what a service is known to answer, over a real socket. One file under tests/exchanges is one test.

A file says: `source`, `tag` (how sure it is: A to C, U), `call`, `answers` in their order, and what `expect`s of it:
whatever `called` finds, and besides `says` and `never_says` (part of the words), `asked` ("GET /path?query" of every
request) and `sent` (fields of the first request's JSON).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from raw_service import RawService, Told, raw_service

from bot.providers.base import (
    FindsRenders,
    PollsMany,
    RenderRef,
    RenderRequest,
    RenderStatus,
    TellsBalance,
    VideoProvider,
)
from bot.providers.errors import ProviderError
from bot.providers.transport import opened_client

SINCE = datetime(2026, 6, 10, tzinfo=UTC)
"""From when on `find` is asked for renders."""


@dataclass(frozen=True, kw_only=True)
class Replay:
    """How one adapter is opened and what it is asked about."""

    make: Callable[[httpx.AsyncClient], VideoProvider]
    headers: Mapping[str, str]
    key: str
    """Must stand in no words of a failure."""
    order: RenderRequest
    refs: Sequence[RenderRef] = ()
    """The first is looked at and cancelled, all of them are looked at together."""
    adopts: str = ""
    """The one render's id instead, where its ref depends on the service's address."""


def exchanges_of(service: str) -> list[Path]:
    return sorted((Path(__file__).parents[1] / "exchanges" / service).glob("*.json"))


async def replay(path: Path, how: Replay) -> None:
    """Play one file and compare what came out with what it expects."""
    told = json.loads(path.read_text())
    assert told["source"]
    assert told["tag"][0] in "ABCU"
    answers = [
        Told(
            status=each.get("status", 200),
            body=each.get("body"),
            headers=each.get("headers", {}),
            wire=each.get("wire", "answers"),
        )
        for each in told["answers"]
    ]
    async with raw_service(*answers) as service:
        async with opened_client(
            base_url=service.base, headers=how.headers, submit_timeout_s=5, status_timeout_s=5
        ) as client:
            seen = await called(how.make(client), told["call"], how)
        assert not service.waiting, "an answer was never asked for"
        _compare(dict(told["expect"]), seen, service, how.key)


def _compare(expected: dict[str, Any], seen: dict[str, Any], service: RawService, key: str) -> None:
    said = str(seen.get("says", ""))
    assert key not in said
    assert expected.pop("says", "") in said
    assert expected.pop("never_says", "\0") not in said
    if (asked := expected.pop("asked", None)) is not None:
        assert [f"{each.method} {each.path}" for each in service.asked] == asked
    for name, value in expected.pop("sent", {}).items():
        assert json.loads(service.asked[0].body).get(name) == value, name
    assert expected.get("raises") == seen.get("raises"), said
    for what, value in expected.items():
        value = value.replace("{base}", service.base) if isinstance(value, str) else value
        assert seen.get(what) == value, said


async def called(adapter: VideoProvider, call: str, how: Replay) -> dict[str, Any]:
    """What came out of one call, in the words that the files use."""
    refs = how.refs or [adapter.adopted(how.adopts, how.order.wire_name)]
    try:
        match call:
            case "submit":
                ref = await adapter.submit(how.order)
                return {"render_id": ref.render_id, "poll_ref": ref.poll_ref, "request_id": ref.request_id}
            case "poll":
                return _status(await adapter.poll(refs[0]))
            case "poll_many":
                assert isinstance(adapter, PollsMany)
                told = await adapter.poll_many(refs)
                return {"told": {name: _short(each) for name, each in told.items()}}
            case "cancel":
                return {"cancelled": await adapter.cancel(refs[0])}
            case "find":
                assert isinstance(adapter, FindsRenders)
                found = await adapter.find(SINCE)
                return {"found": [[each.ref.render_id, each.client_key] for each in found]}
            case "check":
                await adapter.check()
                return {}
            case "balance":
                assert isinstance(adapter, TellsBalance)
                return {"left_usd_micros": await adapter.balance()}
            case "download":
                status = await adapter.poll(refs[0])
                async with adapter.download(refs[0], status) as download:
                    return {"file": b"".join([each async for each in download.chunks]).decode()}
    except ProviderError as error:
        return {"raises": error.kind, "says": error.detail, "retry_after_s": error.retry_after_s, "code": error.code}
    raise AssertionError(f"no call is named {call}")


def _status(status: RenderStatus) -> dict[str, Any]:
    seen = {
        "state": status.state.value,
        "result_ref": status.result_ref,
        "unknown_word": status.unknown_word,
        "progress": status.progress,
        "cost_usd_micros": status.cost_usd_micros,
    }
    return seen | ({"failure": status.failure.kind, "says": status.failure.detail} if status.failure else {})


def _short(answer: RenderStatus | ProviderError) -> str:
    return answer.kind if isinstance(answer, ProviderError) else answer.state.value
