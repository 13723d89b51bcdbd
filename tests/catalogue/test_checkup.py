"""What about the catalogue needs a person."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from bot.catalogue.checkup import Finding, checkup, live_findings
from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import Catalogue
from bot.catalogue.own_tables import OwnServices, with_own_tables
from bot.catalogue.sunset import Sold

PACKAGED = load_catalogue()
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def sold(catalogue: Catalogue, protocol: str, service: str) -> tuple[Sold, ...]:
    return tuple(
        Sold(service=service, service_label=service, model=each)
        for each in catalogue.models
        if each.protocol == protocol
    )


def findings(catalogue: Catalogue = PACKAGED, protocol: str = "kling", now: datetime = NOW) -> tuple[Finding, ...]:
    return checkup(catalogue, sold(catalogue, protocol, "kling"), now=now)


def own(table: dict[str, object]) -> Catalogue:
    return with_own_tables(PACKAGED, {"kling-3.0-turbo": table}, OwnServices(accounts={"kling": "kling"}))


def test_all_well_says_nothing() -> None:
    assert findings() == ()


def test_old_facts_are_told_once_for_the_service_and_for_each_model() -> None:
    assert findings(now=NOW + timedelta(days=90)) == ()
    old = findings(now=NOW + timedelta(days=91))
    assert len(old) == 1 + sum(each.protocol == "kling" for each in PACKAGED.models)
    assert all(
        each.needs_person and "91 days ago (2026-11-21)" in each.what and "sora.toml" in each.mend for each in old
    )


def test_what_an_operator_says_of_a_model_has_no_date_to_grow_old() -> None:
    told = own({"name": "mine", "like": "kling-3.0-turbo", "service": "kling", "price": "0.1/s"})
    assert [each.model for each in findings(told, now=NOW + timedelta(days=400)) if each.model == "mine"] == []


def test_an_end_within_30_days_needs_a_person_and_names_what_takes_its_place() -> None:
    (found,) = findings(own({"retires_at": date(2026, 12, 1)}))
    assert (found.model, found.needs_person) == ("kling-3.0-turbo", True)
    assert "ends in 9 days (2026-12-01 00:00 UTC)" in found.what
    (last,) = findings(own({"retires_at": date(2026, 11, 22)}))
    assert "in less than a day" in last.what
    assert findings(own({"retires_at": date(2027, 1, 1)})) == ()


def test_an_end_that_is_over_needs_nobody_unless_the_operator_wrote_it() -> None:
    (over,) = findings(own({"retires_at": date(2026, 11, 1)}))
    assert over.needs_person
    assert "ended 2026-11-01" in over.what
    packaged = [replace(each, own=()) for each in own({"retires_at": date(2026, 11, 1)}).models]
    (over,) = findings(replace(PACKAGED, models=tuple(packaged)))
    assert not over.needs_person


def test_a_price_that_has_not_begun_is_told() -> None:
    later = {"720p": "0.1/s", "1080p": "0.2/s", "since": date(2027, 1, 1)}
    told = own({"name": "mine", "like": "kling-3.0-turbo", "service": "kling", "price": later})
    (found,) = findings(told)
    assert "has no price before 2027-01-01" in found.what


def test_models_without_a_price_are_told_with_how_to_give_one() -> None:
    named = [each for each in PACKAGED.unpriced if each.protocol == "gemini_omni"]
    told = [each for each in findings(protocol="gemini_omni") if "not offered" in each.what]
    assert named
    assert {each.name for each in named} == {each.model for each in told}
    assert all(not each.needs_person and 'price = "0.10/s"' in each.mend for each in told)


def test_a_service_that_lists_something_else() -> None:
    models = [each for each in PACKAGED.models if each.protocol == "xai"]
    listed = {str(each.wire_name) for each in models[1:]}
    gone, new = live_findings("xai", models, listed, told={"grok-9-video": "Grok 9"})
    assert (gone.model, gone.needs_person) == (models[0].name, True)
    assert (new.model, new.needs_person, "Grok 9" in new.what) == ("grok-9-video", False, True)
