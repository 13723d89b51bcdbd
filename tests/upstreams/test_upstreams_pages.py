"""Status pages as their makers write them, and how they compare to what we see."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.upstreams.health import HealthState, Trouble
from bot.upstreams.pages import PageReport, PageSeen, PageState, google, page_words, statuspage

NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
OUT = Trouble(state=HealthState.SUSPENDED, cause="capacity")


def summary(indicator: str = "none", *, api: str = "operational", **more: Any) -> dict[str, Any]:
    """The shape of Statuspage's summary.json."""
    return {
        "page": {"id": "s9lf", "name": "Runway"},
        "status": {"indicator": indicator, "description": "words"},
        "components": [
            {"id": "w3jc", "name": "Public API", "status": api, "group": False},
            {"id": "2fr8", "name": "App", "status": "major_outage", "group": False},
        ],
        "incidents": [],
        "scheduled_maintenances": [],
        **more,
    }


@pytest.mark.parametrize("name", ["w3jc", "public api"])
@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("operational", PageState.FINE),
        ("degraded_performance", PageState.TROUBLE),
        ("partial_outage", PageState.TROUBLE),
        ("major_outage", PageState.OUTAGE),
        ("under_maintenance", PageState.MAINTENANCE),
    ],
)
def test_our_part_of_a_page_decides_and_not_the_rest(name: str, status: str, state: PageState) -> None:
    found = statuspage(summary("critical", api=status), [name])
    assert found is not None
    assert found.state is state


def test_a_page_that_shows_none_of_our_parts_counts_as_a_whole() -> None:
    for components in ([], ["Video API"]):
        found = statuspage(summary("minor"), components)
        assert found is not None
        assert found.state is PageState.TROUBLE


@pytest.mark.parametrize(
    "document",
    [None, [], "down", {}, {"status": "none"}, {"status": {"indicator": "sunny"}}, {"components": [7, {"status": {}}]}],
)
def test_what_is_not_understood_says_nothing(document: Any) -> None:
    assert statuspage(document, ["Public API"]) is None


def test_the_words_are_those_of_the_incident_about_us() -> None:
    incidents = [
        {"name": "Logins fail", "components": [{"id": "2fr8"}]},
        {"name": "API  is\nslow " + "x" * 300, "components": [{"id": "w3jc"}]},
    ]
    found = statuspage(summary(api="partial_outage", incidents=incidents), ["Public API"])
    assert found is not None
    assert found.words.startswith("API is slow x")
    assert len(found.words) == 200


def test_maintenance_is_named_by_what_runs_now() -> None:
    planned = [
        {"name": "Next week", "status": "scheduled", "components": [{"id": "w3jc"}]},
        {"name": "New racks", "status": "in_progress", "components": [{"id": "w3jc"}]},
    ]
    found = statuspage(summary(api="under_maintenance", scheduled_maintenances=planned), ["Public API"])
    assert found == PageReport(state=PageState.MAINTENANCE, words="New racks")


def incident(product: str, *, impact: str = "SERVICE_OUTAGE", end: str | None = None) -> dict[str, Any]:
    """The shape of an entry of Google Cloud's incidents.json."""
    told = {
        "id": "x",
        "begin": "2026-11-21T09:00:00+00:00",
        "external_desc": f"{product} fails",
        "status_impact": impact,
    }
    return told | {"affected_products": [{"id": "p", "title": product}]} | ({"end": end} if end else {})


def test_of_googles_incidents_the_gravest_open_one_about_us_counts() -> None:
    entries = [
        incident("Cloud SQL"),
        incident("Vertex Gemini API", end="2026-11-21T09:30:00+00:00"),
        incident("Vertex Gemini API", impact="SERVICE_INFORMATION"),
    ]
    assert google(entries, ["Vertex Gemini API"]) == PageReport(state=PageState.FINE)
    entries.append(incident("Vertex Gemini API", impact="SERVICE_DISRUPTION"))
    entries.append(incident("Vertex AI Online Prediction"))
    found = google(entries, ["Vertex Gemini API", "Vertex AI Online Prediction"])
    assert found == PageReport(state=PageState.OUTAGE, words="Vertex AI Online Prediction fails")
    assert google({"error": 1}, []) is None


def seen(state: PageState, *, ago: timedelta = timedelta(), words: str = "") -> PageSeen:
    return PageSeen(report=PageReport(state=state, words=words), since=NOW, seen_at=NOW - ago)


def test_where_page_and_measurement_disagree_it_says_so() -> None:
    assert "all is well" in page_words(seen(PageState.FINE), OUT, NOW)
    reverse = page_words(seen(PageState.OUTAGE, words="API down"), None, NOW)
    assert "“API down”" in reverse
    assert "our videos get through" in reverse
    assert "says so too" in page_words(seen(PageState.OUTAGE), OUT, NOW)
    assert page_words(seen(PageState.FINE), None, NOW) == ""


@pytest.mark.parametrize("cause", ["auth", "quota", "retired"])
def test_a_page_is_not_accused_of_hiding_what_is_between_the_service_and_us(cause: str) -> None:
    assert page_words(seen(PageState.FINE), Trouble(state=HealthState.SUSPENDED, cause=cause), NOW) == ""


def test_a_page_unread_for_long_says_nothing_and_clocks_five_minutes_apart_are_harmless() -> None:
    assert page_words(seen(PageState.OUTAGE, ago=timedelta(minutes=31)), OUT, NOW) == ""
    for minutes in (-5, 5):
        assert page_words(seen(PageState.OUTAGE, ago=timedelta(minutes=minutes)), OUT, NOW) != ""
