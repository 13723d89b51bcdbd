"""Options at the end of a prompt: `--length 8 --wide`, and what phones make of them.

Phones turn `--` into one long dash and straight quotes into curly ones. A long dash opens an option only directly
before a known name; anywhere else it is prose. Quotes are undone in values only, never in the prompt.
"""

import difflib
import re
from dataclasses import dataclass, fields, replace
from enum import StrEnum

from bot.catalogue.model import Shape

DASH = "--"
LENGTH_S_MAX = 3600
SEED_MAX = 2**32 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was asked for beside the prompt; None: not said."""

    model: str | None = None
    length_s: int | None = None
    shape: Shape | None = None
    resolution: str | None = None
    audio: bool | None = None
    seed: int | None = None


class Mistake(StrEnum):
    UNKNOWN = "unknown"
    REPEATED = "repeated"
    NO_VALUE = "no_value"
    BAD_VALUE = "bad_value"
    NOT_AT_END = "not_at_end"
    """Words follow an option that takes none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionTrouble:
    """One option that was not understood. `allowed` is in the person's words."""

    mistake: Mistake
    option: str
    given: str = ""
    allowed: tuple[str, ...] = ()
    suggestion: str = ""


ALLOWED: dict[str, tuple[str, ...]] = {
    "model": ("auto", "a model's name"),
    "length": ("seconds, such as 8",),
    "shape": ("wide", "vertical", "square"),
    "resolution": ("480p", "720p", "1080p"),
    "audio": ("on", "off"),
    "seed": (f"a whole number from 0 to {SEED_MAX}",),
}
_ALIASES = {"seconds": "length", "size": "shape", "aspect": "shape"}
_FLAGS = {"wide": Shape.WIDE, "vertical": Shape.VERTICAL, "square": Shape.SQUARE}
_SHAPES = {
    **_FLAGS,
    "landscape": Shape.WIDE,
    "horizontal": Shape.WIDE,
    "portrait": Shape.VERTICAL,
    "16:9": Shape.WIDE,
    "9:16": Shape.VERTICAL,
    "1:1": Shape.SQUARE,
}
_SWITCH = {"on": True, "yes": True, "with": True, "off": False, "no": False, "without": False}
_QUOTES = "\"'“”„‟‘’‚‛«»"
_SECONDS_FLAG = re.compile(r"[0-9]{1,4}s")
_KNOWN = "|".join([*ALLOWED, *_ALIASES, *_FLAGS, r"[0-9]{1,4}s"])
_OPENER = re.compile(
    rf"(?<!\S)(?:--(?P<name>[^\W_][^\s=]*)|[—–](?P<dashed>{_KNOWN})(?![^\s=]))(?:=(?=\S))?", re.IGNORECASE
)
_PIXELS = re.compile(r"(\d{2,5})[x×](\d{2,5})")


def read_options(typed: str) -> tuple[str, Options, tuple[OptionTrouble, ...]]:
    """Split a text into prompt, options and what was not understood, which stays in the prompt as it was typed."""
    openers = list(_OPENER.finditer(typed))
    if not openers:
        return typed, Options(), ()
    kept = [typed[: openers[0].start()].strip()]
    options, troubles, seen = Options(), [], set[str]()
    for opener, end in zip(openers, [*(each.start() for each in openers[1:]), len(typed)], strict=True):
        found = _read(opener["name"] or opener["dashed"], typed[opener.end() : end].strip(), seen)
        if isinstance(found, OptionTrouble):
            troubles.append(found)
            kept.append(typed[opener.start() : end].strip())
        else:
            said = {each.name: value for each in fields(found) if (value := getattr(found, each.name)) is not None}
            options = replace(options, **said)
    return " ".join(part for part in kept if part), options, tuple(troubles)


def _read(written: str, value: str, seen: set[str]) -> Options | OptionTrouble:
    flag = written.lower()
    is_flag = flag in _FLAGS or _SECONDS_FLAG.fullmatch(flag) is not None
    name = _name_of(flag)
    if name is None:
        near = difflib.get_close_matches(flag, [*ALLOWED, *_ALIASES, *_FLAGS], n=1)
        if not near and flag.isdecimal():
            near = [f"{flag}s"]
        known = (*(f"{DASH}{each}" for each in ALLOWED), "--8s", "--wide", "--vertical", "--square")
        suggestion = f"{DASH}{near[0]}" if near else ""
        return OptionTrouble(
            mistake=Mistake.UNKNOWN, option=f"{DASH}{written}", given=value, allowed=known, suggestion=suggestion
        )
    option, allowed = f"{DASH}{written}", ALLOWED[name]
    if name in seen:
        return OptionTrouble(mistake=Mistake.REPEATED, option=option, given=value, allowed=(f"one {DASH}{name}",))
    seen.add(name)
    if is_flag:
        if value:
            return OptionTrouble(mistake=Mistake.NOT_AT_END, option=option, given=value)
        return _value(name, flag) or Options()
    plain = value.strip(_QUOTES + " ")
    if not plain:
        return OptionTrouble(mistake=Mistake.NO_VALUE, option=option, allowed=allowed)
    return _value(name, plain) or OptionTrouble(mistake=Mistake.BAD_VALUE, option=option, given=value, allowed=allowed)


def _name_of(flag: str) -> str | None:
    if flag in _FLAGS:
        return "shape"
    if _SECONDS_FLAG.fullmatch(flag):
        return "length"
    return _ALIASES.get(flag, flag if flag in ALLOWED else None)


def _value(name: str, written: str) -> Options | None:
    """The option as a value; None when that is no value for it."""
    value = written.lower()
    match name:
        case "model":
            return Options(model=" ".join(written.split()))
        case "length":
            digits = re.fullmatch(r"0*([0-9]{1,4}) ?(s|sec|secs|seconds?)?", value)
            return Options(length_s=int(digits[1])) if digits and 0 < int(digits[1]) <= LENGTH_S_MAX else None
        case "shape":
            return _shape(value)
        case "resolution":
            return Options(resolution="2160p" if value == "4k" else value) if _is_resolution(value) else None
        case "audio":
            return Options(audio=_SWITCH[value]) if value in _SWITCH else None
        case "seed":
            return Options(seed=int(value)) if re.fullmatch(r"[0-9]{1,10}", value) and int(value) <= SEED_MAX else None
        case _:
            return None


def _shape(value: str) -> Options | None:
    """A shape in words, as a ratio, or as the pixels that other tools take (`--size 1280x720`)."""
    if value in _SHAPES:
        return Options(shape=_SHAPES[value])
    if _is_resolution(value):
        return Options(resolution=value)
    if (pixels := _PIXELS.fullmatch(value)) is None:
        return None
    width, height = int(pixels[1]), int(pixels[2])
    shape = Shape.SQUARE if width == height else Shape.WIDE if width > height else Shape.VERTICAL
    return Options(shape=shape, resolution=f"{min(width, height)}p")


def _is_resolution(value: str) -> bool:
    return value == "4k" or re.fullmatch(r"[0-9]{3,4}p", value) is not None
