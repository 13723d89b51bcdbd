"""What a service's progress field says about the end, and how far to believe it. Pure.

A render that shows the share p after t seconds would take t / p altogether, if its progress were honest. It often is
not: some count time, some jump, some stand at 99 %. So every new figure is one noisy sighting of the whole time; how
much they disagree is measured, and a field whose end has passed without an end is not believed any more.
"""

import math
from dataclasses import dataclass, replace

from bot.jobs.forecast import EndTimes, Part

REMEMBERS = 6
_SAYS_SOMETHING = (0.05, 0.95)
"""Outside of it p says "hardly begun" or "nearly there", and services sit at 99 % for as long as they like."""
_NOISE = 0.15
_NOISE_COUNTS_AS = 2
_SYSTEMATIC = 0.08
"""A pace that is wrong from the first to the last look shows in no disagreement."""
_REFUTED_AFTER = 2.5
"""Standard deviations past the end that it named."""
_DISBELIEF = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sightings:
    """A fold over looks, oldest first."""

    reported: bool = False
    """The service has a progress field."""
    whole_log_s: tuple[float, ...] = ()
    last: float | None = None
    best: float = 0.0
    moved_s: float = 0.0
    """When `best` last grew, or when the render first was at work."""
    queued_s: float = 0.0
    """It was still waiting for its turn then; progress counts from there."""

    def seen(self, at_s: float, progress: float | None, *, queued: bool) -> "Sightings":
        """Fold in a look `at_s` seconds after the submit. Only a changed figure is a new sighting."""
        if queued:
            return replace(self, reported=self.reported or progress is not None, queued_s=at_s, moved_s=at_s)
        if progress is None or not math.isfinite(progress):
            return self
        grown = progress > self.best
        folded = replace(
            self,
            reported=True,
            last=progress,
            best=max(progress, self.best),
            moved_s=at_s if grown else self.moved_s,
        )
        worked_s = at_s - self.queued_s
        if progress == self.last or worked_s <= 0 or not _SAYS_SOMETHING[0] <= progress <= _SAYS_SOMETHING[1]:
            return folded
        whole = math.log(self.queued_s + worked_s / progress)
        return replace(folded, whole_log_s=(*self.whole_log_s, whole)[-REMEMBERS:])

    def sharpen(self, times: EndTimes, at_s: float) -> EndTimes:
        """The forecast with what progress says folded in: what both think likely. Never progress alone."""
        estimate = self._estimate()
        if estimate is None:
            return times
        whole, spread = estimate
        if at_s > 0 and math.log(at_s) > whole + _REFUTED_AFTER * spread:
            return times
        agreed = [_both(each, whole, spread) for each in times.parts]
        total = sum(each.weight for each in agreed)
        if total <= 0:
            return times
        believed = (replace(each, weight=each.weight / total * (1 - _DISBELIEF)) for each in agreed)
        doubted = (replace(each, weight=each.weight * _DISBELIEF) for each in times.parts)
        return replace(times, parts=(*believed, *doubted))

    def _estimate(self) -> tuple[float, float] | None:
        """Mean and standard deviation of the logarithm of the whole time."""
        count = len(self.whole_log_s)
        if count == 0:
            return None
        mean = sum(self.whole_log_s) / count
        noise = sum((each - mean) ** 2 for each in self.whole_log_s) + _NOISE_COUNTS_AS * _NOISE**2
        half = count // 2
        early, late = self.whole_log_s[:half], self.whole_log_s[half:]
        drift = sum(late) / len(late) - sum(early) / len(early) if early else 0.0
        variance = noise / (count + _NOISE_COUNTS_AS - 1) / count + drift**2 / 2 + _SYSTEMATIC**2
        return mean, math.sqrt(variance)


NOTHING_SEEN = Sightings()


def _both(part: Part, whole: float, spread: float) -> Part:
    """The product of two bells: weight by how well they agree, in between, narrower than either."""
    variance = part.spread**2 + spread**2
    agreement = math.exp(-((part.log_s - whole) ** 2) / (2 * variance)) / math.sqrt(variance)
    return Part(
        weight=part.weight * agreement,
        log_s=(part.log_s * spread**2 + whole * part.spread**2) / variance,
        spread=part.spread * spread / math.sqrt(variance),
    )
