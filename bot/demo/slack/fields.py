"""What stands in the fields of a view: at first, after a person's hand, and after the app redrew it."""

from typing import Any, Final

from bot.demo.slack.refusals import NotOffered
from bot.demo.slack.workspace import Json, View

Values = dict[str, dict[str, Json]]
TEXT_FIELDS: Final = frozenset({"plain_text_input", "email_text_input", "url_text_input", "number_input"})
_INITIAL: Final[dict[str, tuple[str, str, list[Json] | None]]] = {
    "plain_text_input": ("value", "initial_value", None),
    "email_text_input": ("value", "initial_value", None),
    "url_text_input": ("value", "initial_value", None),
    "number_input": ("value", "initial_value", None),
    "rich_text_input": ("rich_text_value", "initial_value", None),
    "static_select": ("selected_option", "initial_option", None),
    "external_select": ("selected_option", "initial_option", None),
    "radio_buttons": ("selected_option", "initial_option", None),
    "checkboxes": ("selected_options", "initial_options", []),
    "multi_static_select": ("selected_options", "initial_options", []),
    "multi_external_select": ("selected_options", "initial_options", []),
    "users_select": ("selected_user", "initial_user", None),
    "multi_users_select": ("selected_users", "initial_users", []),
    "conversations_select": ("selected_conversation", "initial_conversation", None),
    "multi_conversations_select": ("selected_conversations", "initial_conversations", []),
    "channels_select": ("selected_channel", "initial_channel", None),
    "multi_channels_select": ("selected_channels", "initial_channels", []),
    "datepicker": ("selected_date", "initial_date", None),
    "timepicker": ("selected_time", "initial_time", None),
    "datetimepicker": ("selected_date_time", "initial_date_time", None),
    "file_input": ("files", "", []),
}
"""Element to the name of its value in `state.values`, the field that sets it at first, and what stands for nothing."""


def elements_of(block: Json) -> list[Json]:
    found = [block.get("element"), block.get("accessory"), *(block.get("elements") or [])]
    return [each for each in found if isinstance(each, dict) and "action_id" in each]


def first_values(blocks: list[Json], *, channel_id: str | None) -> Values:
    """The fields as the app fills them. `channel_id` is where the person is."""
    values: Values = {}
    for block in blocks:
        for element in elements_of(block):
            if element["type"] in _INITIAL:
                values.setdefault(block["block_id"], {})[element["action_id"]] = _first(element, channel_id)
    return values


def kept_values(old: View, blocks: list[Json]) -> Values:
    """After a redraw: what was entered stays while block and action keep their names and can still hold it."""
    values = first_values(blocks, channel_id=old.channel_id)
    for block in blocks:
        for element in elements_of(block):
            before = old.values.get(block["block_id"], {}).get(element["action_id"])
            if before is not None and before["type"] == element["type"] and _can_hold(element, before):
                values[block["block_id"]][element["action_id"]] = before
    return values


def entered(element: Json, value: Any, files: list[Json]) -> Json:
    """The entry for what a person chose or typed; an option is named by its value.

    Raises:
        NotOffered: the field does not offer it.
    """
    name, _, nothing = _INITIAL[element["type"]]
    entry: Json = {"type": element["type"]}
    if value is None or value == []:
        return entry | {name: nothing}
    match element["type"]:
        case "file_input":
            return entry | {name: files}
        case "checkboxes" | "multi_static_select" | "multi_external_select":
            return entry | {name: [option(element, each) for each in value]}
        case "static_select" | "radio_buttons" | "external_select":
            return entry | {name: option(element, value)}
        case _:
            return entry | {name: value}


def option(element: Json, value: str) -> Json:
    """The option with this value, without what only the app sees of it."""
    for each in _options(element):
        if each["value"] == value:
            return dict(each)
    raise NotOffered(
        f"{element['action_id']} does not offer {value}; it offers {[o['value'] for o in _options(element)]}"
    )


def complaint(block: Json, entry: Json | None) -> str:
    """What the client itself says before it sends a form; empty: nothing."""
    element = block["element"]
    name = _INITIAL[element["type"]][0]
    value = (entry or {}).get(name)
    if not value:
        return "" if block.get("optional") else "Please complete this required field."
    if element["type"] in TEXT_FIELDS:
        least, most = element.get("min_length") or 0, element.get("max_length") or 3000
        if len(value) > most:
            return f"Please shorten this to {most} characters or fewer."
        if len(value) < least:
            return f"Please lengthen this to {least} characters or more."
    return ""


def _first(element: Json, channel_id: str | None) -> Json:
    name, initial, nothing = _INITIAL[element["type"]]
    value = element.get(initial) if initial else None
    if value is None and element.get("default_to_current_conversation"):
        value = channel_id
    return {"type": element["type"], name: nothing if value is None else value}


def _can_hold(element: Json, entry: Json) -> bool:
    offered = _options(element)
    if not offered or element["type"] not in _INITIAL:
        return True
    chosen = entry.get(_INITIAL[element["type"]][0])
    chosen = chosen if isinstance(chosen, list) else [chosen]
    values = {each["value"] for each in offered}
    return all(each is None or each["value"] in values for each in chosen)


def _options(element: Json) -> list[Json]:
    groups = element.get("option_groups") or []
    return [*(element.get("options") or []), *(each for group in groups for each in group["options"])]
