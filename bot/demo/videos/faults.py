"""What may go wrong with the next calls, told by tests in typed values.

`faults.add("create", Drop(processed=True))` cuts the connection of the next submit after the render was started.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bot.demo.faults import Delay, Dial, Drop, Kill, Silence
from bot.demo.videos.calls import Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Answer with this status. A str body goes as HTML, anything else as JSON, None as the dialect's own error."""

    code: int
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    processed: bool = False
    """True: the work is done first (a render is started and paid) and its answer thrown away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Html:
    """A web page where JSON or a video was expected, as a proxy or a captive portal sends it."""

    code: int = 200
    processed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherJson:
    """Well-formed JSON that has nothing to do with the dialect."""

    body: object = field(default_factory=lambda: {"hello": "world"})
    processed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FailRender:
    """The submit is accepted and the render ends as failed."""

    code: str = "video_generation_failed"
    message: str = "The video could not be generated."
    http_status: int = 500
    """What vLLM-Omni answers a GET of this job with."""
    at_progress: int = 60


@dataclass(frozen=True, slots=True)
class StickRender:
    """The submit is accepted and the render hangs at 99 % until `job.may_finish.set()`."""


@dataclass(frozen=True, slots=True)
class WebhookFirst:
    """The render ends and its webhook is delivered before the submit is answered."""


@dataclass(frozen=True, slots=True)
class ProgressBackwards:
    """Show 30 points less than the last look did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownStatus:
    word: str = "post_processing"


@dataclass(frozen=True, slots=True)
class CompletedWithoutFile:
    """Say completed, without a file to fetch, now and ever after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncated:
    """Half the file. `declared_length`: announce the whole and cut the connection; else announce the half."""

    declared_length: bool


@dataclass(frozen=True, slots=True)
class NotAVideo:
    """Announced as video/mp4, and it is a web page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Huge:
    """A playable file blown up to this size by an empty box at its end, streamed and never held in memory."""

    size_bytes: int = 300 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """302 to an address no client should follow."""

    location: str = "http://169.254.169.254/latest/meta-data/"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiredLink:
    """403 or 410 in the XML of an object store."""

    code: int = 410


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowDrip:
    chunk_bytes: int = 1024
    pause_s: float = 1.0


WireFault = Status | Html | OtherJson | Drop | Silence | Delay | Kill
CreateFault = FailRender | StickRender | WebhookFirst
RetrieveFault = ProgressBackwards | UnknownStatus | CompletedWithoutFile
ContentFault = Truncated | NotAVideo | Huge | Redirect | ExpiredLink | SlowDrip
Fault = WireFault | CreateFault | RetrieveFault | ContentFault

_ONLY_FOR: Final = (
    (CreateFault, Operation.CREATE),
    (RetrieveFault, Operation.RETRIEVE),
    (ContentFault, Operation.CONTENT),
)


class Faults(Dial[Operation, Fault]):
    """By operation: `hits["create", "Drop"]`."""

    def add(self, place: Operation | str, fault: Fault, *, times: int | None = 1, after: int = 0) -> None:
        """Plan a fault for the next `times` calls (None: until `clear`), letting `after` calls pass first.

        Raises:
            ValueError: this fault makes no sense for that operation, or the operation is unknown.
        """
        operation = Operation(place)
        for kinds, only in _ONLY_FOR:
            if isinstance(fault, kinds) and operation is not only:
                raise ValueError(f"{type(fault).__name__} belongs to {only}, not to {operation}")
        super().add(operation, fault, times=times, after=after)
