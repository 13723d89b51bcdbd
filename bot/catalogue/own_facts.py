"""What an operator's table says, laid over what is known already: both as keys of a model's table."""

from typing import Any

from bot.catalogue.entries import ModelEntry
from bot.catalogue.model import Billing, Model, Price, Protocol
from bot.catalogue.own_models import SLOW_AT_LEAST
from bot.catalogue.price_words import dollars, price_of
from bot.catalogue.table_problems import PRICE_EXAMPLE


def written(model: Model) -> dict[str, Any]:
    """A model as a table of a catalogue file: what `ModelEntry` reads it back from."""
    table = {each: getattr(model, each) for each in ModelEntry.model_fields if each not in {"sizes", "model_class"}}
    sizes: dict[str, dict[str, str]] = {}
    for (shape, resolution), (width, height) in model.sizes_px.items():
        sizes.setdefault(shape, {})[resolution] = f"{width}x{height}"
    prices = {"price": _written_price(model.price)}
    if model.next_price is not None:
        prices["next_price"] = _written_price(model.next_price)
    return table | {"class": model.model_class, "sizes": sizes} | prices


def _written_price(price: Price) -> dict[str, Any]:
    usd = {resolution: dollars(micros) for resolution, micros in price.usd_micros.items()}
    return {"billing": price.billing, "usd": usd, "since": price.since}


def shared(name: str, protocol: Protocol, alike: Model) -> dict[str, Any]:
    """Another model's facts for this one: all but what belongs to that one alone."""
    shared = written(alike)
    for each in ("price", "next_price", "aliases", "label", "retires_at", "source", "as_of"):
        shared.pop(each, None)
    names = {each: name for each in ("wire_name", "picture_wire_name") if shared[each] is not None}
    return shared | names | {"protocol": protocol.key}


def guessed(name: str, protocol: Protocol) -> dict[str, Any]:
    """What its protocol takes a model to be able to do of which nothing is known."""
    facts = dict(protocol.wire.get("unknown_model", {}))
    pictured = {"picture_wire_name": name} if facts.pop("picture", False) else {}
    return {"protocol": protocol.key, "receives": protocol.label, "wire_name": name} | pictured | facts


def merged(base: dict[str, Any], said: dict[str, Any], known: Model | None) -> dict[str, Any]:
    told = {key: value for key, value in said.items() if key != "price"}
    if told.get("retires_at") == "never":
        told["retires_at"] = None
    if told.get("class") == "best":  # as people read it
        told["class"] = "pro"
    if "typical_s" in told and "slow_s" not in told and isinstance(told["typical_s"], int):
        told["slow_s"] = told["typical_s"] * SLOW_AT_LEAST
    merged = base | told
    if "price" not in said:
        return merged
    price = _price_table(said["price"], merged.get("sizes"), known)
    if known is not None and price.get("since") is not None:
        return merged | {"next_price": price}
    return merged | {"price": price, "next_price": None}


def _price_table(said: Any, sizes: Any, known: Model | None) -> dict[str, Any]:
    """A price in any form that people write it, in the one that `PriceEntry` reads."""
    by_shape = sizes.values() if isinstance(sizes, dict) else ()
    resolutions = [str(name) for by_name in by_shape if isinstance(by_name, dict) for name in by_name]
    if isinstance(said, str):
        if known is not None and len(set(known.price.usd_micros.values())) > 1:
            usual = ", ".join(f'{each} = "{said}"' for each in known.resolutions)
            raise ValueError(f"price: its resolutions cost differently, so each needs its own: price = {{ {usual} }}")
        return _written_price(price_of(said, dict.fromkeys(resolutions)))
    if not isinstance(said, dict):
        raise ValueError(f"price: {said!r} is no price; write {PRICE_EXAMPLE}")
    if "billing" in said or "usd" in said:
        return said
    since = said.get("since")
    each_of = [price_of(str(text), [str(name)]) for name, text in said.items() if name != "since"]
    billings = {each.billing for each in each_of}
    if len(billings) != 1:
        raise ValueError(f"price: write {PRICE_EXAMPLE}; one model is billed in one way")
    usd = {name: dollars(micros) for each in each_of for name, micros in each.usd_micros.items()}
    if known is not None and known.price.billing in billings and Billing.FREE not in billings:
        usd = _written_price(known.price)["usd"] | usd
    return {"billing": billings.pop(), "usd": usd, "since": since}
