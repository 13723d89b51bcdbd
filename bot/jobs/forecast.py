"""When a render may end, as a mixture of log-normals: the catalogue's figures, then what its model took lately.

Pure. Seconds count from the moment the service gave the render its id; an end is a video or a failure.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import quantiles

LEARNS_FROM = 20
"""So many ends of one model at one service before its own history counts."""
REMEMBERS = 200
PERCENTILE_NEEDS = 100
"""A 99th percentile of fewer ends is a guess; until then only the longest wait says that a render is stuck."""
STUCK_AT_LEAST = 2.0
"""Times the usual: a model that is always on time is not stuck a second later, and a false word costs a render."""

_NINE_OF_TEN = 1.2816
_SPREAD = (0.1, 1.2)
_DOUBT = 0.1
"""Of every forecast, kept for its being wrong: a part as wide as a third to three times the usual."""
_DOUBT_SPREAD = 1.0
_PRIOR_ENDS = 10
"""The catalogue's figures count like so many ends of our own."""
_POINTS = 16
_NARROWEST = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One log-normal: `log_s` is the logarithm of its median, `spread` its sigma."""

    weight: float
    log_s: float
    spread: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EndTimes:
    parts: tuple[Part, ...]
    """Their weights sum to one."""
    usual_s: float
    """Half have ended by then."""
    first_s: float | None = None
    """One of a hundred has ended by then; None: not learned yet, so nothing is known about how early it can be."""
    stuck_s: float | None = None
    """Ninety-nine of a hundred have; None: likewise."""

    def pending(self, at_s: float) -> float:
        """The share that is still at work then."""
        if at_s <= 0:
            return 1.0
        log_s = math.log(at_s)
        return sum(each.weight * _above((log_s - each.log_s) / each.spread) for each in self.parts)


def expected(*, typical_s: float, slow_s: float) -> EndTimes:
    """From the catalogue: the median, and by when nine of ten are done."""
    spread = min(max(math.log(max(slow_s / typical_s, 1.0)) / _NINE_OF_TEN, _SPREAD[0]), _SPREAD[1])
    middle = math.log(typical_s)
    return EndTimes(
        parts=(
            Part(weight=1 - _DOUBT, log_s=middle, spread=spread),
            Part(weight=_DOUBT, log_s=middle, spread=_DOUBT_SPREAD),
        ),
        usual_s=typical_s,
    )


def learned(prior: EndTimes, took_s: Sequence[float]) -> EndTimes:
    """The prior, outweighed by what renders really took. Fewer than `LEARNS_FROM`: the prior as it is."""
    logs = sorted(math.log(each) for each in took_s if each > 0)
    if len(logs) < LEARNS_FROM:
        return prior
    own = len(logs) / (len(logs) + _PRIOR_ENDS)
    parts = tuple(replace(each, weight=each.weight * (1 - own)) for each in prior.parts)
    parts += tuple(replace(each, weight=each.weight * own) for each in _shape(logs))
    percentiles = [math.exp(each) for each in quantiles(logs, n=100, method="inclusive")]
    usual_s, late_s = percentiles[49], percentiles[98]
    stuck_s = max(late_s, STUCK_AT_LEAST * usual_s) if len(logs) >= PERCENTILE_NEEDS else None
    return EndTimes(parts=parts, usual_s=usual_s, first_s=percentiles[0], stuck_s=stuck_s)


def _shape(logs: Sequence[float]) -> list[Part]:
    """A smooth curve through the samples, whatever its humps: a bell on each of some quantiles, as wide as gaps are."""
    points = quantiles(logs, n=_POINTS + 1, method="inclusive")
    smooth = max((points[-2] - points[1]) / 2 * len(logs) ** -0.2, _NARROWEST)
    ends = [points[0], *points, points[-1]]
    gaps = (ends[at + 2] - ends[at] for at in range(_POINTS))
    return [
        Part(weight=1 / _POINTS, log_s=point, spread=min(max(gap, _NARROWEST), smooth))
        for point, gap in zip(points, gaps, strict=True)
    ]


def _above(deviations: float) -> float:
    return 0.5 * math.erfc(deviations / math.sqrt(2))
