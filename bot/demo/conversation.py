"""A channel as text, for people without a page: each new sentence once, as it comes."""

import html
import re
from collections.abc import Callable, Iterator
from typing import Any

from bot.demo.slack import LocalSlack, Message

_STRONG = re.compile(r"(?<![\w*])\*([^*\n]+)\*(?![\w*])")
_REFERENCE = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>")
PRICE = re.compile(r"\$\d[\d,]*\.\d\d")


class Conversation:
    """What one person sees of one channel, told to `tell` line by line. Call `look` after each change."""

    def __init__(self, slack: LocalSlack, user: str, channel: str, tell: Callable[[str], None]) -> None:
        self._slack = slack
        self._user = user
        self._channel = channel
        self._tell = tell
        self._told: dict[str, str] = {}

    def look(self) -> bool:
        """Tell what is new. A redrawn card is told again when its sentence changes, not when its seconds do."""
        is_new = False
        for said in self._slack.messages(self._user, self._channel):
            if self._told.get(said.ts) == said.text:
                continue
            is_again = said.ts in self._told
            self._told[said.ts] = said.text
            is_new = True
            self._say(said, is_again=is_again)
        return is_new

    def _say(self, said: Message, *, is_again: bool) -> None:
        lines = [_plain(each, self._names()) for each in _lines(said)] or [_plain(said.text, self._names())]
        for file_id in said.file_ids:
            lines.append(f"[{self._slack.workspace.files[file_id].name}]")
        marks = [mark for mark, holds in (("only you see this", said.ephemeral_to), ("in the thread", said.is_reply),
                                          ("the card now", is_again)) if holds]  # fmt: skip
        head = self._names().get(said.user_id, "Workspace") + (f" ({', '.join(marks)})" if marks else "")
        self._tell(head)
        for line in filter(None, "\n".join(lines).split("\n")):
            self._tell(f"    {line}")

    def _names(self) -> dict[str, str]:
        return {each.id: each.real_name for each in self._slack.workspace.users.values()}


def price_in(said: Message) -> str:
    """The first price a message shows; empty: none."""
    found = PRICE.search(" ".join(_lines(said)))
    return found.group(0) if found else ""


def _lines(said: Message) -> Iterator[str]:
    for block in said.blocks:
        match block["type"]:
            case "section" | "header":
                yield str(block.get("text", {}).get("text", ""))
            case "context":
                yield "  ".join(str(each["text"]) for each in block["elements"] if "text" in each)
            case "rich_text":
                yield f'"{"".join(_texts(block))}"'
            case "actions":
                yield " ".join(f"[{each['text']['text']}]" for each in block["elements"] if each["type"] == "button")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield value["text"]
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _plain(text: str, names: dict[str, str]) -> str:
    def named(found: re.Match[str]) -> str:
        target, label = found.group(1), found.group(2)
        return f"@{names.get(target[1:], target[1:])}" if target.startswith("@") else label or target

    return html.unescape(_STRONG.sub(r"\1", _REFERENCE.sub(named, text)))
