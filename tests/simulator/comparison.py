"""Ours against two simple policies, over one month of the same four services: one table, and a verdict."""

import asyncio
import statistics
from collections import defaultdict
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.jobs.wish import Wish
from tests.simulator.dial import Fault
from tests.simulator.fleet import cheapest_of
from tests.simulator.judge import Seen
from tests.simulator.policies import Made, Policy, SimpleBot, each_in_turn, official_only
from tests.simulator.services import Render, Service
from tests.simulator.virtual_loop import VirtualClock, VirtualLoop
from tests.simulator.world import Outcome, Setup, opened_dial, plans_of, services_of

SIMPLE: dict[str, Policy] = {"official only": official_only, "each in turn": each_in_turn}
LATER_S = 5 * 86400.0
"""After the last order, before the bills are read: what was late has come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One policy. An innocent order is one that nobody has a reason to refuse."""

    name: str
    orders: int
    innocent: int
    made: int
    """Of the innocent ones, with a video."""
    turned_down: int
    """Of the innocent ones without: a service refused each try (it was refusing everything just then)."""
    videos: int
    paid_renders: int
    paid_twice: int
    """Orders with more than one paid render, where their person did not ask for another, knowing of the first."""
    charged_after_failed: int
    """Renders that their service called failed, and made and charged later: no bot can know."""
    laundered: int
    """Orders that one service had refused and another one accepted."""
    usd: float
    usd_over_cheapest: float
    """Above what the videos would have cost at the cheapest service that makes them, in health or not."""
    delays_s: Sequence[float]

    @property
    def success(self) -> float:
        return self.made / self.innocent if self.innocent else 0.0

    @property
    def let_down(self) -> int:
        """Innocent orders that nobody refused, without a video. Moving a refused one is forbidden (mission D3)."""
        return self.innocent - self.made - self.turned_down


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    """What became of one order."""

    order: str
    wish: Wish
    seconds: float | None
    """From the order to the first video; None: there is none."""
    videos: int
    asks: Sequence["_Asked"]
    is_laundered: bool
    is_turned_down: bool

    @property
    def charges(self) -> list[int]:
        """Micro-dollars, one for each paid render."""
        return [usd_micros for each in self.asks for usd_micros in (*each.charges, *each.agreed, *each.surprises)]

    @property
    def is_paid_twice(self) -> bool:
        """By one ask; or by a second one whose person had been told of a failure, and nothing of money."""
        paid = [each for each in self.asks if each.charges]
        return any(len(each.charges) > 1 for each in paid) or not all(each.knew for each in paid[:-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One time that a person asked for it. Charges are micro-dollars, one for each paid render."""

    charges: Sequence[int]
    agreed: Sequence[int] = ()
    """After these somebody agreed to pay for another one."""
    surprises: Sequence[int] = ()
    """Their service had called them failed."""
    knew: bool
    """Whoever asked once more after it knew that it was paid, or still being made."""


def compared(ours: Outcome) -> list[Row]:
    """Ours first. The others get those orders that ours accepted: limits and double clicks are nobody's luck."""
    dial = opened_dial(ours.setup)
    services = services_of(ours.setup, VirtualClock(), dial)
    plans = plans_of(ours.setup, dial, services)
    made = _ours(ours, {str(each.number): each.wish for each in plans})
    accepted = {each.order for each in made}
    results = {"ours": made, **{name: _simple(ours.setup, policy, accepted) for name, policy in SIMPLE.items()}}
    return [_row(name, each, services) for name, each in results.items()]


def verdict(rows: Sequence[Row]) -> list[str]:
    """What is not as promised, in words."""
    ours, *others = rows
    wrong = [f"{ours.paid_twice} orders were paid twice"] if ours.paid_twice else []
    for each in others:
        if ours.paid_twice > each.paid_twice:
            wrong.append(f"{each.name} pays fewer twice")
        if ours.let_down > each.let_down:
            wrong.append(f"{each.name} lets {each.let_down} orders down that nobody refused, ours {ours.let_down}")
    return wrong


def as_text(rows: Sequence[Row]) -> str:
    columns: list[tuple[str, Callable[[Row], str]]] = [
        ("policy", lambda row: row.name),
        ("success", lambda row: f"{row.success:.2%}"),
        ("not made", lambda row: str(row.innocent - row.made)),
        ("because refused", lambda row: str(row.turned_down)),
        ("paid renders a video", lambda row: f"{row.paid_renders / max(row.videos, 1):.3f}"),
        ("paid twice", lambda row: str(row.paid_twice)),
        ("charged after “failed”", lambda row: str(row.charged_after_failed)),
        ("refusals moved on", lambda row: str(row.laundered)),
        ("paid", lambda row: f"${row.usd:,.2f}"),
        ("over the cheapest", lambda row: f"${row.usd_over_cheapest:,.2f}"),
        ("p50", lambda row: _time(row.delays_s, 50)),
        ("p90", lambda row: _time(row.delays_s, 90)),
    ]
    cells = [[title for title, _ in columns], *([cell(row) for _, cell in columns] for row in rows)]
    widths = [max(len(row[nth]) for row in cells) for nth in range(len(columns))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]
    return f"{rows[0].orders} orders, {rows[0].innocent} with nothing to refuse about them\n" + "\n".join(lines)


def _ours(ours: Outcome, wishes: Mapping[str, Wish]) -> list[_Result]:
    jobs: dict[str, list[Seen]] = defaultdict(list)
    for each in ours.judge.jobs.values():
        jobs[each.subject].append(each)
    return [_result_of(order, wishes[order], found, ours) for order, found in jobs.items()]


def _result_of(order: str, wish: Wish, jobs: Sequence[Seen], ours: Outcome) -> _Result:
    videos_at_s = sorted(each.video_at_s for each in jobs if each.video_at_s is not None)
    begun_s = min(each.accepted_at_s for each in jobs)
    makers = [(each.refused_by, {service.name for service, _ in ours.judge.renders[each.id]}) for each in jobs]
    in_order = sorted(jobs, key=lambda each: each.accepted_at_s)
    return _Result(
        order=order,
        wish=wish,
        seconds=videos_at_s[0] - begun_s if videos_at_s else None,
        videos=len(videos_at_s),
        asks=[
            _asked(
                ours.judge.renders[each.id],
                ours.charges,
                agreed=ours.judge.agreed | ours.judge.risked,
                knew=each.told_paid or _goes_on(each, after) or each.video_at_s is not None,
            )
            for each, after in zip(in_order, [*in_order[1:], None], strict=True)
        ],
        is_laundered=any(refused_by and made_by - {refused_by} for refused_by, made_by in makers),
        is_turned_down=not videos_at_s and all(each.refused_by for each in jobs),
    )


def _goes_on(job: Seen, after: Seen | None) -> bool:
    """It was still being made when the next one was asked for."""
    return after is not None and (job.ended_at_s is None or job.ended_at_s > after.accepted_at_s)


def _asked(
    renders: Sequence[tuple[Service, Render]],
    charges: Mapping[str, int],
    *,
    agreed: Container[str] = (),
    knew: bool,
) -> _Asked:
    paid = [render for _, render in renders if charges.get(render.id)]
    late = [each for each in paid if each.late_at is not None]
    chosen = [each for each in paid if each not in late and each.key in agreed]
    return _Asked(
        charges=[charges[each.id] for each in paid if each not in late and each not in chosen],
        agreed=[charges[each.id] for each in chosen],
        surprises=[charges[each.id] for each in late],
        knew=knew,
    )


def _simple(setup: Setup, policy: Policy, accepted: Container[str]) -> list[_Result]:
    """With no deaths, and no database: it has neither."""
    calm = replace(setup, often={**setup.often, Fault.KILL: 0.0, Fault.DATABASE_LOCKED: 0.0})

    async def month() -> list[_Result]:
        clock, dial = VirtualClock(), opened_dial(calm)
        services = services_of(calm, clock, dial)
        bot = SimpleBot(services, dial, policy)
        made = await bot.serve([each for each in plans_of(calm, dial, services) if str(each.number) in accepted])
        await asyncio.sleep(LATER_S)
        return [_simple_result(each) for each in made]

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(month())


def _simple_result(made: Made) -> _Result:
    renders = [each for ask in made.asks for each in ask.renders]
    charges = {render.id: service.charged_usd_micros(render) for service, render in renders}
    return _Result(
        order=str(made.plan.number),
        wish=made.plan.wish,
        seconds=made.seconds,
        videos=int(made.seconds is not None),
        asks=[_asked(each.renders, charges, knew=each.told_paid) for each in made.asks],
        is_laundered=any(
            each.refused_by and {service.name for service, _ in each.renders} - each.refused_by for each in made.asks
        ),
        is_turned_down=made.seconds is None and all(each.refused_by for each in made.asks),
    )


def _row(name: str, results: Sequence[_Result], services: Sequence[Service]) -> Row:
    strictest = max(each.strictness for each in services)
    innocent = [each for each in results if services[0].dial.trait("touchy", each.order) >= strictest]
    spent = sum(sum(each.charges) for each in results)
    least = sum(each.videos * cheapest_of(services, each.wish) for each in results)
    return Row(
        name=name,
        orders=len(results),
        innocent=len(innocent),
        made=sum(each.seconds is not None for each in innocent),
        turned_down=sum(each.is_turned_down for each in innocent),
        videos=sum(each.videos for each in results),
        paid_renders=sum(len(each.charges) for each in results),
        paid_twice=sum(each.is_paid_twice for each in results),
        charged_after_failed=sum(len(ask.surprises) for each in results for ask in each.asks),
        laundered=sum(each.is_laundered for each in results),
        usd=spent / 1e6,
        usd_over_cheapest=(spent - least) / 1e6,
        delays_s=[each.seconds for each in results if each.seconds is not None],
    )


def _time(delays_s: Sequence[float], percent: int) -> str:
    if len(delays_s) < 2:
        return "-"
    return f"{statistics.quantiles(delays_s, n=100)[percent - 1]:.0f} s"
