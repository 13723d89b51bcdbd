"""Slack's limits as one table: which blocks and elements exist, what they need, how long each part may be.

Facts: Slack facts sections 5 and 6 (docs.slack.dev Block Kit reference, @slack/types 3.2.0, slack_sdk 3.47.0, read
2026-11-21). Where sources differ the tighter figure stands here. slack_sdk's own models judge it in the tests.
"""

from typing import Final

from bot.demo.slack.rich_text import RICH_TEXT_ELEMENTS
from bot.demo.slack.shapes import Anything, Many, Number, Record, Shape, Text, Truth, Typed

TEXT_OBJECTS: Final = frozenset({"plain_text", "mrkdwn"})


def words(most: int, *, least: int = 1, mrkdwn: bool = False) -> Shape:
    """A text object."""
    plain = Record(needs={"text": Text(most=most, least=least)}, may={"emoji": Truth()})
    marked = Record(needs={"text": Text(most=most, least=least)}, may={"verbatim": Truth()})
    return Typed(table={"plain_text": plain} | ({"mrkdwn": marked} if mrkdwn else {}))


NAME: Final = Text(most=255)
URL: Final = Text(most=3000)
PLACEHOLDER: Final = words(150)
CONFIRM: Final = Record(
    needs={"title": words(100), "text": words(300, mrkdwn=True), "confirm": words(30), "deny": words(30)},
    may={"style": Text(most=10, among=frozenset({"primary", "danger"}))},
)
OPTION: Final = Record(
    needs={"text": words(75, mrkdwn=True), "value": Text(most=75)},
    may={"description": words(75, mrkdwn=True), "url": URL},
)
OPTION_GROUP: Final = Record(needs={"label": words(75), "options": Many(of=OPTION, most=100)})
SLACK_FILE: Final = Record(may={"id": Text(most=40), "url": URL}, one_of=("id", "url"))
FILTER: Final = Record(
    may={
        "include": Many(of=Text(most=10, among=frozenset({"im", "mpim", "private", "public"})), most=4),
        "exclude_external_shared_channels": Truth(),
        "exclude_bot_users": Truth(),
    }
)
DISPATCH: Final = Record(
    may={
        "trigger_actions_on": Many(
            of=Text(most=30, among=frozenset({"on_enter_pressed", "on_character_entered"})), most=2
        )
    }
)

_ACTION: Final[dict[str, Shape]] = {"action_id": NAME}
_CHOICE: Final = _ACTION | {"confirm": CONFIRM, "focus_on_load": Truth()}
_SELECT: Final = _CHOICE | {"placeholder": PLACEHOLDER}
_FIELD: Final = _ACTION | {
    "placeholder": PLACEHOLDER, "focus_on_load": Truth(), "dispatch_action_config": DISPATCH
}  # fmt: skip
_IDS: Final = Many(of=Text(most=20), most=100, least=0)
_AT_MOST: Final[dict[str, Shape]] = {"max_selected_items": Number(least=1)}
_STATIC: Final[dict[str, Shape]] = {
    "options": Many(of=OPTION, most=100),
    "option_groups": Many(of=OPTION_GROUP, most=100),
}
_HERE: Final[dict[str, Shape]] = {"default_to_current_conversation": Truth(), "filter": FILTER}
_OPTIONS: Final = Many(of=OPTION, most=100)


def _static(**more: Shape) -> Shape:
    both = ("options", "option_groups")
    return Record(may=_SELECT | _STATIC | more, one_of=both, not_both=(both,))


FEEDBACK: Final = Record(
    needs={"text": words(75), "value": Text(most=2000)}, may={"accessibility_label": Text(most=75)}
)
IMAGE: Final = Record(
    needs={"alt_text": Text(most=2000)},
    may={"image_url": URL, "slack_file": SLACK_FILE},
    one_of=("image_url", "slack_file"),
    not_both=(("image_url", "slack_file"),),
)
ELEMENTS: Final[dict[str, Shape]] = {
    "button": Record(
        needs={"text": words(75)},
        may=_ACTION | {
            "value": Text(most=2000), "url": URL, "accessibility_label": Text(most=75), "confirm": CONFIRM,
            "style": Text(most=10, among=frozenset({"primary", "danger"})),
            "visible_to_user_ids": Many(of=Text(most=20), most=100, least=0),
        },
    ),
    "checkboxes": Record(needs={"options": Many(of=OPTION, most=10)}, may=_CHOICE | {"initial_options": _OPTIONS}),
    "radio_buttons": Record(needs={"options": Many(of=OPTION, most=10)}, may=_CHOICE | {"initial_option": OPTION}),
    "overflow": Record(needs={"options": Many(of=OPTION, most=5)}, may=_ACTION | {"confirm": CONFIRM}),
    "datepicker": Record(may=_SELECT | {"initial_date": Text(most=10)}),
    "timepicker": Record(may=_SELECT | {"initial_time": Text(most=5), "timezone": Text(most=50)}),
    "datetimepicker": Record(may=_CHOICE | {"initial_date_time": Number(least=0, most=9_999_999_999)}),
    "static_select": _static(initial_option=OPTION),
    "multi_static_select": _static(initial_options=_OPTIONS, **_AT_MOST),
    "external_select": Record(may=_SELECT | {"initial_option": OPTION, "min_query_length": Number(least=0)}),
    "multi_external_select": Record(
        may=_SELECT | _AT_MOST | {"initial_options": _OPTIONS, "min_query_length": Number(least=0)}
    ),
    "users_select": Record(may=_SELECT | {"initial_user": Text(most=20)}),
    "multi_users_select": Record(may=_SELECT | _AT_MOST | {"initial_users": _IDS}),
    "conversations_select": Record(
        may=_SELECT | _HERE | {"initial_conversation": Text(most=20), "response_url_enabled": Truth()}
    ),
    "multi_conversations_select": Record(may=_SELECT | _AT_MOST | _HERE | {"initial_conversations": _IDS}),
    "channels_select": Record(may=_SELECT | {"initial_channel": Text(most=20), "response_url_enabled": Truth()}),
    "multi_channels_select": Record(may=_SELECT | _AT_MOST | {"initial_channels": _IDS}),
    "plain_text_input": Record(
        may=_FIELD | {
            "initial_value": Text(most=3000), "multiline": Truth(),
            "min_length": Number(least=0, most=3000), "max_length": Number(least=1, most=3000),
        },
    ),
    "rich_text_input": Record(may=_FIELD | {"initial_value": Anything()}),
    "email_text_input": Record(may=_FIELD | {"initial_value": Text(most=3000)}),
    "url_text_input": Record(may=_FIELD | {"initial_value": Text(most=3000)}),
    "number_input": Record(
        needs={"is_decimal_allowed": Truth()},
        may=_FIELD | {"initial_value": Text(most=50), "min_value": Text(most=50), "max_value": Text(most=50)},
    ),
    "file_input": Record(
        may=_ACTION | {
            "filetypes": Many(of=Text(most=20), most=100, least=0), "max_files": Number(least=1, most=10),
        },
    ),
    "image": IMAGE,
    "feedback_buttons": Record(needs={"positive_button": FEEDBACK, "negative_button": FEEDBACK}, may=_ACTION),
    "icon_button": Record(
        needs={"icon": Text(most=20), "text": words(75)},
        may=_ACTION | {
            "value": Text(most=2000), "confirm": CONFIRM, "accessibility_label": Text(most=75),
            "visible_to_user_ids": Many(of=Text(most=20), most=100, least=0),
        },
    ),
}  # fmt: skip

SELECTS: Final = frozenset(
    {"static_select", "external_select", "users_select", "conversations_select", "channels_select"}
)
CHOICES: Final = SELECTS | {"checkboxes", "radio_buttons", "datepicker", "timepicker"}
MULTI_SELECTS: Final = frozenset(f"multi_{name}" for name in SELECTS)
IN_SECTION: Final = CHOICES | MULTI_SELECTS | {"button", "overflow", "image"}
IN_ACTIONS: Final = CHOICES | {"button", "overflow", "datetimepicker"}
TYPED_IN: Final = frozenset(
    {"plain_text_input", "rich_text_input", "email_text_input", "url_text_input", "number_input"}
)
IN_INPUT: Final = CHOICES | MULTI_SELECTS | TYPED_IN | {"datetimepicker", "file_input"}


def elements(only: frozenset[str]) -> Shape:
    return Typed(table=ELEMENTS, only=only)


SMALL_PRINT: Final = Typed(
    table={
        "plain_text": Record(needs={"text": Text(most=3000, least=1)}, may={"emoji": Truth()}),
        "mrkdwn": Record(needs={"text": Text(most=3000, least=1)}, may={"verbatim": Truth()}),
        "image": IMAGE,
    }
)
RICH_TEXT: Final = Record(needs={"elements": Many(of=Typed(table=RICH_TEXT_ELEMENTS), most=1000, least=0)})
