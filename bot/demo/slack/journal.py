"""Every call the app made, as seen from outside."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True, kw_only=True)
class Call:
    """One request. `outcome` is `ok`, Slack's error code, or the fault that swallowed the answer.

    `processed` is the truth about the work: a call may have been processed and its answer lost.
    """

    method: str
    args: dict[str, Any]
    at: datetime
    outcome: str = "open"
    processed: bool = False


@dataclass(slots=True)
class Calls:
    made: list[Call] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.made)

    def of(self, method: str) -> list[Call]:
        return [call for call in self.made if call.method == method]

    def processed(self, method: str) -> list[Call]:
        """The calls of a method whose work was done, whatever the caller learned of it."""
        return [call for call in self.made if call.method == method and call.processed]
