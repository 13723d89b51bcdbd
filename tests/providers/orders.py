"""An order as the story hands it to an adapter: one that every service takes, so a test says only what it is about."""

from typing import Any

from bot.catalogue.model import Model, Shape
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


def an_order_of(model: Model, **said: Any) -> RenderRequest:
    """One of a model in the catalogue: by its name there, in its size, with what it always sends."""
    asked = PLAIN | said
    name = model.picture_wire_name if asked["picture"] else model.wire_name
    of_model = {
        "wire_name": name or "",
        "size_px": model.sizes_px[asked["shape"], asked["resolution"]],
        "extra": model.wire,
    }
    return an_order(**(of_model | said))
