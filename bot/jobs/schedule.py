"""When to look at a render again. Pure: seconds in, seconds out.

A look costs a request, a late one costs somebody's time. Between two looks the expected lateness grows with the chance
that the render has ended unseen; the next look is due when what has grown is worth one look. Where the hazard is steady
that is the classical answer of inspection theory, a spacing in proportion to 1 / sqrt(hazard); unlike it this sum also
holds where the hazard is zero, before the earliest end ever seen, and where a webhook tells of nearly every end.
"""

from dataclasses import dataclass
from hashlib import blake2b

from bot.jobs.forecast import EndTimes
from bot.jobs.progress import Sightings

EARLY_LOOK_S = 2.0
"""One early look: refusals come at once."""
FRESH_S = 10.0
"""Younger ones were just submitted by this process; older ones were taken over from an earlier one."""
LOOK_IS_WORTH = 0.0015
"""Of the usual time, and of the time somebody has waited already: the price of a look, in seconds of lateness."""
INSURANCE = 10.0
"""Where webhooks tell, a look only guards against a lost one, and may be so much dearer."""
TRUSTED = 0.1
OVERDUE_PAUSE_S = (60.0, 600.0)
_JITTER = 0.1
_GROWTH = 1.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The service's own, from the catalogue."""

    least_s: float
    most_s: float


def pause_s(
    times: EndTimes, at_s: float, *, bounds: Bounds, sightings: Sightings, untold: float = 1.0, luck: float = 0.5
) -> float:
    """Seconds until the next look at a render that was at work `at_s` seconds after its submit.

    `untold` is the chance that no webhook tells of its end; `luck` in [0, 1) spreads looks that would fall together.
    Inside the bounds, except that nobody looks before anything can have ended, and less often where a webhook tells.
    """
    most_s = _most_s(times, at_s, bounds, sightings, untold)
    price_s = LOOK_IS_WORTH * max(times.usual_s, at_s) * (INSURANCE if untold < TRUSTED else 1.0)
    sharpened = sightings.sharpen(times, at_s)
    owed_s = _owes(sharpened, at_s, price_s, untold, (bounds.least_s, most_s))
    return min(max(owed_s * (1 - _JITTER + 2 * _JITTER * luck), bounds.least_s), most_s)


def first_pause_s(times: EndTimes, at_s: float, *, bounds: Bounds, untold: float, luck: float) -> float:
    """Until the first look of this process, at a render submitted `at_s` seconds ago.

    One taken over goes on where its schedule was, at a random point of its pause: a thousand of them do not meet. A
    webhook may have come while nobody listened, so that first look trusts none.
    """
    if at_s > FRESH_S:
        return luck * pause_s(times, at_s, bounds=bounds, sightings=Sightings(), luck=0.5)
    if untold < TRUSTED:
        return pause_s(times, at_s, bounds=bounds, sightings=Sightings(), untold=untold, luck=luck)
    return max(EARLY_LOOK_S * (1 + _JITTER * luck) - at_s, 0.0)


def overdue_pause_s(late_s: float, *, hint_s: float | None, luck: float) -> float:
    """Past the longest wait: a minute, and slowly more, up to ten."""
    pause = min(max(late_s / 3, OVERDUE_PAUSE_S[0]), OVERDUE_PAUSE_S[1])
    return max(pause * (1 - _JITTER * luck), hint_s or 0.0)


def is_stuck(times: EndTimes, at_s: float, sightings: Sightings, *, wait_max_s: float) -> bool:
    """Past the longest wait; or past nearly all of its kind, and for a quarter of the usual time nothing moved."""
    if at_s > wait_max_s:
        return True
    if times.stuck_s is None or at_s <= times.stuck_s:
        return False
    return not sightings.reported or at_s - sightings.moved_s > times.usual_s / 4


def _most_s(times: EndTimes, at_s: float, bounds: Bounds, sightings: Sightings, untold: float) -> float:
    if untold < TRUSTED:
        return max(bounds.most_s, 2 * times.usual_s)
    if times.first_s is not None and not sightings.reported:  # a card that shows progress wants to see it move
        return max(bounds.most_s, times.first_s - at_s)
    return bounds.most_s


def _owes(times: EndTimes, at_s: float, price_s: float, untold: float, bounds: tuple[float, float]) -> float:
    """How long until the expected lateness of an unseen end adds up to `price_s`, at most the upper bound."""
    least_s, most_s = bounds
    alive = times.pending(at_s)
    if alive < 1e-12:
        return most_s
    step_s, after_s, lateness_s, before = min(least_s, 1.0) / 2, 0.0, 0.0, 0.0
    while after_s < most_s:
        step_s = min(step_s * _GROWTH, most_s - after_s)
        pending = times.pending(at_s + after_s + step_s) / alive
        unseen = untold * (1 - pending)
        chance = unseen / (pending + unseen) if unseen > 0 else 0.0
        grown_s = (before + chance) / 2 * step_s
        if lateness_s + grown_s >= price_s:
            return after_s + step_s * (price_s - lateness_s) / grown_s
        lateness_s, before, after_s = lateness_s + grown_s, chance, after_s + step_s
    return most_s


def luck_of(*names: object) -> float:
    """A number in [0, 1) that looks random and is the same each time: a run can be played again."""
    return int.from_bytes(blake2b(repr(names).encode(), digest_size=6).digest()) / 2**48
