"""A Slack message as a value."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`text` is a whole sentence for notifications and screen readers; `blocks` are plain dicts, ready to send."""

    text: str
    blocks: list[dict[str, Any]]
