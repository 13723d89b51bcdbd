"""Prices as people write and read them: "0.10/s", "0.30/clip", "free"."""

from collections.abc import Iterable
from decimal import Decimal
from typing import assert_never

from bot.catalogue.entries import MICROS, usd_micros
from bot.catalogue.model import Billing, Price

_BILLINGS = {"s": Billing.PER_SECOND, "clip": Billing.PER_CLIP}


def price_of(text: str, resolutions: Iterable[str]) -> Price:
    """The price that one amount says, for each of the resolutions.

    Raises:
        ValueError: in words, with what would do.
    """
    if text.strip().lower() == "free":
        return Price(billing=Billing.FREE)
    dollars, slash, unit = (each.strip() for each in text.strip().removeprefix("$").partition("/"))
    billing = _BILLINGS.get(unit.lower())
    if not slash or billing is None:
        raise ValueError(f'"{text}" needs what it is for: {dollars}/s for a second or {dollars}/clip for a video')
    return Price(billing=billing, usd_micros=dict.fromkeys(resolutions, usd_micros(dollars)))


def dollars(micros: int) -> str:
    """Micro-dollars in full, as a table of the catalogue has them: "0.072"."""
    text = f"{Decimal(micros) / MICROS:f}"
    whole, _, part = text.partition(".")
    return f"{whole}.{part.rstrip('0').ljust(2, '0')}"


def price_words(price: Price, resolutions: Iterable[str]) -> str:
    """As in "720p $0.10/s, 1080p $0.15/s"; resolutions that cost the same stand together."""
    match price.billing:
        case Billing.FREE:
            return "free"
        case Billing.PER_SECOND:
            unit = "s"
        case Billing.PER_CLIP:
            unit = "clip"
        case _:
            assert_never(price.billing)
    by_amount: dict[int, list[str]] = {}
    for resolution in resolutions:
        if resolution in price.usd_micros:
            by_amount.setdefault(price.usd_micros[resolution], []).append(resolution)
    return ", ".join(f"{' '.join(names)} ${dollars(micros)}/{unit}" for micros, names in by_amount.items())
