"""The finished file on the wire, and the ways it can arrive wrong."""

import asyncio
import struct
from pathlib import Path
from typing import Final, assert_never

from aiohttp import web

from bot.clock import Clock
from bot.demo.videos.faults import ContentFault, ExpiredLink, Huge, NotAVideo, Redirect, SlowDrip, Truncated

CHUNK_BYTES: Final = 256 * 1024
BOX_HEADER_BYTES: Final = 8
MP4: Final = "video/mp4"
_EXPIRED_XML: Final = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"


async def wrong_file(request: web.Request, film: Path, fault: ContentFault, clock: Clock) -> web.StreamResponse:
    match fault:
        case Truncated(declared_length=declared):
            return await _truncated(request, film, declared=declared)
        case NotAVideo():
            return web.Response(body=b"<html><body>Please sign in</body></html>", content_type=MP4)
        case Huge(size_bytes=size):
            return await _huge(request, film, size)
        case Redirect(location=location):
            return web.Response(status=302, headers={"Location": location})
        case ExpiredLink(code=code):
            return web.Response(status=code, text=_EXPIRED_XML, content_type="application/xml")
        case SlowDrip(chunk_bytes=chunk_bytes, pause_s=pause_s):
            return await _dripping(request, film, chunk_bytes, pause_s, clock)
        case _:
            assert_never(fault)


async def _truncated(request: web.Request, film: Path, *, declared: bool) -> web.StreamResponse:
    whole = await asyncio.to_thread(film.read_bytes)
    half = whole[: len(whole) // 2]
    if not declared:
        return web.Response(body=half, content_type=MP4)
    response = await _opened(request, len(whole))
    await response.write(half)
    cut_after_sending(request)
    return response


async def _huge(request: web.Request, film: Path, size_bytes: int) -> web.StreamResponse:
    """The film, then one `free` box of zeros up to `size_bytes`: still a video that plays."""
    head = await asyncio.to_thread(film.read_bytes)
    padding = max(size_bytes - len(head), BOX_HEADER_BYTES)
    response = await _opened(request, len(head) + padding)
    await response.write(head + struct.pack(">I4s", padding, b"free"))
    zeros, left = bytes(CHUNK_BYTES), padding - BOX_HEADER_BYTES
    while left > 0:
        await response.write(zeros[: min(left, CHUNK_BYTES)])
        left -= CHUNK_BYTES
    await response.write_eof()
    return response


async def _dripping(
    request: web.Request, film: Path, chunk_bytes: int, pause_s: float, clock: Clock
) -> web.StreamResponse:
    whole = await asyncio.to_thread(film.read_bytes)
    response = await _opened(request, len(whole))
    for start in range(0, len(whole), chunk_bytes):
        await response.write(whole[start : start + chunk_bytes])
        await clock.sleep(pause_s)
    await response.write_eof()
    return response


async def _opened(request: web.Request, length: int) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": MP4, "Content-Length": str(length)})
    await response.prepare(request)
    return response


def cut_after_sending(request: web.Request) -> None:
    """End the connection once what was written has left."""
    if request.transport is not None:
        request.transport.close()
