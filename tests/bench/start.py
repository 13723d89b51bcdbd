"""From the start of the process to its first "ready", on a database that was there yesterday, and on none."""

from pathlib import Path
from statistics import median

from tests.bench.acks import world
from tests.bench.figures import Row
from tests.bench.processes import a_bare_app, the_bot

TIMES = 5
GOAL_S = 1.5


async def start_rows(folder: Path) -> list[Row]:
    """The goal is about every start; the first one, which creates the schema, is a row of its own."""
    bare_s: list[float] = []
    first_s: list[float] = []
    again_s: list[float] = []
    async with world(folder) as (slack, videos):
        for run in range(TIMES + 1):  # the first fills the file cache and is thrown away
            async with a_bare_app(folder / "bare", slack) as bare:
                bare_s.append(bare.ready_s)
            async with the_bot(folder / f"bot-{run}", slack, videos) as fresh:
                first_s.append(fresh.ready_s)
            async with the_bot(folder / f"bot-{run}", slack, videos) as known:
                again_s.append(known.ready_s)
    return [
        _row("start to ready", bare_s[1:], again_s[1:]),
        _row("first start to ready, schema created", bare_s[1:], first_s[1:]),
    ]


def _row(what: str, bare_s: list[float], ours_s: list[float]) -> Row:
    more_s = median(ours_s) - median(bare_s)
    return Row(
        what=f"{what}, median of {TIMES}",
        baseline=f"{median(bare_s):.2f} s",
        ours=f"{median(ours_s):.2f} s ({min(ours_s):.2f}-{max(ours_s):.2f})",
        ratio=f"+{more_s:.2f} s",
        goal=f"at most {GOAL_S:g} s more",
        met=more_s <= GOAL_S,
    )
