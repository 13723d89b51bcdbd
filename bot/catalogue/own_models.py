"""Models of a `/v1/videos` server, named in one line: "minimax/h3=0.072/s best, muse=0.30/clip, my-wan=free 45s"."""

import re
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bot.catalogue.entries import Lengths, Seconds, Sizes, flat
from bot.catalogue.model import Audio, Billing, Catalogue, Model, ModelClass, Price, PromptUnit, Protocol
from bot.catalogue.price_words import price_of
from bot.catalogue.problems import CatalogueError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}")
_CLASSES = {"fast": ModelClass.FAST, "best": ModelClass.PRO, "pro": ModelClass.PRO}
_TAKES = re.compile(r"([1-9][0-9]{0,3})(s|min)")
SLOW_AT_LEAST = 3
"""How many times what a model usually takes nine of ten are done by, where nobody has measured it yet."""
DEFAULT_RESOLUTION = "720p"


class Unnamed(BaseModel):
    """What a model that the catalogue does not know is taken to do: `wire.unknown_model` of a protocol."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    lengths_s: Lengths
    sizes: Sizes
    audio: Audio
    seed: bool
    picture: bool
    prompt_limit: int = Field(ge=1)
    typical_s: Seconds
    slow_s: Seconds


def own_models(text: str, *, protocol: str, catalogue: Catalogue, receives: str) -> tuple[Model, ...]:
    """The models of a setting like the one above, priced by it and by nothing else; `protocol` is a key of it.

    What the catalogue knows about a name (lengths, sizes, sound, class) is taken over, but neither its price, which is
    another seller's, nor its retirement, which is another service's. A name it does not know is taken to be of class
    Fast and to make 4, 8 or 12 s at 720p, wide or vertical (`wire.unknown_model` of the protocol). What a video usually
    takes may stand behind the price ("45s", "3min"): only its operator knows how fast a server is.

    Raises:
        CatalogueError: every part that is not understood, in words.
    """
    problems: list[str] = []
    found: dict[str, Model] = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        try:
            model = _own_model(part, catalogue.protocols[protocol], catalogue, receives)
        except ValueError as error:
            problems.append(f'"{part}": {error}')
            continue
        if model.name.lower() in found:
            problems.append(f'"{part}": the name stands here twice')
        found[model.name.lower()] = model
    if problems:
        raise CatalogueError(problems)
    return without_clashes(tuple(found.values()))


def _own_model(part: str, protocol: Protocol, catalogue: Catalogue, receives: str) -> Model:
    name, equals, terms = (each.strip() for each in part.partition("="))
    if not _NAME.fullmatch(name):
        raise ValueError("a model's name has letters, digits and . _ : / - only")
    if not (equals and terms):
        raise ValueError(f"no price; give it one: {name}=0.10/s, {name}=0.30/clip or {name}=free")
    amount, *words = terms.split()
    model_class, typical_s = _behind_the_price(words)
    known = known_as(name, protocol, catalogue) or _unknown(name, protocol, receives)
    resolutions = _same_price(known)
    return replace(
        known,
        name=name,
        wire_name=name if known.wire_name else None,
        picture_wire_name=name if known.picture_wire_name else None,
        protocol=protocol.key,
        model_class=model_class or known.model_class,
        typical_s=typical_s or known.typical_s,
        slow_s=typical_s * SLOW_AT_LEAST if typical_s else known.slow_s,
        sizes_px={key: size for key, size in known.sizes_px.items() if key[1] in resolutions},
        price=price_of(amount, resolutions),
        next_price=None,
        retires_at=None,
        receives=receives,
        source="SORA_VIDEOS_MODELS",
        as_of=None,
        own=("model",),
    )


def _behind_the_price(words: list[str]) -> tuple[ModelClass | None, int]:
    """The class and the usual seconds, in any sequence and each at most once; None and 0: not said."""
    model_class: ModelClass | None = None
    typical_s = 0
    for word in map(str.lower, words):
        if model_class is None and (said := _CLASSES.get(word)) is not None:
            model_class = said
        elif not typical_s and (takes := _TAKES.fullmatch(word)) is not None:
            typical_s = int(takes[1]) * (60 if takes[2] == "min" else 1)
        else:
            raise ValueError(
                f'behind the price stand "best" or "fast", and how long a video takes ("45s", "3min"), not "{word}"'
            )
    return model_class, typical_s


def known_as(name: str, protocol: Protocol, catalogue: Catalogue) -> Model | None:
    """The catalogue's entry of this name in any variant of the same adapter, this one first."""
    same = [each for each in catalogue.models if name.lower() in {each.name.lower(), *map(str.lower, each.aliases)}]
    spoken = [each for each in same if catalogue.protocols[each.protocol].provider == protocol.provider]
    return min(spoken, key=lambda each: each.protocol != protocol.key, default=None)


def _unknown(name: str, protocol: Protocol, receives: str) -> Model:
    facts = Unnamed.model_validate(_unknown_facts(protocol))
    return Model(
        name=name,
        label=name,
        model_class=ModelClass.FAST,
        protocol=protocol.key,
        wire_name=name,
        picture_wire_name=name if facts.picture else None,
        lengths_s=facts.lengths_s,
        sizes_px=flat(facts.sizes),
        audio=facts.audio,
        seed=facts.seed,
        prompt_limit=facts.prompt_limit,
        prompt_unit=PromptUnit.CHARACTERS,
        price=Price(billing=Billing.FREE),
        typical_s=facts.typical_s,
        slow_s=facts.slow_s,
        receives=receives,
    )


def _unknown_facts(protocol: Protocol) -> Any:
    try:
        return protocol.wire["unknown_model"]
    except KeyError:
        raise ValueError(f"{protocol.label} serves only the models the catalogue names") from None


def _same_price(model: Model) -> tuple[str, ...]:
    """One amount is given, so only resolutions that its seller prices alike share it: the usual one and its equals."""
    usual = DEFAULT_RESOLUTION if DEFAULT_RESOLUTION in model.resolutions else model.resolutions[0]
    prices = model.price.usd_micros
    return tuple(each for each in model.resolutions if prices.get(each) == prices.get(usual))


def without_clashes(models: tuple[Model, ...]) -> tuple[Model, ...]:
    """Short names ("h3" of "minimax/h3") and the catalogue's aliases, as far as they mean one model here."""
    kept: list[Model] = []
    taken = {each.name.lower() for each in models}
    for model in models:
        wanted = dict.fromkeys((*model.aliases, model.name.rpartition("/")[2]))
        aliases = tuple(each for each in wanted if each.lower() not in taken)
        taken |= {each.lower() for each in aliases}
        kept.append(replace(model, aliases=aliases))
    return tuple(kept)
