"""SIGKILL at random moments with jobs in flight, then the books against what the services saw.

    .venv/bin/python tests/faults/random_kills.py --seed 7 --jobs 20 --kills 12

Prints the figures and the seed; exit code 1 when anything was lost, rendered twice, posted twice or booked wrongly.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1]))

from faults.kill_town import KillTown, a_kill_town

ORDER_USD_MICROS = 400_000
"""One order: 4 s of the local service's fast model."""
SETTLED_WITHIN_S = 240
"""A submit that never left is searched for until its deadline (30 s) and the listing's lag (60 s) are over."""


@dataclass(frozen=True)
class Plan:
    seed: int
    jobs: int
    kills: int


async def play(town: KillTown, plan: Plan) -> list[str]:
    """Order while killing, let it settle, judge. Returns what is wrong; empty is well."""
    chance = random.Random(plan.seed)
    town.slack.rates.enabled = False
    ordered = 0
    for kill in range(plan.kills + 1):
        async with town.bot() as process:
            share = -(-(plan.jobs - ordered) // (plan.kills + 1 - kill))
            for _ in range(share):
                person = ("ada", "ben")[ordered % 2]
                await town.slack.command(person, "videos", "/sora", f"wave number {ordered} --4s")
                ordered += 1
            if kill < plan.kills:
                await asyncio.sleep(chance.uniform(0.05, 2.5))
                town.strike()
                await process.gone(10)
                continue
            await town.slack.until(
                lambda: len(town.books().states) == town.books().states.count("delivered"), within_s=SETTLED_WITHIN_S
            )
            await town.slack.until(lambda: town.finished_cards() >= plan.jobs, within_s=30)
    return _wrong(town, ordered)


def _wrong(town: KillTown, ordered: int) -> list[str]:
    books = town.books()
    checks = {
        f"{ordered} orders were acknowledged, {len(books.states)} are on the books": len(books.states) == ordered,
        f"states: {sorted(set(books.states))}": set(books.states) == {"delivered"},
        f"{len(town.videos.accepted)} renders for {ordered} orders": len(town.videos.accepted) == ordered,
        f"{town.films()} files for {ordered} orders": town.films() == ordered,
        f"{books.paid_usd_micros} micro-dollars were paid": books.paid_usd_micros == ordered * ORDER_USD_MICROS,
        "balances are not what the ledger adds up to": books.exact,
    }
    return [words for words, holds in checks.items() if not holds]


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--jobs", type=int, default=20)
    parser.add_argument("--kills", type=int, default=12)
    plan = Plan(**vars(parser.parse_args()))
    print(plan)
    with tempfile.TemporaryDirectory() as folder:
        async with a_kill_town(Path(folder)) as town:
            wrong = await play(town, plan)
            print(f"{plan.kills} kills, {len(town.videos.accepted)} renders, {town.films()} files, {town.books()}")
    print("\n".join(wrong) or "nothing lost, nothing twice")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
