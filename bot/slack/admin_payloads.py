"""The admins' form as Slack sends it back, as a value."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.slack.admin_ports import AdminChoices
from bot.slack.ids import ActionId
from bot.slack.payloads import Body, Caller, caller_of
from bot.slack.views.admin import ADMINS_MAX, CHANNELS_MAX, KIND_FIELDS

PERSON = re.compile(r"[UW][A-Z0-9]{2,30}")
PLACE = re.compile(r"[CG][A-Z0-9]{2,30}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SentSettings:
    caller: Caller
    view_id: str
    was_version: int
    wanted: AdminChoices


def settings_of(body: Body, *, has_mail: bool) -> SentSettings | None:
    """`has_mail`: the form had a box for e-mail, so an empty one is a no. None: not a form of ours any more."""
    view = body.get("view")
    if not isinstance(view, dict) or not str(view.get("private_metadata", "")).isdecimal():
        return None
    fields = _fields(view.get("state"))
    channels = {
        kind: _ids(fields, action, "selected_conversations", PLACE)[:CHANNELS_MAX]
        for kind, action in KIND_FIELDS.items()
    }
    box = fields.get(ActionId.SETTINGS_MAIL.value, {})
    wanted = AdminChoices(
        admins=_ids(fields, ActionId.SETTINGS_ADMINS, "selected_users", PERSON)[:ADMINS_MAX],
        channels={kind: ids for kind, ids in channels.items() if ids},
        mail=bool(box.get("selected_options")) if has_mail else True,
    )
    return SentSettings(
        caller=caller_of(body),
        view_id=str(view.get("id", "")),
        was_version=int(view["private_metadata"]),
        wanted=wanted,
    )


def _fields(state: Any) -> dict[str, Mapping[str, Any]]:
    """Each field's value by its action's name."""
    values = state.get("values") if isinstance(state, dict) else None
    found: dict[str, Mapping[str, Any]] = {}
    for block in values.values() if isinstance(values, dict) else ():
        if isinstance(block, dict):
            found |= {name: value for name, value in block.items() if isinstance(value, dict)}
    return found


def _ids(
    fields: Mapping[str, Mapping[str, Any]], action: ActionId, name: str, shape: "re.Pattern[str]"
) -> tuple[str, ...]:
    chosen = fields.get(action.value, {}).get(name)
    ids = [str(each) for each in chosen] if isinstance(chosen, list) else []
    return tuple(dict.fromkeys(each for each in ids if shape.fullmatch(each)))
