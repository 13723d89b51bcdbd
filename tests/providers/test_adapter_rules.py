"""Three rules no adapter may break, whatever its service answers: no second try, no state, only errors of our own."""

import ast
import builtins
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from contract import CASES, Case
from raw_service import RawService, Told, raw_service
from test_contract import LOST, told_by
from virtual_clock import START

import bot.providers
from bot.providers.base import (
    CallsBack,
    FindsRenders,
    PollsMany,
    RenderState,
    RenderStatus,
    TellsBalance,
    VideoProvider,
)
from bot.providers.errors import BY_KIND, ProviderError
from bot.providers.transport import opened_client

ADAPTERS = {each.key.partition("/")[0]: each for each in reversed(CASES)}
"""One variant of each adapter: the rules are about its code."""
over_all = pytest.mark.parametrize("case", ADAPTERS.values(), ids=ADAPTERS)
over_calls = pytest.mark.parametrize(
    "call", ["submit", "poll", "poll_many", "cancel", "find", "check", "download", "balance"]
)
BROKEN = {name: told for name, told in LOST.items() if name != "silence"} | {
    "null": Told(body=b"null"),
    "a_number": Told(body=b"7"),
    "nulls": Told(body={"id": None, "status": None, "data": None, "error": None, "output": None, "task": None}),
    "lists": Told(body={"id": [], "status": [], "data": [[]], "error": [], "output": [None], "items": [None]}),
    "401": Told(status=401, body=b"null"),
    "404": Told(status=404, body={"error": []}),
    "429": Told(status=429, body={"error": 7}, headers={"Retry-After": "a while"}),
    "302": Told(status=302, headers={"Location": "https://elsewhere.example/"}),
}
ONCE = ("drops", "503", "401", "429")
"""After these a second request could only be another try."""
MAY_RAISE_VALUE_ERRORS = {"__init__", "opened_client"}
"""Settings that are wrong are said when an account is opened, before there is anything to call."""


@asynccontextmanager
async def speaking(case: Case, *answers: Told) -> AsyncIterator[tuple[VideoProvider, RawService]]:
    async with raw_service(*answers) as service:
        headers = {case.key_header: case.authorization}
        async with opened_client(
            base_url=service.base, headers=headers, submit_timeout_s=5, status_timeout_s=5
        ) as client:
            yield case.adapter(client), service


async def one(case: Case, adapter: VideoProvider, service: RawService, call: str) -> Any:
    ref = adapter.adopted(case.render_id, case.wire_name)
    match call:
        case "submit":
            return await adapter.submit(case.order())
        case "poll":
            return await adapter.poll(ref)
        case "poll_many":
            return await adapter.poll_many([ref]) if isinstance(adapter, PollsMany) else None
        case "cancel":
            return await adapter.cancel(ref)
        case "find":
            return await adapter.find(START - timedelta(minutes=1)) if isinstance(adapter, FindsRenders) else None
        case "check":
            return await adapter.check()
        case "balance":
            return await adapter.balance() if isinstance(adapter, TellsBalance) else None
        case "download":
            done = RenderStatus(state=RenderState.SUCCEEDED, result_ref=f"{service.base}/film.mp4")
            async with adapter.download(ref, done) as download:
                return b"".join([each async for each in download.chunks])
    raise AssertionError(call)


@over_all
@over_calls
async def test_a_failed_call_is_made_once_and_nothing_but_our_errors_comes_out(case: Case, call: str) -> None:
    async with speaking(case) as (adapter, service):
        for name, told in BROKEN.items():
            service.waiting[:], service.asked[:] = [told] * 60, []
            try:
                await one(case, adapter, service, call)
            except ProviderError as error:
                said = type(error), error.detail
            except Exception as error:  # noqa: BLE001 - whatever it is, it must not come out
                pytest.fail(f"{name}: {type(error).__name__}: {error}")
            else:
                continue
            assert said[0] in BY_KIND.values(), name
            assert said[1], name
            if name in ONCE:
                assert len(service.asked) <= 1, f"{name}: adapters do not try again"


@over_all
async def test_nothing_is_remembered_between_calls(case: Case) -> None:
    """What it is opened with is all it has: any process may look at what another one started."""
    answers = [Told(body=case.accepted), told_by(case, "CONTEMPLATING"), *[Told(status=404)] * 20]
    async with speaking(case, *answers) as (adapter, service):
        before = _held(adapter)
        await adapter.submit(case.order())
        await adapter.poll(adapter.adopted(case.render_id, case.wire_name))
        for call in ("cancel", "find", "check", "balance"):
            try:
                await one(case, adapter, service, call)
            except ProviderError:
                continue
        if isinstance(adapter, CallsBack):
            await adapter.called_back(b"{}")
        assert _held(adapter) == before


def _held(adapter: object) -> dict[str, Any]:
    """Every value of an adapter by its identity, and in what it holds of ours likewise."""
    found: dict[str, Any] = {}
    for name, value in vars(adapter).items():
        inner = vars(value) if type(value).__module__.startswith("bot.providers") and hasattr(value, "__dict__") else {}
        found[name] = (id(value), {key: id(each) for key, each in inner.items()}, repr(value) if _plain(value) else "")
    return found


def _plain(value: object) -> bool:
    return isinstance(value, (str, int, float, list, dict, set, tuple))


def _raised() -> list[tuple[str, str, str]]:
    """(file, function, class) of every builtin exception that an adapter's file raises by name."""
    found = []
    for path in sorted(Path(bot.providers.__path__[0]).glob("*.py")):
        tree = ast.parse(path.read_text())
        for function in ast.walk(tree):
            if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            for node in ast.walk(function):
                raised = node.exc if isinstance(node, ast.Raise) else None
                name = raised.func if isinstance(raised, ast.Call) else raised
                if isinstance(name, ast.Name) and isinstance(getattr(builtins, name.id, None), type):
                    found.append((path.name, function.name, name.id))
    return found


def test_builtin_errors_are_raised_only_while_an_account_is_opened() -> None:
    assert [each for each in _raised() if each[1] not in MAY_RAISE_VALUE_ERRORS or each[2] != "ValueError"] == []
