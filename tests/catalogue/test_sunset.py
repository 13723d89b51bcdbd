"""What ends when: notices 30, 7 and 1 days before, and what is left then."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import Model, ModelClass, Tier
from bot.catalogue.sunset import NOTICE_DAYS, Sold, endings, notice_due

END = datetime(2027, 1, 31, tzinfo=UTC)
BASE = next(each for each in load_catalogue().models if each.name == "kling-3.0-turbo")


def sold(service: str, name: str = "dying", *, tier: Tier = Tier.OFFICIAL, **facts: object) -> Sold:
    model: Model = replace(BASE, name=name, retires_at=None)
    return Sold(service=service, service_label=service.title(), model=replace(model, **facts), tier=tier)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "days"),
    [
        (timedelta(days=31), None),
        (timedelta(days=30, seconds=1), None),
        (timedelta(days=30), 30),
        (timedelta(days=7, seconds=1), 30),
        (timedelta(days=7), 7),
        (timedelta(days=1, seconds=1), 7),
        (timedelta(days=1), 1),
        (timedelta(seconds=1), 1),
        (timedelta(0), 0),
        (-timedelta(days=400), 0),
    ],
)
def test_the_notice_that_is_due(before: timedelta, days: int | None) -> None:
    assert notice_due(END, END - before) == days


@given(st.integers(0, 60 * 24 * 40), st.integers(0, 60 * 24 * 40))
def test_notices_only_come_nearer(one: int, other: int) -> None:
    earlier, later = sorted((END - timedelta(minutes=one), END - timedelta(minutes=other)))
    ranks = {None: 99} | {each: each for each in (*NOTICE_DAYS, 0)}
    assert ranks[notice_due(END, later)] <= ranks[notice_due(END, earlier)]


def test_retirement_belongs_to_service_and_model() -> None:
    found = endings([sold("fal", retires_at=END), sold("videos")], END - timedelta(days=3))
    assert [(each.sold.service, each.notice_days, each.left, each.is_over) for each in found] == [
        ("fal", 7, timedelta(days=3), False)
    ]
    assert [each.service for each in found[0].heirs] == ["videos"]


def test_the_same_model_elsewhere_comes_first_then_the_cheaper_of_its_class_and_never_the_preview() -> None:
    dear = replace(BASE.price, usd_micros=dict.fromkeys(BASE.price.usd_micros, 900_000))
    others = [
        sold("a", "dear", price=dear),
        sold("b", "cheap"),
        sold("c", "dying", price=dear),
        sold("d", "best", model_class=ModelClass.PRO),
        sold("e", "ends-before", retires_at=END - timedelta(days=1)),
        sold("f", "preview", tier=Tier.PREVIEW),
        sold("g", "not-yet", price=replace(dear, since=END + timedelta(days=9))),
    ]
    found = endings([sold("fal", retires_at=END), *others], END - timedelta(hours=2))
    dying = next(each for each in found if each.sold.service == "fal")
    assert [each.service for each in dying.heirs] == ["c", "b", "a"]


def test_the_first_to_end_stands_first() -> None:
    later = sold("z", retires_at=END + timedelta(days=2))
    assert [each.sold.service for each in endings([later, sold("fal", retires_at=END)], END)] == ["fal", "z"]
