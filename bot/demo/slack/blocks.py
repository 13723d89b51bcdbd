"""The blocks of messages and views, by name, and the judges of whole messages and whole views."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from bot.demo.slack.limits import (
    ELEMENTS,
    FILTER,
    IMAGE,
    IN_ACTIONS,
    IN_INPUT,
    IN_SECTION,
    NAME,
    RICH_TEXT,
    SMALL_PRINT,
    URL,
    elements,
    words,
)  # fmt: skip
from bot.demo.slack.refusals import Refusal, invalid_arguments
from bot.demo.slack.shapes import Many, Number, Problem, Record, Shape, Text, Truth, Typed

__all__ = ["ELEMENTS", "FILTER", "check_message", "check_view", "interactive"]

MESSAGE_BLOCKS_MAX: Final = 50
VIEW_BLOCKS_MAX: Final = 100
VIEW_BYTES_MAX: Final = 250_000
MARKDOWN_CHARS_MAX: Final = 12_000
_ID: Final[dict[str, Shape]] = {"block_id": NAME}
_CARD: Final = Record(
    may=_ID | {
        "title": words(150, mrkdwn=True), "subtitle": words(150, mrkdwn=True), "body": words(200, mrkdwn=True),
        "hero_image": Typed(table={"image": IMAGE}), "icon": Typed(table={"image": IMAGE}),
        "slack_icon": Text(most=50), "subtext": words(200, mrkdwn=True),
        "actions": Many(of=elements(frozenset({"button"})), most=5),
    },
    one_of=("hero_image", "title", "actions", "body"),
)  # fmt: skip
_TASK: Final = Record(
    needs={
        "task_id": NAME,
        "title": Text(most=256, least=1),
        "status": Text(most=20, among=frozenset({"pending", "in_progress", "complete", "error"})),
    },
    may=_ID | {
        "details": Typed(table={"rich_text": RICH_TEXT}), "output": Typed(table={"rich_text": RICH_TEXT}),
        "sources": Many(of=Typed(table={"url": Record(needs={"url": URL, "text": Text(most=256)})}), most=10, least=0),
    },
)  # fmt: skip
_CELL: Final = Typed(
    table={
        "raw_text": Record(needs={"text": Text(most=3000)}),
        "raw_number": Record(needs={"value": Number()}, may={"text": Text(most=100)}),
        "rich_text": RICH_TEXT,
    }
)
_COLUMN: Final = Record(
    may={"align": Text(most=10, among=frozenset({"left", "center", "right"})), "is_wrapped": Truth()}
)


class _Nested:
    """Blocks inside a `container`: the same table, known only when it is complete."""

    def problems(self, value: Any, at: str) -> Iterator[Problem]:
        yield from Typed(table=BLOCKS, only=frozenset(BLOCKS) - {"container", "input"}).problems(value, at)


BLOCKS: Final[dict[str, Shape]] = {
    "section": Record(
        may=_ID | {
            "text": words(3000, mrkdwn=True), "fields": Many(of=words(2000, mrkdwn=True), most=10),
            "accessory": elements(IN_SECTION), "expand": Truth(),
        },
        one_of=("text", "fields"),
    ),
    "divider": Record(may=_ID),
    "image": Record(
        needs=IMAGE.needs, may={**IMAGE.may, **_ID, "title": words(2000)}, one_of=IMAGE.one_of, not_both=IMAGE.not_both
    ),
    "actions": Record(needs={"elements": Many(of=elements(IN_ACTIONS), most=25)}, may=_ID),
    "context": Record(needs={"elements": Many(of=SMALL_PRINT, most=10)}, may=_ID),
    "context_actions": Record(
        needs={"elements": Many(of=elements(frozenset({"feedback_buttons", "icon_button"})), most=5)}, may=_ID
    ),
    "input": Record(
        needs={"label": words(2000), "element": elements(IN_INPUT)},
        may=_ID | {"hint": words(2000), "optional": Truth(), "dispatch_action": Truth()},
    ),
    "header": Record(needs={"text": words(150)}, may=_ID | {"level": Number(least=1, most=6)}),
    "markdown": Record(needs={"text": Text(most=MARKDOWN_CHARS_MAX, least=1)}, may=_ID),
    "rich_text": Record(needs=RICH_TEXT.needs, may=_ID),
    "table": Record(
        needs={"rows": Many(of=Many(of=_CELL, most=20), most=100)},
        may=_ID | {"column_settings": Many(of=_COLUMN, most=20, least=0)},
    ),
    "task_card": _TASK,
    "plan": Record(
        needs={"title": Text(most=256, least=1)},
        may=_ID | {"tasks": Many(of=Typed(table={"task_card": _TASK}), most=50, least=0)},
    ),
    "alert": Record(
        needs={"text": words(3000, mrkdwn=True)},
        may=_ID | {"level": Text(most=10, among=frozenset({"default", "info", "warning", "error", "success"}))},
    ),
    "card": _CARD,
    "carousel": Record(needs={"elements": Many(of=Typed(table={"card": _CARD}), most=10)}, may=_ID),
    "container": Record(
        needs={"child_blocks": Many(of=_Nested(), most=10)},
        may=_ID | {
            "title": words(150), "rich_text_title": Typed(table={"rich_text": RICH_TEXT}), "subtitle": words(150),
            "icon": Typed(table={"image": IMAGE}), "is_collapsible": Truth(), "default_collapsed": Truth(),
            "width": Text(most=10, among=frozenset({"narrow", "standard", "wide", "full"})),
            "has_header_divider": Truth(),
        },
        one_of=("title", "rich_text_title"),
    ),
}  # fmt: skip
_IN_MESSAGE: Final = frozenset(BLOCKS) - {"alert"}
_IN_MODAL: Final = frozenset(BLOCKS) - {"task_card", "plan", "context_actions"}
_IN_HOME: Final = _IN_MODAL - {"alert"}
_VIEW: Final[dict[str, Shape]] = {
    "private_metadata": Text(most=3000), "callback_id": NAME, "external_id": NAME,
    "blocks": Many(of=Typed(table=BLOCKS), most=VIEW_BLOCKS_MAX, least=0),
}  # fmt: skip
MODAL: Final = Record(
    needs={"title": words(24), "blocks": _VIEW["blocks"]},
    may=_VIEW | {
        "submit": words(24), "close": words(24), "clear_on_close": Truth(), "notify_on_close": Truth(),
        "submit_disabled": Truth(),
    },
)  # fmt: skip
HOME: Final = Record(needs={"blocks": _VIEW["blocks"]}, may=_VIEW)


def interactive(block: dict[str, Any]) -> list[dict[str, Any]]:
    """The elements of one block that a person can use."""
    found = [block.get("element"), block.get("accessory"), *(block.get("elements") or [])]
    inner = [element for child in block.get("child_blocks") or [] for element in interactive(child)]
    cards = [block] if block.get("type") == "card" else block.get("elements") or []
    inner += [each for card in cards if card.get("type") == "card" for each in card.get("actions") or []]
    return [each for each in found if isinstance(each, dict) and each.get("action_id")] + inner


def check_message(blocks: Any) -> list[dict[str, Any]]:
    """The blocks of a message, if Slack would take them.

    Raises:
        Refusal: `invalid_blocks_format`, or `invalid_blocks` with every problem and where it is.
    """
    if blocks is None:
        return []
    if not isinstance(blocks, list):
        raise Refusal("invalid_blocks_format")
    shape = Many(of=Typed(table=BLOCKS, only=_IN_MESSAGE), most=MESSAGE_BLOCKS_MAX, least=0)
    problems = [*shape.problems(blocks, "/blocks"), *_whole(blocks, modal=False)]
    if problems:
        raise Refusal("invalid_blocks", errors=_told(problems), response_metadata={"messages": _errors(problems)})
    return blocks


def check_view(view: Any, *, only: str) -> dict[str, Any]:
    """A view, if Slack would take it.

    Args:
        only: `modal` for open and push, `home` for publish.

    Raises:
        Refusal: `invalid_arguments` with every problem and where it is, or `view_too_large`.
    """
    if not isinstance(view, dict) or view.get("type") != only:
        raise invalid_arguments(f"must be a {only} [json-pointer:/view/type]")
    if len(json.dumps(view, ensure_ascii=False).encode()) > VIEW_BYTES_MAX:
        raise Refusal("view_too_large")
    told = {name: each for name, each in view.items() if name != "type"}
    problems = list((MODAL if only == "modal" else HOME).problems(told, "/view"))
    blocks = view.get("blocks") if isinstance(view.get("blocks"), list) else []
    allowed = Typed(table=BLOCKS, only=_IN_MODAL if only == "modal" else _IN_HOME)
    for index, block in enumerate(blocks or []):
        at = f"/view/blocks/{index}"
        problems += [each for each in allowed.problems(block, at) if each[1] == f"{at}/type"]
    problems += _whole(blocks or [], modal=only == "modal")
    has_input = any(isinstance(each, dict) and each.get("type") == "input" for each in blocks or [])
    if only == "modal" and has_input and not view.get("submit"):
        problems.append(("submit is required when an input block is present", "/view/submit"))
    if problems:
        raise Refusal("invalid_arguments", response_metadata={"messages": _errors(dict.fromkeys(problems))})
    return view


def _whole(blocks: Sequence[Any], *, modal: bool) -> list[Problem]:
    """What only shows when the blocks are seen together: names used twice, sums, choices that are not offered."""
    problems: list[Problem] = []
    known: set[str] = set()
    markdown = 0
    for index, block in enumerate(blocks):
        if not isinstance(block, dict):
            continue
        at = f"/blocks/{index}"
        if (block_id := block.get("block_id")) and block_id in known:
            problems.append((f"block_id {block_id} already exists", at))
        known |= {block_id} if block_id else set()
        if block.get("type") == "markdown":
            markdown += len(str(block.get("text")))
        names = [each["action_id"] for each in interactive(block)]
        problems += [(f"action_id {each} already exists", at) for each in set(names) if names.count(each) > 1]
        for element in interactive(block):
            if element.get("type") == "file_input" and not modal:
                problems.append(("file_input is for modals only", at))
            problems += _unoffered(element, at)
    if markdown > MARKDOWN_CHARS_MAX:
        problems.append((f"markdown blocks must be less than {MARKDOWN_CHARS_MAX + 1} characters in all", "/blocks"))
    return problems


def _unoffered(element: dict[str, Any], at: str) -> list[Problem]:
    """`initial_option` must be one of the options, word for word."""
    groups = element.get("option_groups") or []
    offered = [*(element.get("options") or []), *(each for group in groups for each in group.get("options") or [])]
    if not offered:
        return []
    first = element.get("initial_option")
    wanted = [*([first] if first else []), *(element.get("initial_options") or [])]
    problems = [("initial option must be among the options", at) for each in wanted if each not in offered]
    values = [each.get("value") for each in offered if isinstance(each, dict)]
    return problems + [("option values must be unique", at)] * (len(values) != len(set(values)))


def _told(problems: list[Problem]) -> list[str]:
    return [f"{words_} [json-pointer:{at}]" for words_, at in problems]


def _errors(problems: Any) -> list[str]:
    return [f"[ERROR] {each}" for each in _told(list(problems))]
