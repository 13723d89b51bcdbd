"""From an order to the body of a create call at Runway. What differs between its models is catalogue data:

`ratio` "pixels" (the frame as "1280:720") or a map from our shape to the model's word; `resolutions` from our word to
the model's, absent where the ratio says it; `audio` true where sound can be switched; `seed` true where one is taken.
"""

from typing import Any

from bot.providers.base import RenderRequest
from bot.providers.data_uris import data_uri
from bot.providers.errors import InvalidRequest


def arguments_of(request: RenderRequest, *, picture_bytes_max: int) -> dict[str, Any]:
    """The JSON that Runway is sent.

    Raises:
        InvalidRequest: the catalogue's entry has no word for this frame, or the picture is too large for a data URI.
    """
    wire = request.extra
    arguments: dict[str, Any] = {
        "model": request.wire_name,
        "promptText": request.prompt,
        "duration": request.length_s,
        "ratio": _ratio(request),
    }
    if resolutions := wire.get("resolutions"):
        arguments["resolution"] = _word(resolutions, request.resolution)
    if request.audio is not None and wire.get("audio"):
        arguments["audio"] = request.audio
    if request.seed is not None and wire.get("seed"):
        arguments["seed"] = request.seed
    if request.picture is not None:
        arguments["promptImage"] = data_uri(request.picture, bytes_max=picture_bytes_max)
    return arguments


def _ratio(request: RenderRequest) -> str:
    words = request.extra.get("ratio", "pixels")
    if words == "pixels":
        width, height = request.size_px
        return f"{width}:{height}"
    return _word(words, request.shape.value)


def _word(words: Any, ours: str) -> str:
    if ours not in words:
        raise InvalidRequest(f"the catalogue has no word for {ours} of this model")
    return str(words[ours])
