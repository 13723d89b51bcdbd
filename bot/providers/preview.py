"""The local preview: a VideoProvider whose service is a folder and one worker thread. No key, no network, no cost.

A thread and not a process: drawing and encoding let go of the interpreter lock (event loop lag while 8 s at 1280 x 720
were made: p99 2 ms, measured 2026-11-21), and a thread needs no second interpreter that could outlive the bot.

The same client key never makes a second film, and an order whose film was lost with a process is drawn again when
somebody asks for it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import BinaryIO, TypeVar

from bot.catalogue import model as catalogue
from bot.clock import Clock
from bot.media.animatic import FRAMES_PER_S, AnimaticRequest, AnimaticStopped, render_animatic
from bot.providers.base import (
    Download,
    FindsRenders,
    FoundRender,
    RenderRef,
    RenderRequest,
    RenderState,
    RenderStatus,
    VideoProvider,
    WebhookEvent,
)
from bot.providers.errors import CapacityFailed, InvalidRequest, NotFound, ProviderError
from bot.providers.preview_folder import PreviewFolder

CHUNK_BYTES = 256 * 1024
T = TypeVar("T")


@dataclass(slots=True)
class _Drawing:
    """One film in the worker's hands, or waiting for them."""

    frames_due: int
    frames_drawn: int = 0
    stop: Event = field(default_factory=Event)
    done: Future[None] = field(default_factory=Future)

    @property
    def is_over_well(self) -> bool:
        return self.done.done() and self.done.exception() is None

    def should_stop(self) -> bool:
        """Asked by the renderer once a frame, which is also how we know how far it is."""
        self.frames_drawn += 1
        return self.stop.is_set()


class Preview:
    """Draws animatics. Made by `opened_preview`, which owns the threads."""

    def __init__(self, folder: PreviewFolder, *, artists: ThreadPoolExecutor, clerks: ThreadPoolExecutor) -> None:
        self._folder, self._artists, self._clerks = folder, artists, clerks
        self._drawings: dict[str, _Drawing] = {}

    async def submit(self, request: RenderRequest) -> RenderRef:
        """Write the order down and start drawing it. Repeatable: the same client key is the same render.

        Raises:
            CapacityFailed: the folder cannot be written to; nothing was started.
        """
        with _disk_trouble_told():
            render_id = await self._filed(self._folder.write_order, request)
            await self._draw_if_missing(render_id)
        return RenderRef(render_id=render_id)

    async def poll(self, ref: RenderRef) -> RenderStatus:
        """Look once; an order without a film and without an artist gets one again."""
        try:
            with _disk_trouble_told():
                drawing = await self._draw_if_missing(ref.render_id)
        except NotFound as lost:
            return RenderStatus(state=RenderState.FAILED, failure=lost)
        if drawing is None:
            return RenderStatus(state=RenderState.SUCCEEDED, progress=1.0, result_ref=ref.render_id)
        if drawing.done.done():
            return _ended_badly(drawing)
        state = RenderState.RUNNING if drawing.frames_drawn else RenderState.QUEUED
        return RenderStatus(state=state, progress=min(0.99, drawing.frames_drawn / drawing.frames_due))

    @asynccontextmanager
    async def download(self, ref: RenderRef, status: RenderStatus) -> AsyncIterator[Download]:  # noqa: ARG002 - the port's
        """Read the film from its file."""
        film, length = await self._filed(self._folder.open_film, ref.render_id)
        try:
            yield Download(chunks=self._chunks(film), length=length)
        finally:
            film.close()

    async def find(self, since: datetime) -> list[FoundRender]:
        return await self._filed(self._folder.orders_since, since)

    def adopted(self, render_id: str, wire_name: str) -> RenderRef:  # noqa: ARG002 - the port's
        return RenderRef(render_id=render_id)

    async def cancel(self, ref: RenderRef) -> bool:
        """Stop between two frames. False when the film was there before."""
        drawing = self._drawings.get(ref.render_id)
        if drawing is None or drawing.done.done():
            return False
        drawing.stop.set()
        try:
            await asyncio.wrap_future(drawing.done)
        except AnimaticStopped:
            return True
        return False

    async def check(self) -> None:
        """Whether the folder can be written to."""
        with _disk_trouble_told():
            await self._filed(self._folder.touch)

    async def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent | None:  # noqa: ARG002
        """Nobody calls us: the worker is in this process."""
        return None

    async def stop_drawing(self) -> None:
        """Return when no film is being drawn any more: within a frame each."""
        for drawing in self._drawings.values():
            drawing.stop.set()
        under_way = [asyncio.wrap_future(each.done) for each in self._drawings.values() if not each.done.done()]
        await asyncio.gather(*under_way, return_exceptions=True)

    async def _draw_if_missing(self, render_id: str) -> _Drawing | None:
        """The drawing under way or failed, started if there is none; None: the film is there.

        Raises:
            NotFound: there is no such order, or not any more.
        """
        drawing = self._drawings.get(render_id)
        if drawing is not None and not drawing.is_over_well:
            return drawing
        order = await self._filed(self._folder.order_without_film, render_id)
        drawing = self._drawings.get(render_id)
        if drawing is not None and not drawing.is_over_well:  # somebody else began while we read
            return drawing
        self._drawings.pop(render_id, None)
        if order is None:
            return None
        drawing = _Drawing(frames_due=max(1, order.length_s * FRAMES_PER_S))
        drawing.done = self._artists.submit(self._draw, drawing, render_id, order)
        self._drawings[render_id] = drawing
        return drawing

    def _draw(self, drawing: _Drawing, render_id: str, order: AnimaticRequest) -> None:
        if drawing.stop.is_set():
            raise AnimaticStopped
        render_animatic(order, self._folder.unfinished_film(render_id), should_stop=drawing.should_stop)
        self._folder.keep_film(render_id)

    async def _chunks(self, film: BinaryIO) -> AsyncIterator[bytes]:
        while chunk := await self._filed(film.read, CHUNK_BYTES):
            yield chunk

    async def _filed(self, work: Callable[..., T], *arguments: object) -> T:
        """Blocking file work, away from the event loop and from the worker that draws."""
        return await asyncio.get_running_loop().run_in_executor(self._clerks, work, *arguments)


@contextmanager
def _disk_trouble_told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CapacityFailed(f"the preview's folder cannot be used: {error.strerror}") from error


def _ended_badly(drawing: _Drawing) -> RenderStatus:
    error = drawing.done.exception()
    if isinstance(error, AnimaticStopped):
        return RenderStatus(state=RenderState.CANCELLED, failure=CapacityFailed("the preview was stopped"))
    failure: ProviderError = CapacityFailed(f"the preview could not be drawn: {type(error).__name__}: {error}")
    if isinstance(error, ValueError):
        failure = InvalidRequest(f"the preview cannot draw this: {error}")
    return RenderStatus(state=RenderState.FAILED, failure=failure)


@asynccontextmanager
async def opened_preview(
    protocol: catalogue.Protocol, directory: Path, clock: Clock, *, drawn_at_once: int = 1
) -> AsyncIterator[Preview]:
    """A preview over `directory`, made if missing. On exit drawing stops within a frame; orders stay for the next one.

    Raises:
        CapacityFailed: `directory` cannot be made or written to.
    """
    folder = PreviewFolder(directory, clock, label=str(protocol.wire["label"]))
    with _disk_trouble_told():
        folder.touch()
    artists = ThreadPoolExecutor(drawn_at_once, thread_name_prefix="preview")
    clerks = ThreadPoolExecutor(1, thread_name_prefix="preview-files")
    preview = Preview(folder, artists=artists, clerks=clerks)
    try:
        yield preview
    finally:
        await preview.stop_drawing()
        artists.shutdown(wait=True, cancel_futures=True)
        clerks.shutdown(wait=True, cancel_futures=True)


_: type[VideoProvider] = Preview
_finds_renders: type[FindsRenders] = Preview
