"""One line when it begins, not one a second: identical warnings are counted and said again once a minute."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from bot.observing.records import PARTS_OF_A_RECORD

WINDOW_S = 60.0
KINDS_MAX = 1000


@dataclass(slots=True)
class _Said:
    at: float
    unsaid: int = 0


class Repeats(logging.Filter):
    """Lets a warning or error through once per `window_s`; the next one says in `repeated` how many it stands for.

    Identical means: same logger, level, words and facts, so two jobs' troubles are two. A line that carries a reference
    always passes: somebody may ask for it.
    """

    def __init__(self, *, window_s: float = WINDOW_S, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._window_s = window_s
        self._monotonic = monotonic
        self._said: OrderedDict[str, _Said] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING or hasattr(record, "reference"):
            return True
        key, now = _identity(record), self._monotonic()
        said = self._said.get(key)
        if said is not None and now - said.at < self._window_s:
            said.unsaid += 1
            return False
        if said is not None and said.unsaid:
            record.repeated = said.unsaid + 1
        self._said[key] = _Said(at=now)
        self._said.move_to_end(key)
        if len(self._said) > KINDS_MAX:
            self._said.popitem(last=False)
        return True


def _identity(record: logging.LogRecord) -> str:
    facts = sorted((key, repr(value)) for key, value in vars(record).items() if key not in PARTS_OF_A_RECORD)
    error = record.exc_info[0] if record.exc_info else None
    return repr((record.name, record.levelno, record.getMessage(), facts, error))
