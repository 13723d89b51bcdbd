"""Every way a call to Slack can end, as a typed failure, over a real socket."""

import logging
import socket

import pytest
from breaking_slack import Busy, Drop, DropAfter, Fault, HangAfter, Page, Refuse, breaking_slack

from bot.slack.client import opened_slack
from bot.slack.failures import (
    CannotPost,
    FileGone,
    FilesRefused,
    Gone,
    MissingScope,
    NotSent,
    Ours,
    OutcomeUnknown,
    SlackFailure,
    ThreadGone,
    TokenDead,
    TryLater,
    Unfamiliar,
    blames_place,
    slack_failures,
)


async def failure_after(fault: Fault) -> SlackFailure:
    async with breaking_slack() as (slack, door):
        slack.faults["chat.postMessage"] = [fault]
        with pytest.raises(SlackFailure) as raised, slack_failures("chat.postMessage"):
            await door.worker.chat_postMessage(channel="C1", text="a secret prompt")
        assert len(slack.named("chat.postMessage")) == 1
        assert "secret" not in repr(raised.value)
        return raised.value


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Refuse("not_in_channel"), CannotPost),
        (Refuse("restricted_action_thread_locked"), CannotPost),
        (Refuse("thread_not_found"), ThreadGone),
        (Refuse("message_not_found"), Gone),
        (Refuse("file_not_found"), FileGone),
        (Refuse("storage_limit_reached"), FilesRefused),
        (Refuse("token_revoked"), TokenDead),
        (Refuse("invalid_blocks"), Ours),
        (Refuse("fatal_error"), OutcomeUnknown),
        (Refuse("something_new"), Unfamiliar),
        (Page(502), OutcomeUnknown),
        (Page(200), OutcomeUnknown),
        (Drop(), OutcomeUnknown),
        (DropAfter(), OutcomeUnknown),
    ],
    ids=str,
)
async def test_one_call_one_kind_and_no_second_post(fault: Fault, kind: type[SlackFailure]) -> None:
    assert type(await failure_after(fault)) is kind


async def test_too_fast_is_an_answer_with_slacks_own_figure() -> None:
    failure = await failure_after(Busy(30))
    assert isinstance(failure, TryLater)
    assert failure.retry_after_s == 30


async def test_a_missing_scope_says_which() -> None:
    failure = await failure_after(Refuse("missing_scope", {"needed": "files:write"}))
    assert isinstance(failure, MissingScope)
    assert failure.needed == "files:write"


async def test_a_code_nobody_knows_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        await failure_after(Refuse("something_new"))
    assert "we do not know" in caplog.text


async def test_a_refused_connection_was_never_sent() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    async with opened_slack(token="xoxb-test", base_url=f"http://127.0.0.1:{port}/api/") as door:
        with pytest.raises(NotSent), slack_failures("chat.postMessage"):
            await door.worker.chat_postMessage(channel="C1", text="x")


async def test_silence_ends_after_the_timeout_as_unknown() -> None:
    async with breaking_slack() as (slack, _):
        slack.faults["chat.postMessage"] = [HangAfter()]
        async with opened_slack(token="xoxb-test", base_url=f"{slack.url}/api/", timeout_s=0.2) as door:
            with pytest.raises(OutcomeUnknown), slack_failures("chat.postMessage"):
                await door.worker.chat_postMessage(channel="C1", text="x")
        assert len(slack.posts) == 1


def test_only_some_refusals_blame_the_place() -> None:
    assert blames_place("is_archived")
    assert blames_place("slack_connect_blocked_file_type")
    assert not blames_place("storage_limit_reached")
    assert not blames_place("token_revoked")
    assert not blames_place("unreachable")
