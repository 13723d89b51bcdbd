"""What may go wrong with single calls to the local fal: `fal.faults.add(Operation.SUBMIT, Drop(processed=True))`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.demo.faults import Dial, Drop, Silence


class Operation(StrEnum):
    SUBMIT = "submit"
    STATUS = "status"
    RESULT = "result"
    CANCEL = "cancel"
    PRICING = "pricing"
    KEYS = "keys"
    FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Answer with this. A str body goes as HTML, anything else as JSON."""

    status: int
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    processed: bool = False
    """True: the work is done first and its answer thrown away."""


Fault = Answer | Drop | Silence


class Faults(Dial[Operation, Fault]):
    """By operation: `hits["submit", "Drop"]`."""
