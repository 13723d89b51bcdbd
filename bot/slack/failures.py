"""What a call to Slack may raise, and nothing else. One translation point: `slack_failures`.

SlackFailure          was it done?   what follows
├─ CannotPost         no             this place takes nothing from us: another place
├─ ThreadGone         no             the parent is gone or closed: the channel, else another place
├─ Gone               no             our message cannot be edited any more: a new one, once
├─ FileGone           no             Slack does not know the file
├─ FilesRefused       no             this workspace takes no such file: keep it, tell why
├─ TryLater           no             too fast; `retry_after_s` is Slack's own figure
├─ NotSent            no             never connected: again after a while
├─ TokenDead          no             stop; only a person with a new token can help
├─ MissingScope       no             one feature is off; `needed` says which
├─ Ours               no             a request that Slack does not understand: our bug
├─ Unfamiliar         no             a code this table does not know: reported loudly
└─ OutcomeUnknown     perhaps        repeat only what may be done twice

Codes: slack facts sections 4, 6, 9 and 17, from docs.slack.dev, read 2026-11-21.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

_log = logging.getLogger(__name__)

RETRY_AFTER_S = 5.0
"""For a 429 that does not say."""


class SlackFailure(Exception):
    """`code` is Slack's own word, `method` the call; neither holds anything a person wrote."""

    def __init__(self, method: str, code: str) -> None:
        super().__init__(method, code)
        self.method, self.code = method, code


class CannotPost(SlackFailure):
    pass


class ThreadGone(SlackFailure):
    pass


class Gone(SlackFailure):
    pass


class FileGone(SlackFailure):
    pass


class FilesRefused(SlackFailure):
    pass


class TryLater(SlackFailure):
    def __init__(self, method: str, code: str, retry_after_s: float) -> None:
        super().__init__(method, code)
        self.retry_after_s = retry_after_s


class NotSent(SlackFailure):
    pass


class TokenDead(SlackFailure):
    pass


class MissingScope(SlackFailure):
    def __init__(self, method: str, code: str, needed: str) -> None:
        super().__init__(method, code)
        self.needed = needed


class Ours(SlackFailure):
    pass


class Unfamiliar(SlackFailure):
    pass


class OutcomeUnknown(SlackFailure):
    pass


_CODES: Mapping[type[SlackFailure], tuple[str, ...]] = {
    CannotPost: (
        "not_in_channel",
        "channel_not_found",
        "is_archived",
        "restricted_action",
        "restricted_action_read_only_channel",
        "restricted_action_thread_only_channel",
        "restricted_action_non_threadable_channel",
        "restricted_action_thread_locked",
        "thread_locked",
        "posting_to_channel_denied",
        "messages_tab_disabled",
        "ekm_access_denied",
        "message_limit_exceeded",
        "team_access_not_granted",
        "access_denied",
        "no_permission",
        "not_allowed",
        "user_not_found",
        "cannot_dm_bot",
        "is_inactive",
        "slack_connect_file_upload_sharing_blocked",
        "slack_connect_blocked_file_type",
        "slack_connect_clip_sharing_blocked",
    ),
    ThreadGone: ("thread_not_found", "invalid_thread_ts", "cannot_reply_to_message"),
    Gone: ("message_not_found", "cant_update_message", "edit_window_closed", "cant_delete_message", "cant_delete_file"),
    FileGone: ("file_not_found", "file_deleted", "files_not_found"),
    FilesRefused: (
        "storage_limit_reached",
        "file_uploads_disabled",
        "file_uploads_except_images_disabled",
        "file_upload_size_restricted",
        "file_type_not_allowed",
    ),
    TokenDead: (
        "invalid_auth",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "not_authed",
        "org_login_required",
    ),
    Ours: (
        "invalid_blocks",
        "invalid_blocks_format",
        "msg_too_long",
        "msg_blocks_too_long",
        "no_text",
        "invalid_arguments",
        "invalid_arg_name",
        "invalid_array_arg",
        "invalid_charset",
        "invalid_form_data",
        "invalid_post_type",
        "missing_post_type",
        "missing_argument",
        "invalid_json",
        "json_not_object",
        "unknown_method",
        "method_not_supported_for_channel_type",
        "streaming_state_conflict",
    ),
    OutcomeUnknown: ("internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"),
}

_KIND = {code: kind for kind, codes in _CODES.items() for code in codes}


def blames_place(code: str) -> bool:
    """Whether another place might take what was refused with this code."""
    return _KIND.get(code) in {CannotPost, ThreadGone}


def blames_token(code: str) -> bool:
    """Whether nothing at all can be said in this workspace any more."""
    return _KIND.get(code) is TokenDead


def failure_of(method: str, answer: Mapping[str, Any], *, status: int, headers: Mapping[str, str]) -> SlackFailure:
    """The failure an HTTP answer from Slack stands for. Everything that is not a clear "no" is an unknown outcome."""
    code = str(answer.get("error") or "")
    if status == 429 or code in {"ratelimited", "rate_limited"}:
        return TryLater(method, "ratelimited", _seconds(headers))
    if status >= 500 or not code:
        return OutcomeUnknown(method, code or f"http_{status}")
    if code == "missing_scope":
        return MissingScope(method, code, str(answer.get("needed") or ""))
    kind = _KIND.get(code)
    if kind is None:
        _log.error("Slack answered with a code we do not know", extra={"method": method, "code": code})
        return Unfamiliar(method, code)
    return kind(method, code)


@contextmanager
def slack_failures(method: str) -> Iterator[None]:
    """Turn everything a call inside may raise into a `SlackFailure`.

    A refused or timed out connection never carried the request; any later break may have come after Slack did it.
    """
    try:
        yield
    except SlackApiError as error:
        raise _of_api_error(method, error) from None  # the original shows the whole request, prompts included
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        raise NotSent(method, type(error).__name__) from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise OutcomeUnknown(method, type(error).__name__) from error
    except (SlackClientError, json.JSONDecodeError) as error:
        raise OutcomeUnknown(method, type(error).__name__) from None


def _of_api_error(method: str, error: SlackApiError) -> SlackFailure:
    answer = error.response
    if not isinstance(answer, AsyncSlackResponse):  # the SDK could not read the body: HTML from something in between
        return OutcomeUnknown(method, "unreadable")
    body = answer.data if isinstance(answer.data, dict) else {}
    return failure_of(method, body, status=answer.status_code, headers=answer.headers)


def _seconds(headers: Mapping[str, str]) -> float:
    given = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    try:
        return min(max(float(given), 1.0), 600.0)
    except ValueError:
        return RETRY_AFTER_S
