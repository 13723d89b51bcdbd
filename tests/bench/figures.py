"""One figure held against its baseline, and the one table they are all printed in."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Design 12's columns, in words ready to print. `met` is the verdict."""

    what: str
    baseline: str
    ours: str
    ratio: str
    goal: str
    met: bool


def p99(seconds: Sequence[float]) -> float:
    """The smallest value that 99 of 100 do not exceed (nearest rank)."""
    return sorted(seconds)[math.ceil(0.99 * len(seconds)) - 1]


def middle_ms(rounds: Sequence[float]) -> str:
    """The median of several rounds with their spread: one round on a busy machine says little."""
    low, high = min(rounds) * 1000, max(rounds) * 1000
    return f"{median(rounds) * 1000:.0f} ms ({low:.0f}-{high:.0f})"


def table(rows: Sequence[Row]) -> str:
    lines = ["| what | baseline | ours | ratio | goal | met |", "|---|---|---|---|---|---|"]
    for row in rows:
        verdict = "yes" if row.met else "NO"
        lines.append(f"| {row.what} | {row.baseline} | {row.ours} | {row.ratio} | {row.goal} | {verdict} |")
    return "\n".join(lines)
