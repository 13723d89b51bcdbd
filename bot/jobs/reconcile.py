"""A service's own list of renders laid beside our attempts: what is only there, what is only here, what costs differ.

Pure; who asks the service and who reads the rows comes from outside. Nothing is changed by it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.catalogue.costs import TOLERANCE
from bot.jobs.attempt import AttemptState
from bot.providers.base import FoundRender


@dataclass(frozen=True, slots=True, kw_only=True)
class OurRender:
    """One attempt of ours, as far as a comparison goes."""

    attempt_id: str
    number: int
    """Of its job, as people say it: #142."""
    wire_name: str
    render_id: str | None
    state: AttemptState
    intent_at: datetime
    submitted_at: datetime | None
    usd_micros: int
    """Our price."""
    booked_usd_micros: int
    """What the ledger says was spent on it."""
    cost_usd_micros: int | None
    """What the service said that it charged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """What came out. `listed` is None where the service has no list: then only the sums say something."""

    ours: tuple[OurRender, ...]
    listed: int | None
    foreign: tuple[FoundRender, ...] = ()
    """At the service, and no attempt of ours: another program, or another person, uses the key."""
    arrived: tuple[tuple[OurRender, FoundRender], ...] = ()
    """Attempts whose answer was lost, found in the list by our own key: made and paid."""
    missing: tuple[OurRender, ...] = ()
    """Ours, and the service does not list them."""
    open: tuple[OurRender, ...] = ()
    """Nobody knows whether they arrived, and the list does not say."""
    costlier: tuple[OurRender, ...] = ()
    """Reported at a cost that is not our price."""

    @property
    def agrees(self) -> bool:
        return not (self.foreign or self.arrived or self.missing or self.open or self.costlier)

    @property
    def booked_usd_micros(self) -> int:
        return sum(each.booked_usd_micros for each in self.ours)

    @property
    def reported(self) -> tuple[OurRender, ...]:
        return tuple(each for each in self.ours if each.cost_usd_micros is not None)


def reconciled(
    ours: Sequence[OurRender],
    found: Sequence[FoundRender] | None,
    *,
    known: Collection[str],
    now: datetime,
    listing_lag_s: float,
) -> Reconciliation:
    """Compare.

    Args:
        ours: attempts since some moment, newest first or in any sequence.
        found: what the service listed since then; None: it has no list.
        known: which of the listed ids any attempt of ours has, however old.
        listing_lag_s: how long a render may be missing from the list although it is there.
    """
    open_ones = [each for each in ours if each.state in {AttemptState.INTENT, AttemptState.UNKNOWN}]
    costlier = tuple(each for each in ours if _is_off(each))
    if found is None:
        return Reconciliation(ours=tuple(ours), listed=None, open=tuple(open_ones), costlier=costlier)
    by_key = {each.client_key: each for each in found if each.client_key and each.ref.render_id not in known}
    arrived = tuple((each, by_key[each.attempt_id]) for each in open_ones if each.attempt_id in by_key)
    explained = {each.ref.render_id for _, each in arrived} | set(known)
    shown = {each.ref.render_id for each in found}
    settled = now - timedelta(seconds=listing_lag_s)
    return Reconciliation(
        ours=tuple(ours),
        listed=len(found),
        foreign=tuple(each for each in found if each.ref.render_id not in explained),
        arrived=arrived,
        missing=tuple(each for each in ours if _should_be_listed(each, settled) and each.render_id not in shown),
        open=tuple(each for each in open_ones if each.attempt_id not in by_key),
        costlier=costlier,
    )


def _should_be_listed(render: OurRender, settled: datetime) -> bool:
    """Services take a cancelled one out of their lists, and some a failed one; what was made must be there."""
    if render.render_id is None or render.submitted_at is None or render.submitted_at > settled:
        return False
    return render.state in {AttemptState.SUBMITTED, AttemptState.SUCCEEDED}


def _is_off(render: OurRender) -> bool:
    if render.cost_usd_micros is None or render.state is not AttemptState.SUCCEEDED:
        return False
    return abs(render.cost_usd_micros - render.usd_micros) > TOLERANCE * render.usd_micros
