"""A first frame inside the request itself, for services that take a data URI in place of an address."""

import base64

from bot.providers.base import Picture
from bot.providers.errors import InvalidRequest


def data_uri(picture: Picture, *, bytes_max: int) -> str:
    """ "data:image/jpeg;base64,..."

    Raises:
        InvalidRequest: the picture is larger than the service takes.
    """
    if len(picture.content) > bytes_max:
        raise InvalidRequest(f"the picture has {len(picture.content)} bytes, more than {bytes_max}")
    return f"data:{picture.mime};base64,{base64.b64encode(picture.content).decode()}"
