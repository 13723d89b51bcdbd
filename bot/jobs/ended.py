"""Names of models that have ended: still understood, with what takes their place here."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from bot.catalogue.model import Model
from bot.jobs.wish import Complaint, Offer, Problem
from bot.upstreams.registry import is_alive, names_of


def ended_model(
    name: str | None, find: Callable[[str], Model | None], known: Iterable[Model], now: datetime
) -> Model | None:
    """What somebody means by this name, if it is a model that has ended; None: it lives here, or nobody knows it.

    What a configured service has by that name counts first: retirement belongs to (service, model). Of what the
    catalogue alone remembers the first to end is its maker's own.
    """
    if name is None:
        return None
    here = find(name)
    if here is not None:
        return None if is_alive(here, now) else here
    wanted = name.strip().casefold()
    over = [each for each in known if each.retires_at is not None and not is_alive(each, now)]
    return min(
        (each for each in over if wanted in names_of(each)), key=lambda each: (each.retires_at, each.name), default=None
    )


def ended_complaint(given: str, ended: Model, allowed: tuple[str, ...]) -> Complaint:
    return Complaint(
        problem=Problem.MODEL_RETIRED,
        given=given,
        allowed=allowed,
        model_label=f"{ended.label} ended at {ended.receives} on {ended.retires_at:%Y-%m-%d}",
    )


def with_heir(complaint: Complaint, heir: str) -> Complaint:
    """The same, with who makes such videos now: "Seedance 2.0 at fal"."""
    return replace(complaint, suggestion=heir) if complaint.problem is Problem.MODEL_RETIRED else complaint


def only_ended(offer: Offer) -> bool:
    """Nothing is wrong with it but the model's end, so that all the rest can be made by what takes its place."""
    return bool(offer.complaints) and all(
        each.problem is Problem.MODEL_RETIRED and each.suggestion for each in offer.complaints
    )
