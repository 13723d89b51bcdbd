"""What a person's own message brings along: its words and its first picture."""

import html
import re
from collections.abc import Mapping
from typing import Any


def message_text(message: Mapping[str, Any]) -> str:
    """A message's words without Slack's link markup: links become their label, everything else stays."""
    text = re.sub(r"<(?:https?|mailto):[^|>]+\|([^>]*)>", r"\1", str(message.get("text") or ""))
    text = re.sub(r"<((?:https?|mailto):[^|>]+)>", r"\1", text)
    text = re.sub(r"<#[A-Z0-9]+\|([^>]+)>", r"#\1", text)
    return html.unescape(text).strip()


def message_picture(message: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The first picture of a message, as Slack's file object."""
    files = message.get("files")
    for each in files if isinstance(files, list) else []:
        if isinstance(each, dict) and str(each.get("mimetype") or "").startswith("image/"):
            return each
    return None
