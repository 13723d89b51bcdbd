"""An error as text for the log: where it came from, line by line, and of what it says only what cannot be private.

A message may hold a prompt, an SQL statement's values or an address with a key, in any spelling. So a message is shown
only if its class is known to speak about code or the machine; of others stand a length and a hash, and the facts that
our own classes keep apart from their words.
"""

import asyncio
import json
import sqlite3
import traceback
from collections.abc import Iterable, Iterator
from itertools import groupby

from bot.observing.confidential import described
from bot.providers.errors import ProviderError
from bot.slack.failures import SlackFailure

DEPTH_MAX = 8
SIBLINGS_MAX = 20
LIBRARIES = ("site-packages", "lib/python", "<")
LIBRARY_FRAMES_MAX = 3
"""In a row: the way into a library, and the place where it gave up."""
SPEAKS_OF_CODE: tuple[type[BaseException], ...] = (
    ArithmeticError,
    asyncio.CancelledError,
    AttributeError,
    ImportError,
    MemoryError,
    NameError,
    RecursionError,
    TypeError,
    json.JSONDecodeError,
    sqlite3.Error,
)
SPEAKS_OF_THE_MACHINE = frozenset({"psycopg.OperationalError"})
"""By name, because the driver is not installed everywhere."""


def rendered(error: BaseException) -> str:
    """Like Python's own traceback, causes first, without the private parts of messages."""
    return "\n".join(_lines(error, depth=0))


def safe_message(error: BaseException) -> str:
    """What can be shown of an error's words."""
    match error:
        case ProviderError():
            return f"kind={error.kind} http_status={error.http_status}"
        case SlackFailure():
            return f"method={error.method} code={error.code}"
        case OSError() if error.errno is not None:
            return f"[Errno {error.errno}] {error.strerror}"
        case _ if isinstance(error, SPEAKS_OF_CODE) or any(
            f"{each.__module__}.{each.__qualname__}" in SPEAKS_OF_THE_MACHINE for each in type(error).__mro__
        ):
            return str(error)
    words = str(error)
    return described(words) if words else ""


def _lines(error: BaseException, *, depth: int) -> Iterator[str]:
    if depth >= DEPTH_MAX:
        yield "..."
        return
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _lines(before, depth=depth + 1)
        yield "which led to:"
    frames = traceback.extract_tb(error.__traceback__)
    if frames:
        yield "Traceback (most recent call last):"
        yield from _places(frames)
    words = safe_message(error)
    name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    yield f"{name}: {words}" if words else name
    if isinstance(error, BaseExceptionGroup):
        for number, each in enumerate(error.exceptions[:SIBLINGS_MAX], start=1):
            yield f"  {number} of {len(error.exceptions)}:"
            yield from ("    " + line for line in _lines(each, depth=depth + 1))


def _places(frames: Iterable[traceback.FrameSummary]) -> Iterator[str]:
    """Ours all; of a library's long way through itself the ends."""
    for is_library, run in groupby(frames, key=_is_library):
        shown = list(run)
        if is_library and len(shown) > LIBRARY_FRAMES_MAX:
            yield from _place(shown[0])
            yield f"    ... {len(shown) - LIBRARY_FRAMES_MAX} more"
            shown = shown[1 - LIBRARY_FRAMES_MAX :]
        for frame in shown:
            yield from _place(frame)


def _is_library(frame: traceback.FrameSummary) -> bool:
    return any(each in frame.filename for each in LIBRARIES)


def _place(frame: traceback.FrameSummary) -> Iterator[str]:
    yield f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}'
    if frame.line:
        yield f"    {frame.line}"
