"""What a service's own status page says, and how that compares to what we see ourselves. Pure.

Two witnesses: a page is written by people and late, and it says nothing about our key or our money; our videos say
nothing about other customers. Where the two disagree, both are told.

Sources, read 2026-11-21: Atlassian Statuspage's /api/v2/summary.json, which incident.io copies (one reader reported
other words there, so an unknown word is no word); Google Cloud's incidents.json, where an incident without `end` is
still going on.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.providers.errors import AuthFailed, QuotaExhausted, Retired
from bot.upstreams.health import HealthState, Trouble

FRESH_FOR = timedelta(minutes=30)
"""A page that could not be read for longer says nothing any more. Clocks of replicas differ by less."""
WORDS_MAX = 200


class PageState(StrEnum):
    FINE = "fine"
    TROUBLE = "trouble"
    OUTAGE = "outage"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageReport:
    state: PageState
    words: str = ""
    """The page's own, shortened: strangers' text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSeen:
    """The last report of a service's page."""

    report: PageReport
    since: datetime
    seen_at: datetime

    def is_fresh(self, now: datetime) -> bool:
        return abs(now - self.seen_at) <= FRESH_FOR


_INDICATORS = {
    "none": PageState.FINE,
    "minor": PageState.TROUBLE,
    "major": PageState.OUTAGE,
    "critical": PageState.OUTAGE,
    "maintenance": PageState.MAINTENANCE,
}
_COMPONENTS = {
    "operational": PageState.FINE,
    "degraded_performance": PageState.TROUBLE,
    "partial_outage": PageState.TROUBLE,
    "major_outage": PageState.OUTAGE,
    "full_outage": PageState.OUTAGE,
    "under_maintenance": PageState.MAINTENANCE,
}
_GRAVITY = (PageState.FINE, PageState.MAINTENANCE, PageState.TROUBLE, PageState.OUTAGE)
_RUNS = frozenset({"in_progress", "verifying"})


def statuspage(document: Any, components: Sequence[str]) -> PageReport | None:
    """Of a summary.json: the gravest of our components (by id or name), the whole page where it shows none of them.

    None: not understood.
    """
    if not isinstance(document, Mapping):
        return None
    ours = [each for each in _dicts(document.get("components")) if _is_ours(each, components)]
    states = [state for each in ours if (state := _COMPONENTS.get(str(each.get("status")))) is not None]
    if not states:
        page = document.get("status")
        state = _INDICATORS.get(str(page.get("indicator"))) if isinstance(page, Mapping) else None
        return None if state is None else PageReport(state=state, words=_statuspage_words(document, state, ours))
    gravest = max(states, key=_GRAVITY.index)
    return PageReport(state=gravest, words=_statuspage_words(document, gravest, ours))


def google(document: Any, products: Sequence[str]) -> PageReport | None:
    """Of an incidents.json: the gravest incident that goes on and affects one of our products, by id or title."""
    if not isinstance(document, list):
        return None
    found = PageReport(state=PageState.FINE)
    for incident in _dicts(document):
        impact = str(incident.get("status_impact"))
        ours = any(_is_ours(each, products) for each in _dicts(incident.get("affected_products")))
        if incident.get("end") or not ours or impact not in {"SERVICE_OUTAGE", "SERVICE_DISRUPTION"}:
            continue
        state = PageState.OUTAGE if impact == "SERVICE_OUTAGE" else PageState.TROUBLE
        if _GRAVITY.index(state) > _GRAVITY.index(found.state):
            found = PageReport(state=state, words=_short(incident.get("external_desc")))
    return found


def page_words(page: PageSeen | None, trouble: Trouble | None, now: datetime) -> str:
    """One sentence for a person, where the page has something to say about what we see; else empty."""
    if page is None or not page.is_fresh(now):
        return ""
    said = f": “{page.report.words}”" if page.report.words else ""
    out = trouble is not None and trouble.state is HealthState.SUSPENDED
    match page.report.state:
        case PageState.FINE if out and trouble is not None and trouble.cause not in _OURS:
            return "Its own status page says that all is well; what we send there fails all the same."
        case PageState.FINE:
            return ""
        case PageState.MAINTENANCE:
            return f"Its own status page announces maintenance{said}."
        case _ if out:
            return f"Its own status page says so too{said}."
        case _:
            return f"Its own status page reports trouble{said}, but our videos get through."


_OURS = frozenset({AuthFailed.kind, QuotaExhausted.kind, Retired.kind})
"""Between that service and us: no page could show it."""


def _statuspage_words(document: Mapping[str, Any], state: PageState, ours: Iterable[Mapping[str, Any]]) -> str:
    if state is PageState.FINE:
        return ""
    where, ids = "incidents", {each.get("id") for each in ours}
    if state is PageState.MAINTENANCE:
        where = "scheduled_maintenances"
    entries = [each for each in _dicts(document.get(where)) if where == "incidents" or str(each.get("status")) in _RUNS]
    about_us = [each for each in entries if ids & {part.get("id") for part in _dicts(each.get("components"))}]
    return _short(next((each.get("name") for each in (about_us or entries)), ""))


def _is_ours(component: Mapping[str, Any], names: Sequence[str]) -> bool:
    wanted = {each.casefold() for each in names}
    return bool(wanted & {str(component.get(key, "")).strip().casefold() for key in ("id", "name", "title")})


def _dicts(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _short(text: Any) -> str:
    words = " ".join(str(text or "").split())
    return words if len(words) <= WORDS_MAX else words[: WORDS_MAX - 1] + "…"
