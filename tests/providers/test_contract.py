"""The contract of `contract.py` over every adapter: nothing paid twice, no key let out, every failure of a kind."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from contract import CASES, CATALOGUE, Case
from raw_service import RawService, Told, raw_service

from bot.providers.base import FindsRenders, RenderState, VideoProvider
from bot.providers.errors import ProviderError
from bot.providers.transport import opened_client

over_all = pytest.mark.parametrize("case", CASES, ids=lambda case: case.key)

LOST = {
    "drops": Told(wire="drops"),
    "cuts": Told(wire="cuts", body={"id": "x" * 50}),
    "silence": Told(wire="is_silent"),
    "page": Told(body="<html><head><title>hello</title></head></html>"),
    "nothing": Told(),
    "other_json": Told(body={"hello": "world"}),
    "a_list": Told(body=[1, 2, 3]),
    "a_flood": Told(body=b" " * 2_000_000),
    "brackets": Told(body=b"[" * 200_000),
    "500": Told(status=500, body={"oops": 1}),
    "502": Told(status=502, body="<html>bad gateway</html>"),
    "503": Told(status=503, body="", headers={"Retry-After": "5"}),
    "504": Told(status=504, body=""),
}
REFUSED = {
    400: "invalid_request",
    401: "auth",
    402: "quota",
    404: "retired",
    422: "invalid_request",
    429: "rate_limited",
}

LOOKED = {401: "auth", 404: "not_found", 429: "rate_limited", 503: "capacity"}


@asynccontextmanager
async def speaking(case: Case, *answers: Told, **facts: Any) -> AsyncIterator[tuple[VideoProvider, RawService]]:
    async with raw_service(*answers) as service:
        async with opened_client(
            base_url=service.base,
            headers={case.key_header: case.authorization},
            submit_timeout_s=2,
            status_timeout_s=2,
        ) as client:
            yield case.adapter(client, submit_timeout_s=0.5, status_timeout_s=0.5, **facts), service


def told_by(case: Case, word: str) -> Told:
    return Told(body=case.around({**case.running, case.state_field: word}))


async def failure_of(case: Case, call: str, *answers: Told) -> ProviderError:
    async with speaking(case, *answers) as (adapter, service):
        with pytest.raises(ProviderError) as caught:
            await one(case, adapter, call)
    assert len(service.asked) == 1, "adapters do not try again"
    return caught.value


async def one(case: Case, adapter: VideoProvider, call: str) -> Any:
    match call:
        case "submit":
            return await adapter.submit(case.order())
        case "poll":
            return await adapter.poll(adapter.adopted(case.render_id, case.wire_name))
        case "check":
            return await adapter.check()
    raise AssertionError(call)


def test_every_protocol_that_goes_over_a_wire_stands_in_the_contract() -> None:
    spoken = {each.key for each in CASES}
    assert spoken == {key for key in CATALOGUE.protocols if key != "preview"}


@over_all
async def test_what_the_catalogue_says_can_be_searched_can_be(case: Case) -> None:
    async with speaking(case, Told(body=case.accepted)) as (adapter, _):
        assert isinstance(adapter, FindsRenders) or not case.protocol.lists


@over_all
async def test_an_accepted_submit_brings_the_id_that_a_webhook_would(case: Case) -> None:
    async with speaking(case, Told(body=case.accepted)) as (adapter, service):
        ref = await adapter.submit(case.order())
    assert ref.render_id == case.render_id
    assert len(service.asked) == 1
    assert case.order().prompt.encode() in service.asked[0].body.replace(b"+", b" ")
    assert service.asked[0].headers[case.key_header.lower()] == case.authorization


@over_all
async def test_an_id_that_would_name_another_place_is_none(case: Case) -> None:
    accepted = json.loads(json.dumps(case.accepted).replace(case.render_id, ".."))
    assert (await failure_of(case, "submit", Told(body=accepted))).kind == "outcome_unknown"


@over_all
@pytest.mark.parametrize("loss", LOST)
async def test_a_submit_without_a_clear_answer_is_open_and_sent_once(case: Case, loss: str) -> None:
    assert (await failure_of(case, "submit", LOST[loss])).kind == "outcome_unknown"


@over_all
@pytest.mark.parametrize("loss", LOST)
async def test_a_look_without_a_clear_answer_says_nothing_about_the_render(case: Case, loss: str) -> None:
    failure = await failure_of(case, "poll", LOST[loss])
    assert failure.kind in {"capacity", "timeout"}


@over_all
async def test_a_refused_connection_means_that_nothing_was_sent(case: Case) -> None:
    async with speaking(case) as (adapter, service):
        await service.stop_listening()
        for call in ("submit", "poll", "check"):
            with pytest.raises(ProviderError) as caught:
                await one(case, adapter, call)
            assert caught.value.kind == "unreachable"


@over_all
@pytest.mark.parametrize("status", REFUSED)
async def test_a_4xx_to_a_submit_is_a_refusal_of_its_kind(case: Case, status: int) -> None:
    headers = {"Retry-After": "7", "X-Request-Id": "req-1"}
    failure = await failure_of(case, "submit", Told(status=status, body=case.refused, headers=headers))
    assert failure.kind == REFUSED[status]
    assert (failure.http_status, failure.retry_after_s, failure.request_id) == (status, 7.0, "req-1")


@over_all
async def test_a_5xx_is_a_refusal_only_where_the_catalogue_lists_it(case: Case) -> None:
    verdicts = {(503, "busy"): "capacity", (503, "other"): "outcome_unknown", (500, "busy"): "outcome_unknown"}
    for listed, kind in verdicts.items():
        told = Told(status=503, body=case.busy)
        async with speaking(case, told, not_accepted=frozenset({listed})) as (adapter, _):
            with pytest.raises(ProviderError) as caught:
                await adapter.submit(case.order())
        assert caught.value.kind == kind, listed


@over_all
@pytest.mark.parametrize("status", LOOKED)
async def test_a_refused_look_is_of_its_kind(case: Case, status: int) -> None:
    assert (await failure_of(case, "poll", Told(status=status, body=case.refused))).kind == LOOKED[status]


@over_all
async def test_a_wrong_key_shows_in_a_free_check(case: Case) -> None:
    assert (await failure_of(case, "check", Told(status=401, body=case.refused))).kind == "auth"


@over_all
@pytest.mark.parametrize("call", ["submit", "poll", "check"])
async def test_no_failure_repeats_the_key_even_when_the_service_does(case: Case, call: str) -> None:
    key = case.authorization.rpartition(" ")[2]
    body = {"error": {"message": f"wrong key {key}"}, "detail": f"wrong key {key}", "message": f"wrong key {key}"}
    failure = await failure_of(case, call, Told(status=401, body=body))
    assert key not in repr(failure) + str(failure.args) + str(failure.__cause__)


@over_all
async def test_an_unknown_word_is_pending_and_said(case: Case) -> None:
    async with speaking(case, told_by(case, "CONTEMPLATING")) as (adapter, _):
        status = await one(case, adapter, "poll")
    assert (status.state, status.unknown_word) == (RenderState.RUNNING, "CONTEMPLATING")


@over_all
async def test_a_render_turned_down_for_its_content_is_moderated(case: Case) -> None:
    async with speaking(case, *case.failed) as (adapter, service):
        status = await one(case, adapter, "poll")
    assert not service.waiting
    assert status.state is RenderState.FAILED
    assert status.failure is not None
    assert status.failure.kind == "moderation"


@over_all
async def test_a_finished_render_can_be_fetched_again_and_again(case: Case) -> None:
    async with speaking(case, *case.finished, case.finished[-1]) as (adapter, service):
        ref = adapter.adopted(case.render_id, case.wire_name)
        status = await adapter.poll(ref)
        assert status.state is RenderState.SUCCEEDED
        for _ in range(2):
            async with adapter.download(ref, status) as download:
                assert b"".join([each async for each in download.chunks]) == b"film"
            assert download.length == 4
    assert not service.waiting


@over_all
async def test_a_file_behind_an_inside_address_is_not_fetched(case: Case) -> None:
    inside = Told(status=302, headers={"Location": "https://192.168.0.1/film.mp4"})
    async with speaking(case, *case.finished[:-1], inside) as (adapter, _):
        ref = adapter.adopted(case.render_id, case.wire_name)
        status = await adapter.poll(ref)
        with pytest.raises(ProviderError) as caught:
            async with adapter.download(ref, status):
                pass
    assert caught.value.kind == "unreachable"


@over_all
async def test_nonsense_is_never_taken_for_a_webhook(case: Case) -> None:
    async with speaking(case) as (adapter, _):
        for body in (b"", b"{}", b"\xff", b"[" * 10_000):
            assert await adapter.verify_webhook({}, body) is None
            assert await adapter.verify_webhook({"webhook-id": "x", "webhook-timestamp": "1"}, body) is None
