"""A create body, read whatever its media type: JSON, multipart or urlencoded."""

import asyncio
import json
from collections.abc import Mapping
from urllib.parse import parse_qsl

import aiohttp
from aiohttp import hdrs
from aiohttp.base_protocol import BaseProtocol

from bot.demo.videos.dialects.dialect import Form, Refusal


async def read_form(headers: Mapping[str, str], body: bytes) -> Form:
    """Take the bytes apart.

    Raises:
        Refusal: 400 for a body that is not what its `Content-Type` says, 415 for a media type nobody reads.
    """
    media_type = headers.get(hdrs.CONTENT_TYPE, "").partition(";")[0].strip().lower()
    try:
        match media_type:
            case "application/json":
                return Form(media_type=media_type, fields=_json_fields(body))
            case "application/x-www-form-urlencoded":
                pairs = parse_qsl(body.decode(), keep_blank_values=True)
                return Form(media_type=media_type, fields=dict(pairs))
            case "multipart/form-data":
                return await _multipart(media_type, headers, body)
            case _:
                raise Refusal(415, f"Unsupported content type: '{media_type}'.", code="unsupported_content_type")
    except (ValueError, AssertionError) as error:
        raise Refusal(400, "We could not parse the body of your request.", code="invalid_body") from error


def _json_fields(body: bytes) -> dict[str, object]:
    fields = json.loads(body)
    if not isinstance(fields, dict):
        raise ValueError("not an object")
    return fields


async def _multipart(media_type: str, headers: Mapping[str, str], body: bytes) -> Form:
    loop = asyncio.get_running_loop()
    stream = aiohttp.StreamReader(BaseProtocol(loop), 2**16, loop=loop)
    stream.feed_data(body)
    stream.feed_eof()
    fields: dict[str, object] = {}
    files: dict[str, bytes] = {}
    reader = aiohttp.MultipartReader(headers, stream)
    while (part := await reader.next()) is not None:
        if not isinstance(part, aiohttp.BodyPartReader) or part.name is None:
            raise ValueError("a part without a name")
        content = bytes(await part.read())
        if part.filename is None:
            fields[part.name] = content.decode()
        else:
            files[part.name] = content
    return Form(media_type=media_type, fields=fields, files=files)
