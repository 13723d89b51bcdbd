"""Whether services charge what the catalogue says: what they report to have charged against what it would say today."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.catalogue.model import Billing, Model
from bot.catalogue.price_words import dollars
from bot.catalogue.sunset import Sold

TOLERANCE = 0.05
"""Services round; above this share somebody has changed a price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charged:
    """Videos alike whose service said what they cost, in micro-dollars all together."""

    service: str
    model: str
    length_s: int
    size_px: tuple[int, int]
    videos: int
    usd_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One resolution of one model at one service that costs something else than the catalogue says."""

    sold: Sold
    resolution: str
    videos: int
    expected_usd_micros: int
    charged_usd_micros: int
    unit_usd_micros: int
    """What a second, or a clip, cost as charged."""

    @property
    def percent(self) -> int:
        """How much dearer (or, below nothing, cheaper); 100 where nothing at all was expected."""
        if self.expected_usd_micros == 0:
            return 100
        return round(100 * (self.charged_usd_micros / self.expected_usd_micros - 1))

    @property
    def price_text(self) -> str:
        """What an operator who takes it over writes in `sora.toml`."""
        unit = "clip" if self.sold.model.price.billing is Billing.PER_CLIP else "s"
        return f'price = {{ {self.resolution} = "{dollars(self.unit_usd_micros)}/{unit}" }}'


def drifts(charged: Iterable[Charged], sold: Iterable[Sold]) -> tuple[Drift, ...]:
    """Those that differ by over 5 %, the dearest surprise first.

    The expectation is today's price and not the one that was frozen into those jobs: once an operator has taken a new
    price over, nothing is left to tell. `sold` holds models as they are priced now. What is sold no longer is left out.
    """
    known = {(each.service, each.model.name): each for each in sold}
    sums: dict[tuple[str, str, str], list[int]] = {}
    for each in charged:
        found = known.get((each.service, each.model))
        resolution = _resolution(found.model, each.size_px) if found is not None else None
        if found is None or resolution is None:
            continue
        expected = found.model.price.of(length_s=each.length_s, resolution=resolution)
        units = 1 if found.model.price.billing is Billing.PER_CLIP else each.length_s
        total = sums.setdefault((each.service, each.model, resolution), [0, 0, 0, 0])
        for at, value in enumerate((each.videos, expected * each.videos, each.usd_micros, units * each.videos)):
            total[at] += value
    found_all = [
        Drift(
            sold=known[service, model],
            resolution=resolution,
            videos=videos,
            expected_usd_micros=expected,
            charged_usd_micros=usd_micros,
            unit_usd_micros=round(usd_micros / units),
        )
        for (service, model, resolution), (videos, expected, usd_micros, units) in sums.items()
        if abs(usd_micros - expected) > TOLERANCE * expected
    ]
    return tuple(sorted(found_all, key=lambda each: each.expected_usd_micros - each.charged_usd_micros))


def _resolution(model: Model, size_px: tuple[int, int]) -> str | None:
    """The one that is called so and has a price; sizes that two resolutions share tell nothing."""
    named = {name for (_, name), size in model.sizes_px.items() if size == size_px}
    only = next(iter(named)) if len(named) == 1 else None
    return only if only in model.price.usd_micros or model.price.billing is Billing.FREE else None
