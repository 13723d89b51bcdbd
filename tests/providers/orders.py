"""An order as the story hands it to an adapter: one that every service takes, so a test says only what it is about."""

from typing import Any

from bot.catalogue.model import Shape
from bot.providers.base import RenderRequest

PLAIN: dict[str, Any] = {
    "prompt": "a corgi surfing at sunset",
    "length_s": 5,
    "shape": Shape.WIDE,
    "resolution": "720p",
    "size_px": (1280, 720),
    "audio": None,
    "seed": None,
    "picture": None,
    "client_key": "attempt-1",
    "webhook_url": None,
    "extra": {},
}


def an_order(**said: Any) -> RenderRequest:
    """`said` wins; `wire_name` must be among it."""
    return RenderRequest(**(PLAIN | said))
