"""Weeks of use in minutes, on a virtual clock.

    .venv/bin/python -m tests.simulator --seed 7 --jobs 10000 --days 30
    .venv/bin/python -m tests.simulator --seed 7 --jobs 300 --days 1 --plant cas_on_intent

Prints what happened; when a rule is broken, the seed, then the smallest history that still breaks it, and exits 1.
"""

import argparse
import gc
import logging
import sys
from pathlib import Path
from time import monotonic

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.simulator.comparison import as_text, compared, verdict
from tests.simulator.dial import Dial, Fault
from tests.simulator.plants import PLANTS
from tests.simulator.process import Ports
from tests.simulator.shrink import Shrinker
from tests.simulator.world import Outcome, Setup, run


def main() -> None:
    asked = _arguments()
    logging.disable(logging.CRITICAL)
    ports = PLANTS[asked.plant] if asked.plant else Ports()
    begun = monotonic()
    setup = Setup(
        seed=asked.seed,
        jobs=asked.jobs,
        days=asked.days,
        replicas=asked.replicas,
        chaos=asked.chaos,
        risk_below_usd_micros=round(asked.risk_below * 1_000_000),
        without=frozenset(Fault(each) for each in asked.without),
        often=dict(asked.often),
        fleet=asked.fleet,
        trouble=asked.trouble,
    )
    gc.set_threshold(200_000, 20, 100)  # tasks and rows come and go by the million, hardly any in a circle

    def daily(day: int, jobs: int) -> None:
        print(f"day {day}: {jobs} jobs, {monotonic() - begun:.0f} s", file=sys.stderr, flush=True)

    outcome = run(setup, ports, daily)
    print(table(outcome, monotonic() - begun))
    if not outcome.violations:
        sys.exit(_compared(outcome) if setup.fleet else 0)
    print(f"\nBROKEN with seed {asked.seed}:")
    for each in outcome.violations:
        print(f"  {each}")
    print("\nLooking for the smallest history that breaks it ...")
    shrinker = Shrinker(outcome, ports, asked.shrink_seconds)
    print(story_of(shrinker.smallest(), shrinker.runs))
    sys.exit(1)


def _compared(outcome: Outcome) -> int:
    """An exit code: whether ours is the best of the three."""
    rows = compared(outcome)
    print(f"\n{as_text(rows)}")
    wrong = verdict(rows)
    for each in wrong:
        print(f"NOT BEST: {each}")
    return 1 if wrong else 0


def table(outcome: Outcome, took_s: float) -> str:
    """What a history was made of, as columns."""
    setup, faults = outcome.setup, Dial(0)
    faults.injected = outcome.injected
    parts: list[tuple[str, dict[str, object]]] = [
        ("", {"seed": setup.seed, "days": setup.days, "replicas": setup.replicas, "chaos": setup.chaos}),
        ("", {**outcome.figures, "events": len(outcome.history.events), "history": outcome.history.fingerprint()}),
        ("asked, and answered", dict(outcome.answers)),
        ("jobs by end", dict(outcome.ends.most_common())),
        ("faults", {each.value: count for each, count in sorted(faults.counts().items(), key=lambda pair: -pair[1])}),
        ("alarms", dict(outcome.alarms.most_common())),
        ("services", dict(outcome.judge.outs.figures())),
        ("", {"took": f"{took_s:.1f} s", "broken rules": len(outcome.violations)}),
    ]
    lines = []
    for title, rows in parts:
        lines += [f"\n{title}"] * bool(title) + [f"  {name:<32} {value:>12}" for name, value in rows.items()]
    return "\n".join(lines)


def story_of(outcome: Outcome, runs: int) -> str:
    """The smallest history in words."""
    setup = outcome.setup
    orders = "all orders" if setup.only is None else f"orders {sorted(setup.only)}"
    subjects = frozenset(each.subject for each in outcome.violations)
    only = frozenset(str(each) for each in setup.only or ())
    lines = [
        f"After {runs} runs: seed {setup.seed} with {orders} of {setup.jobs}, {len(outcome.injected)} faults:",
        *(f"  {each.fault} (opportunity {each.nth} of {each.subject})" for each in outcome.injected),
        "",
        *(f"  {each}" for each in outcome.history.of((subjects | only) - {"-"})),
        "",
        *(f"  BROKEN: {each}" for each in outcome.violations),
    ]
    return "\n".join(lines)


def _rate(word: str) -> tuple[Fault, float]:
    name, _, rate = word.partition("=")
    return Fault(name), float(rate)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=300)
    parser.add_argument("--days", type=float, default=1.0)
    parser.add_argument("--replicas", type=int, default=1, help="processes that share the database")
    parser.add_argument("--fleet", action="store_true", help="four services with real incidents, and others to compare")
    parser.add_argument("--trouble", type=float, default=1.0, help="of a fleet: multiplies how often incidents come")
    parser.add_argument("--chaos", type=float, default=1.0, help="multiplies every rate of `dial.RATES`")
    parser.add_argument("--risk-below", type=float, default=0.0, metavar="USD", help="SORA_RETRY_UNKNOWN_BELOW_USD")
    parser.add_argument("--without", nargs="*", default=[], choices=[each.value for each in Fault], metavar="fault")
    parser.add_argument(
        "--often", nargs="*", default=[], type=_rate, metavar="fault=rate", help="0 to 1, for each chance"
    )
    parser.add_argument("--plant", choices=sorted(PLANTS), help="a bug put in on purpose")
    parser.add_argument("--shrink-seconds", type=float, default=300.0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
