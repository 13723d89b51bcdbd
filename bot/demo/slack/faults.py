"""What may go wrong with the app's next calls, in typed values.

Besides the methods of the Web API, `upload` (the bytes), `download` and `response_url` can be named; what goes wrong
with connections is in `sockets.py`.
"""

from dataclasses import dataclass

from bot.demo.faults import Delay, Dial, Drop, Kill, Silence


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimited:
    """429, nothing done."""

    retry_after_s: int = 1


@dataclass(frozen=True, slots=True)
class Refuse:
    """`{"ok": false, "error": code}`; `processed`: and it was done all the same."""

    code: str
    processed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """HTML of something in between; `processed`: Slack had done its part."""

    status: int = 502
    processed: bool = False


Fault = RateLimited | Refuse | Page | Drop | Silence | Delay | Kill


class Faults(Dial[str, Fault]):
    """By method: `hits["chat.postMessage", "Kill"]`."""
