"""How often a service succeeds, and refuses, lately: coarse bands, entered and left at different figures. Pure.

Counted are the last real orders since the service came back from its last outage; a circuit answers at once, a band
slowly. A service may work and still be of little use: half of its renders fail, or it turns every prompt down.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import assert_never

WINDOW = 20
"""So many orders at most."""
WINDOW_AGE = timedelta(hours=6)
ENOUGH = 10
"""Fewer orders say nothing about how often it succeeds: at one failure in ten, six of ten fail once in 7,000."""
DEGRADED_BELOW = 0.5
GOOD_FROM = 0.8
"""Between the two figures the band stays what it is."""
REFUSALS_ENOUGH = 5
REFUSED_PROMPTS = 3
"""So many different orders: one person who insists on one prompt says nothing about the service."""
RISK_FROM = 0.5
RISK_BELOW = 0.3
UNUSUAL = 3.0
"""Times what is usual there; a service that always turns down a third is not in an unusual state."""


class Band(StrEnum):
    GOOD = "good"
    DEGRADED = "degraded"
    RISK_CONTROL = "risk_control"


class Verdict(StrEnum):
    """What one order or check says of a service."""

    OK = "ok"
    FAILED = "failed"
    REFUSED = "refused"
    """By its moderation."""
    NEUTRAL = "neutral"
    """Nothing: too fast for it, or the order was wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    verdict: Verdict
    about: str = ""
    """The same for the same prompt."""


def band_after(before: Band, window: Sequence[Outcome], usually_refused: Callable[[], float]) -> Band:
    """The band that these orders put a service in. `usually_refused`: its share in older orders, asked only in need.

    Without any order of late it is good again: nobody would find out otherwise, as others are asked before it.
    """
    if not any(each.verdict is not Verdict.NEUTRAL for each in window):
        return Band.GOOD
    if _refuses(before, window, usually_refused):
        return Band.RISK_CONTROL
    made = sum(each.verdict is Verdict.OK for each in window)
    failed = sum(each.verdict is Verdict.FAILED for each in window)
    was = Band.GOOD if before is Band.RISK_CONTROL else before
    if made + failed < ENOUGH:
        return was
    share = made / (made + failed)
    match was:
        case Band.GOOD:
            return Band.DEGRADED if share < DEGRADED_BELOW else Band.GOOD
        case Band.DEGRADED:
            return Band.GOOD if share >= GOOD_FROM else Band.DEGRADED
        case _:
            assert_never(was)


def _refuses(before: Band, window: Sequence[Outcome], usually_refused: Callable[[], float]) -> bool:
    judged = [each for each in window if each.verdict in {Verdict.OK, Verdict.REFUSED}]
    refused = [each for each in judged if each.verdict is Verdict.REFUSED]
    if not judged:
        return before is Band.RISK_CONTROL
    share = len(refused) / len(judged)
    if before is Band.RISK_CONTROL:
        return share >= RISK_BELOW
    if len(judged) < REFUSALS_ENOUGH or share < RISK_FROM or len({each.about for each in refused}) < REFUSED_PROMPTS:
        return False
    return share >= min(UNUSUAL * usually_refused(), 1.0)
