"""What befalls a service: stretches of trouble of several shapes, as long as real incidents were."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tests.simulator.dial import Dial
from tests.simulator.incident_lengths import A_DAY, REAL_MINUTES

FLAP_S = (90.0, 60.0)
"""Of a flapping service: so long out, then so long in."""


class Shape(StrEnum):
    CUT_OFF = "refuses connections"
    LISTED_5XX = "503, its own word that nothing was started"
    OTHER_5XX = "502 from something in between"
    """Nobody knows what arrived; three in ten did."""
    SILENT = "never answers a submit"
    """The same, after the whole timeout."""
    BREAKS = "takes every order and breaks it"
    """Its page says that all is well."""
    SLOW = "hangs at 99 % for up to hours"
    TURNS_DOWN = "refuses every prompt"
    NO_MONEY = "429: the account is empty"
    FLAPS = "refuses connections, on and off"
    GONE = "calls one model gone"
    """Not in any catalogue before, and for good."""


@dataclass(frozen=True, slots=True)
class Trouble:
    begin: datetime
    end: datetime
    shape: Shape = Shape.CUT_OFF
    model: str = ""
    """The wire name it is about; empty: all."""

    def bites(self, now: datetime) -> bool:
        if not self.begin <= now < self.end:
            return False
        if self.shape is not Shape.FLAPS:
            return True
        out_s, in_s = FLAP_S
        return (now - self.begin).total_seconds() % (out_s + in_s) < out_s


def troubles(
    dial: Dial, name: str, shapes: Mapping[Shape, float], *, start: datetime, days: float, often: float
) -> list[Trouble]:
    """A month of one service. Each day draws for itself; trouble that would begin inside another does not."""
    found: list[Trouble] = []
    for day in range(math.ceil(days)):
        dice = dial.dice("weather", f"{name}-{day}")
        begin = start + timedelta(days=day + min(days - day, 1.0) * dice.random())
        lasts = timedelta(minutes=dice.choice(REAL_MINUTES))
        shape = dice.choices(list(shapes), list(shapes.values()))[0]
        free = not found or begin >= found[-1].end
        if dice.random() < A_DAY * often and free:
            found.append(Trouble(begin, begin + lasts, shape))
    return found
