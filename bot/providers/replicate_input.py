"""From an order to the input of one model at Replicate. Every model names its fields itself, so how is catalogue data:

`resolution_field` and `resolutions` from our word to the model's; `aspect_ratios` from our shape to the model's word,
not sent with a picture where `aspect_ratio_with_picture` is false; `picture_field`; `fixed` fields as they are.
"""

from collections.abc import Mapping
from typing import Any

from bot.providers.base import RenderRequest
from bot.providers.errors import InvalidRequest


def input_of(request: RenderRequest, *, picture_url: str | None) -> dict[str, Any]:
    """The model's input.

    Raises:
        InvalidRequest: the catalogue's entry has no word for this frame.
    """
    wire: Mapping[str, Any] = request.extra
    told: dict[str, Any] = dict(wire.get("fixed", {}))
    told |= {"prompt": request.prompt, "duration": request.length_s}
    if field := wire.get("resolution_field"):
        told[field] = _word(wire["resolutions"], request.resolution)
    if picture_url is None or wire.get("aspect_ratio_with_picture", True):
        told["aspect_ratio"] = _word(wire.get("aspect_ratios", {}), request.shape.value)
    if picture_url is not None:
        told[wire["picture_field"]] = picture_url
    return told


def _word(words: Mapping[str, str], ours: str) -> str:
    if ours not in words:
        raise InvalidRequest(f"the catalogue has no word for {ours} of this model")
    return words[ours]
