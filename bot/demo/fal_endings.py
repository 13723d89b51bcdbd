"""How renders end at the local fal, and what may go wrong with single calls.

Shapes: fal's model errors (a list under `detail`, decided by `type`) and request errors (a word under `error_type`,
repeated in the header `X-Fal-Error-Type`), from fal's error pages and fal-client 1.0.3, read 2026-11-21.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Operation(StrEnum):
    SUBMIT = "submit"
    STATUS = "status"
    RESULT = "result"
    CANCEL = "cancel"
    PRICING = "pricing"
    KEYS = "keys"
    FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What a finished render shows. `result_body` None is the video itself."""

    error: str = ""
    """Set beside COMPLETED in the status: fal has no FAILED."""
    error_type: str = ""
    result_status: int = 200
    result_body: object = None
    result_headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        return not self.error and self.result_status < 400


def refused_by_the_model(kind: str, message: str, *, status: int = 422) -> Ending:
    """A model error: seen in the result alone; the status says a plain COMPLETED."""
    problem = {"loc": ["body", "prompt"], "msg": message, "type": kind, "input": "the prompt"}
    return Ending(
        result_status=status,
        result_body={"detail": [problem]},
        result_headers={"X-Fal-Retryable": "false"},
    )


def lost_by_the_runner(error_type: str, message: str, *, status: int) -> Ending:
    """A request error: in the status and in the result."""
    return Ending(
        error=message,
        error_type=error_type,
        result_status=status,
        result_body={"detail": message, "error_type": error_type},
        result_headers={"X-Fal-Error-Type": error_type},
    )


VIDEO = Ending()
MODERATED = refused_by_the_model(
    "content_policy_violation",
    "The content could not be processed because it contained material flagged by a content checker.",
)
BAD_INPUT = refused_by_the_model("value_error", "Value error, prompt is too long.")
RUNNER_LOST = lost_by_the_runner(
    "runner_disconnected", "The runner disconnected while processing the request.", status=503
)
TIMED_OUT = lost_by_the_runner("request_timeout", "Request timed out", status=504)
CANCELLED = lost_by_the_runner("client_cancelled", "The request was cancelled by the client.", status=499)
WITHOUT_VIDEO = Ending(result_body={"seed": 7})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Answer with this. A str body goes as HTML, anything else as JSON."""

    status: int
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    processed: bool = False
    """True: the work is done first and its answer thrown away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Cut the connection without an answer, before or after the work."""

    processed: bool


@dataclass(frozen=True, slots=True)
class Silence:
    """Never answer; the connection stays open until the client or the service ends."""


Fault = Answer | Drop | Silence


class Dial:
    """What is planned to go wrong with which calls, and what did: `hits[Operation.SUBMIT]`."""

    def __init__(self) -> None:
        self._planned: list[tuple[Operation, Fault]] = []
        self.hits: Counter[Operation] = Counter()

    def add(self, operation: Operation, fault: Fault, *, times: int = 1) -> None:
        self._planned.extend([(operation, fault)] * times)

    def clear(self) -> None:
        self._planned.clear()

    def take(self, operation: Operation) -> Fault | None:
        for planned in self._planned:
            if planned[0] is operation:
                self._planned.remove(planned)
                self.hits[operation] += 1
                return planned[1]
        return None
