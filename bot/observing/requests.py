"""`slack.witness.Witness`: how long Slack waited for our answer, whose request it was, and which words are private."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bot.observing.confidential import Confidential
from bot.observing.context import about
from bot.observing.meters import Meters
from bot.slack.witness import Witness

KINDS = {
    "block_actions": "click",
    "view_submission": "form",
    "view_closed": "form",
    "shortcut": "shortcut",
    "message_action": "shortcut",
    "block_suggestion": "options",
    "event_callback": "event",
}


class SlackWitness:
    def __init__(self, *, meters: Meters, confidential: Confidential) -> None:
        self._meters = meters
        self._confidential = confidential

    @contextmanager
    def attends(self, body: Mapping[str, Any]) -> Iterator[None]:
        self._confidential.remember(*typed(body))
        loop = asyncio.get_running_loop()
        begun = loop.time()
        with about(team=team_of(body)):
            yield
        self._meters.ack_s.labels(kind=kind_of(body)).observe(loop.time() - begun)

    def unexpected(self) -> None:
        self._meters.unexpected.labels(where="listener").inc()


def kind_of(body: Mapping[str, Any]) -> str:
    """One of a handful, whatever Slack may send next year."""
    return "command" if "command" in body else KINDS.get(str(body.get("type")), "other")


def team_of(body: Mapping[str, Any]) -> str:
    team = body.get("team")
    return str(body.get("team_id") or (team.get("id") if isinstance(team, Mapping) else "") or "")


def typed(body: Mapping[str, Any]) -> Iterator[str]:
    """What a person wrote in it: a command's text, a message, the fields of a form."""
    message = body.get("message") if body.get("type") == "message_action" else None  # else it is one of ours
    for holder in (body, body.get("event"), message):
        if isinstance(holder, Mapping) and isinstance(holder.get("text"), str):
            yield holder["text"]
    view = body.get("view")
    values = view.get("state", {}).get("values") if isinstance(view, Mapping) else None
    for fields in values.values() if isinstance(values, Mapping) else ():
        for field in fields.values() if isinstance(fields, Mapping) else ():
            if isinstance(field, Mapping) and isinstance(field.get("value"), str):
                yield field["value"]


_: type[Witness] = SlackWitness
