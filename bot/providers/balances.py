"""What is left of money that was paid beforehand, read out of an answer."""

import math
from typing import Any, Final

MICROS_PER_DOLLAR: Final = 1_000_000
USD_MAX: Final = 1e9
"""Above it a number is no balance."""


def micros_left(dollars: Any) -> int | None:
    """Dollars as a JSON number to whole micro-dollars, rounded down, never below nothing. None: it is no amount."""
    if isinstance(dollars, bool) or not isinstance(dollars, int | float):
        return None
    if not math.isfinite(dollars) or abs(dollars) > USD_MAX:
        return None
    return max(0, math.floor(round(dollars * MICROS_PER_DOLLAR, 3)))
