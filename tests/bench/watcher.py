"""The race of the schedules: looks per render, and how late its end is noticed. Virtual time, seeded.

    python -m tests.bench watcher
    python tests/bench/watcher.py            # every distribution, with its own table

A runner is told nothing but what a watcher would see: running or not, and a progress figure where there is one. Renders
take log-normal times (median 210 s, sigma 0.35) in the row; the table has other ones too, so that the schedule is not
made for one. "Own history" are 200 earlier renders of the same kind, or 20.
"""

import math
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bot.jobs.forecast import EndTimes, expected, learned
from bot.jobs.progress import Sightings
from bot.jobs.schedule import Bounds, first_pause_s, pause_s
from tests.bench.figures import Row

RENDERS = 2000
SEED = 20261121
MEDIAN_S, SIGMA = 210.0, 0.35
BOUNDS = Bounds(least_s=2.0, most_s=30.0)
"""`Protocol`'s own, which stand where the catalogue knows no better."""
WEBHOOK_S = 0.5
"""Taken for granted here; what it takes in a real process is in the row of `flight.py`."""
UNTOLD = 1 / 201

Draw = Callable[[random.Random], float]
Progress = Callable[[float, float, random.Random], float | None]
"""(seconds since the submit, seconds it takes in all) to what the service shows."""
Runner = Callable[[float, random.Random], tuple[int, float]]
"""One render that takes so long: looks, and seconds between its end and the look that saw it."""


@dataclass(frozen=True, slots=True)
class Result:
    looks: float
    late_s: float
    late_p95_s: float


def lognormal(median_s: float, sigma: float) -> Draw:
    return lambda rng: median_s * math.exp(rng.gauss(0, sigma))


def two_humps(rng: random.Random) -> float:
    """A model that answers from a warm or a cold machine."""
    return (60 if rng.random() < 0.5 else 300) * math.exp(rng.gauss(0, 0.15))


def with_early_failures(rng: random.Random) -> float:
    return rng.uniform(3, 60) if rng.random() < 0.1 else MEDIAN_S * math.exp(rng.gauss(0, SIGMA))


def honest(at_s: float, whole_s: float, rng: random.Random) -> float:
    """15 % noise on every figure."""
    return min(0.99, at_s / whole_s * math.exp(rng.gauss(0, 0.15)))


def in_tenths(at_s: float, whole_s: float, _rng: random.Random) -> float:
    return int(at_s / whole_s * 10) / 10


def wrong_pace(at_s: float, whole_s: float, _rng: random.Random) -> float:
    """15 % wrong from the first to the last figure of a render."""
    return min(0.99, at_s / whole_s * math.exp(random.Random(whole_s).gauss(0, 0.15)))


def at_99(_at_s: float, _whole_s: float, _rng: random.Random) -> float:
    return 0.99


def at_half(at_s: float, whole_s: float, _rng: random.Random) -> float:
    return 0.0 if at_s < whole_s / 10 else 0.5


def backwards(at_s: float, whole_s: float, _rng: random.Random) -> float:
    return 1 - at_s / whole_s


def rushing(at_s: float, whole_s: float, _rng: random.Random) -> float:
    return math.sqrt(at_s / whole_s)


def none(_at_s: float, _whole_s: float, _rng: random.Random) -> None:
    return None


def fixed_loop(every_s: float) -> Runner:
    def run(takes_s: float, _rng: random.Random) -> tuple[int, float]:
        looks = math.ceil(takes_s / every_s)
        return looks, looks * every_s - takes_s

    return run


def ours(
    times: EndTimes, progress: Progress = none, *, bounds: Bounds = BOUNDS, untold: float = 1.0, told: bool = False
) -> Runner:
    """The bot's schedule. `told`: a webhook comes with the end and wakes the last look."""

    def run(takes_s: float, rng: random.Random) -> tuple[int, float]:
        looks, sightings = 0, Sightings()
        at_s = first_pause_s(times, 0.0, bounds=bounds, untold=untold, luck=rng.random())
        while True:
            if told and at_s >= takes_s:
                return looks + 1, WEBHOOK_S
            looks += 1
            if at_s >= takes_s:
                return looks, at_s - takes_s
            sightings = sightings.seen(at_s, progress(at_s, takes_s, rng), queued=False)
            at_s += pause_s(times, at_s, bounds=bounds, sightings=sightings, untold=untold, luck=rng.random())

    return run


def raced(draw: Draw, runner: Runner, *, renders: int = RENDERS) -> Result:
    """The same renders for every runner."""
    takes = [draw(rng) for rng in [random.Random(SEED)] for _ in range(renders)]
    rng = random.Random(SEED + 1)
    found = [runner(each, rng) for each in takes]
    late = sorted(each[1] for each in found)
    return Result(mean(each[0] for each in found), mean(late), late[int(0.95 * len(late))])


def catalogue(median_s: float = MEDIAN_S, sigma: float = SIGMA) -> EndTimes:
    return expected(typical_s=median_s, slow_s=median_s * math.exp(1.2816 * sigma))


def after(draw: Draw, ends: int, prior: EndTimes | None = None) -> EndTimes:
    rng = random.Random(SEED + ends)
    return learned(prior or catalogue(), [draw(rng) for _ in range(ends)])


async def watcher_row(_folder: Path) -> Row:
    usual = lognormal(MEDIAN_S, SIGMA)
    loop, quick = raced(usual, fixed_loop(15)), raced(usual, fixed_loop(3))
    known = after(usual, 200)
    plain = raced(usual, ours(known))
    progress = raced(usual, ours(known, honest))
    told = raced(usual, ours(known, untold=UNTOLD, told=True))
    fewer = max(plain.looks, progress.looks) < loop.looks
    soon = plain.late_s <= 0.7 * loop.late_s and progress.late_s <= 0.5 * loop.late_s
    by_webhook = round(told.looks) == 1 and told.late_s < 1
    return Row(
        what="polls per render and delay until noticed",
        baseline=f"15 s loop {_said(loop)}; 3 s loop {_said(quick)}",
        ours=f"{_said(plain)}; with a progress field {_said(progress)}; webhook {_said(told)}",
        ratio=f"{_beside(plain, loop)}; {_beside(progress, loop)}; {_beside(told, loop)}",
        goal="fewer polls at 0.7 of the 15 s loop's delay; 0.5 with progress; webhook 1 poll, under 1 s",
        met=fewer and soon and by_webhook,
    )


def _beside(found: Result, loop: Result) -> str:
    return f"{found.looks / loop.looks:.2f} x polls, {found.late_s / loop.late_s:.2f} x delay"


def _said(result: Result) -> str:
    return f"{result.looks:.1f}, {result.late_s:.1f} s"


def runners() -> Iterator[tuple[str, Draw, Runner]]:
    usual = lognormal(MEDIAN_S, SIGMA)
    known = after(usual, 200)
    yield "the row: fixed 15 s loop", usual, fixed_loop(15)
    yield "the row: fixed 3 s loop", usual, fixed_loop(3)
    yield "the row: ours, own history of 200", usual, ours(known)
    yield "the row: ours, own history of 20", usual, ours(after(usual, 20))
    yield "the row: ours, catalogue alone", usual, ours(catalogue())
    for name, field in {
        "15 % noise": honest, "tenths": in_tenths, "pace 15 % wrong": wrong_pace, "always 99 %": at_99,
        "stands at 50 %": at_half, "backwards": backwards, "rushes ahead": rushing,
    }.items():  # fmt: skip
        yield f"the row, progress: {name}", usual, ours(known, field)
    yield "the row, webhooks", usual, ours(known, untold=UNTOLD, told=True)
    yield "the row, webhook lost", usual, ours(known, untold=UNTOLD)
    for name, bounds in {
        "a relay's, 10-30 s": Bounds(least_s=10, most_s=30),
        "5-20 s": Bounds(least_s=5, most_s=20),
    }.items():
        yield f"the row, bounds {name}", usual, ours(known, bounds=bounds)
        yield f"the row, bounds {name}, progress", usual, ours(known, honest, bounds=bounds)
    for factor in (1 / 3, 3):
        wrong = catalogue(MEDIAN_S * factor)
        yield f"catalogue wrong by {factor:.2g} x", usual, ours(wrong)
        yield f"catalogue wrong by {factor:.2g} x, progress", usual, ours(wrong, honest)
        yield f"catalogue wrong by {factor:.2g} x, 20 ends later", usual, ours(after(usual, 20, wrong))
        yield f"catalogue wrong by {factor:.2g} x, 200 ends later", usual, ours(after(usual, 200, wrong))
    for name, draw, median_s, sigma in (
        ("two humps, 60 s and 300 s", two_humps, 150, 0.6),
        ("one in ten fails early", with_early_failures, MEDIAN_S, SIGMA),
        ("fast model, 40 s, sigma 0.6", lognormal(40, 0.6), 40, 0.6),
        ("slow model, 900 s, sigma 0.25", lognormal(900, 0.25), 900, 0.25),
        ("wide, 120 s, sigma 1", lognormal(120, 1.0), 120, 1.0),
    ):
        yield f"{name}: fixed 15 s loop", draw, fixed_loop(15)
        yield f"{name}: ours, catalogue alone", draw, ours(catalogue(median_s, sigma))
        yield f"{name}: ours, own history of 200", draw, ours(after(draw, 200, catalogue(median_s, sigma)))


def main(arguments: Sequence[str] = ()) -> None:
    print("| renders and runner | looks | late, mean | late, p95 |\n|---|---|---|---|")
    for name, draw, runner in runners():
        found = raced(draw, runner, renders=int(arguments[0]) if arguments else RENDERS)
        print(f"| {name} | {found.looks:.1f} | {found.late_s:.1f} s | {found.late_p95_s:.1f} s |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
