"""Slack names the blocks and elements that the app left unnamed."""

import copy
import secrets
from typing import Any

from bot.demo.slack.limits import ELEMENTS

_SILENT = frozenset({"image"})


def named(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A copy in which every block has a `block_id` and everything a person can use an `action_id`."""
    copied = copy.deepcopy(blocks)
    for block in copied:
        block.setdefault("block_id", secrets.token_urlsafe(4))
        _name_elements(block)
    return copied


def _name_elements(value: Any) -> None:
    if isinstance(value, list):
        for each in value:
            _name_elements(each)
    elif isinstance(value, dict):
        if value.get("type") in ELEMENTS and value["type"] not in _SILENT:
            value.setdefault("action_id", secrets.token_urlsafe(4))
        for name in ("element", "accessory", "elements", "child_blocks", "actions"):
            _name_elements(value.get(name))
