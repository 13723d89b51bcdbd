"""Opening and redrawing forms. A trigger lives three seconds and works once."""

import logging
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.failures import slack_failures

_log = logging.getLogger(__name__)

_TRIGGER_GONE = frozenset({"expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id", "trigger_expired"})
_PASSED_BY = frozenset({"hash_conflict", "not_found", "view_not_found"})
"""A newer drawing is there, or the form is closed: ours is not wanted any more."""


_BAD_BLOCKS = frozenset({"invalid_blocks", "invalid_arguments"})
NOT_SHOWN = "Slack does not show your picture here; it is kept, and sent as it was chosen."


async def open_modal(client: AsyncWebClient, trigger_id: str, view: dict[str, Any]) -> str | None:
    """`views.open`; the view's id. None: the trigger was too old, or Slack too slow to tell.

    Raises:
        SlackFailure: anything else Slack refuses.
    """
    try:
        answer = await client.views_open(trigger_id=trigger_id, view=view)
        return str(answer["view"]["id"])
    except (aiohttp.ClientError, TimeoutError):
        return None
    except SlackApiError as error:
        if _is_trigger_trouble(error):
            return None
        with slack_failures("views.open"):
            raise
        return None


async def update_modal(client: AsyncWebClient, view_id: str, view: dict[str, Any], *, view_hash: str = "") -> bool:
    """`views.update`, given up when somebody was faster. A lost answer is no harm: the next change draws again.

    A form whose picture Slack refuses to show is drawn without it, and says so.
    """
    try:
        if view_hash:
            await client.views_update(view_id=view_id, view=view, hash=view_hash)
        else:
            await client.views_update(view_id=view_id, view=view)
    except (aiohttp.ClientError, TimeoutError) as error:
        _log.warning("a form was not redrawn", extra={"error": type(error).__name__})
        return False
    except SlackApiError as error:
        if error.response.get("error") in _PASSED_BY:
            return False
        if error.response.get("error") in _BAD_BLOCKS and (plain := without_pictures(view)) != view:
            return await update_modal(client, view_id, plain, view_hash=view_hash)
        with slack_failures("views.update"):
            raise
    return True


def without_pictures(view: dict[str, Any]) -> dict[str, Any]:
    words = {"type": "context", "elements": [{"type": "mrkdwn", "text": NOT_SHOWN}]}
    return {**view, "blocks": [words if each["type"] == "image" else each for each in view.get("blocks", [])]}


def _is_trigger_trouble(error: SlackApiError) -> bool:
    """Also `invalid_arguments` with the trigger named in the text (slackapi/node-slack-sdk#1131)."""
    code = error.response.get("error")
    if code in _TRIGGER_GONE:
        return True
    told = str(error.response.get("response_metadata", ""))
    return code == "invalid_arguments" and "trigger" in told
