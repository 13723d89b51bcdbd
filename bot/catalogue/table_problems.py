"""What is wrong with one `[models.NAME]` table, in words that say what would do."""

from collections.abc import Iterable
from enum import Enum
from typing import Any

from pydantic import ValidationError

from bot.catalogue.entries import ModelEntry
from bot.catalogue.model import Audio, ModelClass, PromptUnit

PRICE_EXAMPLE = 'price = "0.10/s", "0.30/clip" or "free", or { 720p = "0.10/s", 1080p = "0.15/s", since = 2027-01-01 }'
KEYS = frozenset(each.alias or name for name, each in ModelEntry.model_fields.items()) - {"protocol", "next_price"}
"""Facts that an operator may give, by name."""
_ENUMS: dict[str, type[Enum]] = {"class": ModelClass, "audio": Audio, "prompt_unit": PromptUnit}
_EXAMPLES = {
    "price": PRICE_EXAMPLE,
    "lengths_s": "lengths_s = [4, 8, 12], in seconds",
    "sizes": 'sizes = { wide = { 720p = "1280x720" }, vertical = { 720p = "720x1280" } }',
    "aliases": 'aliases = ["h3"]',
    "retires_at": 'retires_at = 2027-01-31, or "never"',
    "prompt_limit": "prompt_limit = 2000",
    "typical_s": "typical_s = 90, in seconds (1 to 3600)",
    "slow_s": "slow_s = 240, in seconds (1 to 3600)",
    "wait_max_s": "wait_max_s = 900, in seconds (1 to 3600)",
    "seed": "seed = true or false",
    "as_of": "as_of = 2026-11-21",
    "source": 'source = "https://example.com/prices", at least 8 letters',
}


def in_words(error: ValidationError) -> Iterable[str]:
    """Each problem once, by the key of the table that it is about."""
    return dict.fromkeys(_sentence(each) for each in error.errors(include_url=False))


def _sentence(problem: Any) -> str:
    where = [str(each) for each in problem["loc"] if not str(each).startswith("function-")]
    if not where:
        return str(problem["msg"]).removeprefix("Value error, ")
    key, place = where[0], ".".join(where)
    if key == "price" and problem["type"] == "missing":
        return f"it has no price, so it cannot be used; give it one: {PRICE_EXAMPLE}"
    allowed = f"one of {', '.join(each.value for each in _ENUMS[key])}" if key in _ENUMS else _EXAMPLES.get(key, "")
    if problem["type"] == "missing":
        return f"{place}: nothing is known of it, so it must be said: {allowed or 'give it one'}"
    said = problem["msg"].removeprefix("Value error, ") if problem["type"] == "value_error" else _said(problem["input"])
    return f"{place}: {said}; write {allowed}" if allowed else f"{place}: {said}"


def _said(value: Any) -> str:
    return f"{str(value)[:60]!r} will not do"
