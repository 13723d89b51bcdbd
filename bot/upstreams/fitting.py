"""Can this model do that order? One question, one answer in words."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.catalogue.model import Audio, Model, ModelClass, PromptUnit, Shape
from bot.upstreams.registry import is_alive


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An order as far as it decides who can make it. `model` None is Auto: any model of the class up to the price."""

    model: str | None
    model_class: ModelClass | None
    """None: of any class, for a question about what else there is."""
    length_s: int
    shape: Shape
    resolution: str
    audio: bool | None
    seed: int | None
    prompt: str
    has_picture: bool
    usd_micros_max: int | None
    """The price the person saw; None before there is one."""
    slack_channel_id: str = ""
    """Where it will be seen: not every way to a model is allowed everywhere."""


class Reason(StrEnum):
    """Why a model of a service is not a candidate."""

    OTHER_MODEL = "other_model"
    OTHER_CLASS = "other_class"
    PREVIEW = "preview"
    """It never stands in for a real service."""
    RETIRED = "retired"
    LENGTH = "length"
    SHAPE = "shape"
    RESOLUTION = "resolution"
    AUDIO = "audio"
    SEED = "seed"
    PROMPT = "prompt"
    PICTURE = "picture"
    NEEDS_PICTURE = "needs_picture"
    DISABLED = "disabled"
    UNOFFICIAL = "unofficial"
    """Reached by unofficial access, which is not allowed, or not in this Slack channel."""
    NO_PRICE = "no_price"
    """Unknown is never $0."""
    DEARER = "dearer"
    TRIED = "tried"
    SUSPENDED = "suspended"
    """It could, but its service is out; it may come back by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    reason: Reason
    words: str
    """For a person: how a sentence goes on that begins with "Seedance 2.0 at fal"."""


def misfit(wanted: Wanted, model: Model, now: datetime) -> Misfit | None:
    """The first thing about the order that this model cannot do; None: it can, at the nearest length under Auto."""
    if not is_alive(model, now):
        return Misfit(reason=Reason.RETIRED, words="has been shut down")
    if model.price.since is not None and not model.price.has_begun(now):
        return Misfit(reason=Reason.NO_PRICE, words=f"is not sold before {model.price.since:%Y-%m-%d}")
    return next((found for check in _CHECKS if (found := check(wanted, model)) is not None), None)


def length_made_s(wanted: Wanted, model: Model) -> int:
    """The model's length nearest to the one asked for, in seconds; of two the shorter, which is cheaper."""
    return min(model.lengths_s, key=lambda length_s: (abs(length_s - wanted.length_s), length_s))


def wire_name_of(wanted: Wanted, model: Model) -> str | None:
    return model.picture_wire_name if wanted.has_picture else model.wire_name


def _length(wanted: Wanted, model: Model) -> Misfit | None:
    if wanted.model is None or wanted.length_s in model.lengths_s:
        return None
    *others, last = (str(each) for each in model.lengths_s)
    makes = f"{', '.join(others)} or {last}" if others else last
    return Misfit(reason=Reason.LENGTH, words=f"makes videos of {makes} s, not of {wanted.length_s} s")


def _shape(wanted: Wanted, model: Model) -> Misfit | None:
    if wanted.shape in model.shapes:
        return None
    return Misfit(reason=Reason.SHAPE, words=f"makes no {wanted.shape.value} videos")


def _resolution(wanted: Wanted, model: Model) -> Misfit | None:
    if (wanted.shape, wanted.resolution) in model.sizes_px:
        return None
    return Misfit(reason=Reason.RESOLUTION, words=f"does not make {wanted.resolution}")


def _audio(wanted: Wanted, model: Model) -> Misfit | None:
    if wanted.audio is True and model.audio is Audio.NEVER:
        return Misfit(reason=Reason.AUDIO, words="makes no sound")
    if wanted.audio is False and model.audio is Audio.ALWAYS:
        return Misfit(reason=Reason.AUDIO, words="always makes sound")
    return None


def _seed(wanted: Wanted, model: Model) -> Misfit | None:
    if wanted.seed is None or model.seed:
        return None
    return Misfit(reason=Reason.SEED, words="takes no seed")


def _prompt(wanted: Wanted, model: Model) -> Misfit | None:
    measured = model.prompt_unit.measure(wanted.prompt)
    if measured <= model.prompt_limit:
        return None
    words = f"takes prompts of at most {model.prompt_limit} {_UNITS[model.prompt_unit]}; this one has {measured}"
    return Misfit(reason=Reason.PROMPT, words=words)


def _picture(wanted: Wanted, model: Model) -> Misfit | None:
    if wire_name_of(wanted, model) is not None:
        return None
    if wanted.has_picture:
        return Misfit(reason=Reason.PICTURE, words="takes no picture")
    return Misfit(reason=Reason.NEEDS_PICTURE, words="needs a picture")


_UNITS = {
    PromptUnit.CHARACTERS: "characters",
    PromptUnit.UTF16_UNITS: "characters (an emoji counts as two)",
    PromptUnit.UTF8_BYTES: "bytes (an accented letter counts as two, an emoji as four)",
}

_CHECKS: tuple[Callable[[Wanted, Model], Misfit | None], ...] = (
    _picture,
    _prompt,
    _length,
    _shape,
    _resolution,
    _audio,
    _seed,
)
