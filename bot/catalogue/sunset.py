"""The sunset calendar: what ends when, as a pure function of the catalogue and the hour."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.catalogue.model import Model, Tier

NOTICE_DAYS = (30, 7, 1)
"""People are told so many days before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """One model at one service: what a retirement belongs to."""

    service: str
    """Its name, as in the settings."""
    service_label: str
    model: Model
    tier: Tier = Tier.OFFICIAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    sold: Sold
    retires_at: datetime
    notice_days: int
    """Which notice is due by now, of `NOTICE_DAYS`; 0: it is over."""
    left: timedelta
    """Until the hour; nothing once it is over."""
    heirs: tuple[Sold, ...]
    """What is of the same class and lives longer: the same model elsewhere first, then the cheaper."""

    @property
    def is_over(self) -> bool:
        return self.notice_days == 0


def endings(sold: Iterable[Sold], now: datetime) -> tuple[Ending, ...]:
    """What ends within 30 days or has ended, the first to end first.

    The notice is the latest that is due, so whoever posts each notice of (service, model) once posts none late and
    none twice, however long nobody asked.
    """
    known = tuple(sold)
    found = [
        Ending(
            sold=each,
            retires_at=each.model.retires_at,
            notice_days=days,
            left=max(timedelta(0), each.model.retires_at - now),
            heirs=_heirs(each, known, now),
        )
        for each in known
        if each.model.retires_at is not None and (days := notice_due(each.model.retires_at, now)) is not None
    ]
    return tuple(sorted(found, key=lambda each: (each.retires_at, each.sold.service, each.sold.model.name)))


def notice_due(retires_at: datetime, now: datetime) -> int | None:
    """30, 7 or 1 (days before), 0 from the hour on; None: nobody need be told yet."""
    if now >= retires_at:
        return 0
    due = [days for days in NOTICE_DAYS if retires_at - now <= timedelta(days=days)]
    return min(due, default=None)


def _heirs(ending: Sold, sold: Iterable[Sold], now: datetime) -> tuple[Sold, ...]:
    model = ending.model
    end = model.retires_at
    living = [
        each
        for each in sold
        if each is not ending
        and each.tier is not Tier.PREVIEW  # it never stands in for a real service
        and each.model.model_class is model.model_class
        and (each.model.retires_at is None or (end is not None and each.model.retires_at > max(end, now)))
        and each.model.at(now).price.has_begun(now)
    ]
    return tuple(sorted(living, key=lambda each: (each.model.name != model.name, _cheapest(each.model.at(now)))))


def _cheapest(model: Model) -> int:
    """Micro-dollars of its shortest video at its cheapest resolution."""
    return min(model.price.of(length_s=min(model.lengths_s), resolution=each) for each in model.resolutions)
