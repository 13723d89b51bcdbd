"""Services that charge something else than the catalogue says."""

from dataclasses import replace

from bot.catalogue.costs import Charged, drifts
from bot.catalogue.loader import load_catalogue
from bot.catalogue.model import Billing, Price
from bot.catalogue.own_tables import OwnServices, with_own_tables
from bot.catalogue.sunset import Sold

CATALOGUE = load_catalogue()
MODEL = next(each for each in CATALOGUE.models if (each.protocol, each.name) == ("runway", "seedance-2.0"))
SOLD = Sold(service="runway", service_label="Runway", model=MODEL)


def charged(usd_micros: int, *, size: tuple[int, int] = (1280, 720), length_s: int = 5, videos: int = 1) -> Charged:
    return Charged(
        service="runway", model="seedance-2.0", length_s=length_s, size_px=size, videos=videos, usd_micros=usd_micros
    )


def test_over_five_percent_is_told_and_five_is_not() -> None:
    assert drifts([charged(1_800_000), charged(1_800_000 + 180_000)], [SOLD]) == ()
    assert drifts([charged(1_890_000)], [SOLD]) == ()
    (dearer,) = drifts([charged(1_890_002)], [SOLD])
    assert (dearer.percent, dearer.resolution, dearer.videos) == (5, "720p", 1)
    (cheaper,) = drifts([charged(900_000)], [SOLD])
    assert cheaper.percent == -50


def test_each_resolution_for_itself_and_the_dearest_surprise_first() -> None:
    found = drifts([charged(2_700_000), charged(60_000_000, size=(3840, 2160), length_s=10)], [SOLD])
    assert [(each.resolution, each.percent) for each in found] == [("4k", 300), ("720p", 50)]


def test_what_an_admin_takes_over_is_told_no_more() -> None:
    videos = [charged(2_200_000), charged(4_400_000, length_s=10)]
    (drift,) = drifts(videos, [SOLD])
    assert drift.price_text == 'price = { 720p = "0.44/s" }'
    told = with_own_tables(
        CATALOGUE,
        {"seedance-2.0": {"service": "runway", "price": {"720p": "0.44/s"}}},
        OwnServices(accounts={"runway": "runway"}),
    )
    model = next(each for each in told.models if (each.protocol, each.name) == ("runway", "seedance-2.0"))
    assert drifts(videos, [replace(SOLD, model=model)]) == ()


def test_a_clip_is_a_clip_and_what_was_free_is_not() -> None:
    clip = replace(MODEL, price=Price(billing=Billing.PER_CLIP, usd_micros=dict.fromkeys(MODEL.resolutions, 300_000)))
    (drift,) = drifts([charged(900_000, videos=2, length_s=10)], [replace(SOLD, model=clip)])
    assert (drift.percent, drift.price_text) == (50, 'price = { 720p = "0.45/clip" }')
    free = replace(MODEL, price=Price(billing=Billing.FREE))
    (drift,) = drifts([charged(10)], [replace(SOLD, model=free)])
    assert drift.percent == 100


def test_what_is_sold_no_longer_or_in_an_unknown_size_is_left_out() -> None:
    assert drifts([charged(9_000_000)], []) == ()
    assert drifts([charged(9_000_000, size=(123, 456))], [SOLD]) == ()
