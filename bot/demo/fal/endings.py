"""How renders end at the local fal.

Shapes: fal's model errors (a list under `detail`, decided by `type`) and request errors (a word under `error_type`,
repeated in the header `X-Fal-Error-Type`), from fal's error pages and fal-client 1.0.3, read 2026-11-21.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


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
