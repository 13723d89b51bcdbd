"""What markup in a message does: whom it names, where it links. Plain text does nothing, and code is quiet too."""

import re
from collections.abc import Iterator
from typing import Any

_PING = re.compile(r"<(!(?:channel|here|everyone)|!subteam\^[^>|]+|@[UW][A-Z0-9]+)(?:\|[^>]*)?>")
_LINK = re.compile(r"<((?:https?|mailto|slack):[^>|]+)(?:\|[^>]*)?>")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def pings(text: str, blocks: Any) -> list[str]:
    """`@U123`, `!channel`, `!subteam^S1`: everybody this message names, in order, each once."""
    found: list[str] = []
    for words in marked(text, blocks):
        found += _PING.findall(words)
    for element in _pieces(blocks):
        match element.get("type"):
            case "user":
                found.append(f"@{element.get('user_id')}")
            case "broadcast":
                found.append(f"!{element.get('range')}")
            case "usergroup":
                found.append(f"!subteam^{element.get('usergroup_id')}")
    return list(dict.fromkeys(found))


def links(text: str, blocks: Any) -> list[str]:
    """The targets of explicit links; a bare address that clients underline is not one."""
    found = [link for words in marked(text, blocks) for link in _LINK.findall(words)]
    return found + [str(each.get("url")) for each in _pieces(blocks) if each.get("type") == "link"]


def marked(text: str, blocks: Any) -> Iterator[str]:
    """Every string in which Slack reads markup, without its code parts."""
    yield _CODE.sub("", text)
    for element in _pieces(blocks):
        if element.get("type") in {"mrkdwn", "markdown"}:
            yield _CODE.sub("", str(element.get("text", "")))


def _pieces(value: Any) -> Iterator[dict[str, Any]]:
    """Every object inside, parents first."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _pieces(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _pieces(inner)
