"""From an order to the input of one fal model. Every model names its fields in its own way, so how is catalogue data:

`duration` "integer" or "string"; `resolutions` and `aspect_ratios` from our word to the model's;
`aspect_ratio_with_picture` false where the picture decides; `picture_field`; `picture_bytes_max`; `audio_field`;
`seed_field`; `fixed` fields that are sent as they are.
"""

import base64
from collections.abc import Mapping
from typing import Any

from bot.providers.base import Picture, RenderRequest
from bot.providers.errors import InvalidRequest

PICTURE_BYTES_MAX = 8 * 1024 * 1024
"""As a data URI a third more travels; fal names no limit for a request's body, so this is ours."""


def arguments_of(request: RenderRequest) -> dict[str, Any]:
    """The JSON that the model is sent.

    Raises:
        InvalidRequest: the catalogue's entry has no word for this frame, or the picture is too large for it.
    """
    wire: Mapping[str, Any] = request.extra
    arguments: dict[str, Any] = dict(wire.get("fixed", {}))
    arguments["prompt"] = request.prompt
    arguments["duration"] = str(request.length_s) if wire.get("duration") == "string" else request.length_s
    if resolutions := wire.get("resolutions"):
        arguments["resolution"] = _word(resolutions, request.resolution, "resolution")
    if request.picture is None or wire.get("aspect_ratio_with_picture", True):
        arguments["aspect_ratio"] = _word(wire.get("aspect_ratios", {}), request.shape.value, "shape")
    if request.picture is not None:
        arguments[wire.get("picture_field", "image_url")] = _data_uri(
            request.picture, wire.get("picture_bytes_max", PICTURE_BYTES_MAX)
        )
    if request.audio is not None and (field := wire.get("audio_field")):
        arguments[field] = request.audio
    if request.seed is not None and (field := wire.get("seed_field")):
        arguments[field] = request.seed
    return arguments


def _word(words: Mapping[str, str], key: str, what: str) -> str:
    if key not in words:
        raise InvalidRequest(f"the catalogue has no word for the {what} {key} of this model")
    return words[key]


def _data_uri(picture: Picture, bytes_max: int) -> str:
    if len(picture.content) > bytes_max:
        raise InvalidRequest(f"the picture has {len(picture.content)} bytes, more than {bytes_max}")
    return f"data:{picture.mime};base64,{base64.b64encode(picture.content).decode()}"
