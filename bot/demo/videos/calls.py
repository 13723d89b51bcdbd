"""The journal of everything that knocked: what was asked, what was answered, what was done to the answer."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

CALLS_KEPT_MAX: Final = 5_000


class Operation(StrEnum):
    CREATE = "create"
    RETRIEVE = "retrieve"
    LIST = "list"
    CONTENT = "content"
    DELETE = "delete"
    MODELS = "models"
    OTHER = "other"
    """An address or method this dialect does not have."""


@dataclass(slots=True, kw_only=True, eq=False)
class Call:
    """One request. `outcome` says in words what became of it; `status` is None when no answer was sent."""

    operation: Operation
    method: str
    path: str
    """With the query, as it came."""
    at: datetime
    headers: Mapping[str, str]
    """Without the key: `Authorization` is cut down to its scheme."""
    body: bytes
    status: int | None = None
    outcome: str = "under way"
    fault: str = ""


class Calls:
    """The last 5,000 calls, oldest first."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=CALLS_KEPT_MAX)

    def add(self, call: Call) -> None:
        self._calls.append(call)

    def of(self, operation: Operation | str) -> list[Call]:
        return [call for call in self._calls if call.operation == operation]

    def __iter__(self) -> Iterator[Call]:
        return iter(tuple(self._calls))

    def __len__(self) -> int:
        return len(self._calls)
