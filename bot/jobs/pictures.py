"""People's pictures on their way to a service: checked when they come, kept as given, fitted to the frame when sent."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bot.clock import NewId
from bot.jobs.model import Fit
from bot.media import pictures
from bot.media.spool import Spool
from bot.providers.base import Picture

CHECK_SIZE_PX = (1280, 720)


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstFrame:
    """A picture as a service would get it. `notes`: what its person should know, in whole sentences."""

    content: bytes
    mime: str
    notes: tuple[str, ...]


class PictureDesk:
    def __init__(self, spool: Spool, pool: ThreadPoolExecutor, new_id: NewId) -> None:
        self._spool = spool
        self._pool = pool
        self._new_id = new_id

    async def keep(self, content: bytes) -> str:
        """Check a picture and keep it; the id goes into the order.

        Raises:
            PictureRefused: with words for the person.
        """
        await self._fit(content, CHECK_SIZE_PX, Fit.WHOLE)
        picture_id = self._new_id()
        await self._spool.keep_picture(picture_id, content)
        return picture_id

    async def fitted(self, picture_id: str, size_px: tuple[int, int], fit: Fit) -> Picture | None:
        """The first frame as a service gets it; None when it is not kept any more."""
        frame = await self.first_frame(picture_id, size_px, fit)
        return None if frame is None else Picture(content=frame.content, mime=frame.mime)

    async def first_frame(self, picture_id: str, size_px: tuple[int, int], fit: Fit) -> FirstFrame | None:
        """The same bytes as `fitted`, to be shown before money moves."""
        content = await self._spool.picture(picture_id)
        return None if content is None else await self._fit(content, size_px, fit)

    async def _fit(self, content: bytes, size_px: tuple[int, int], fit: Fit) -> FirstFrame:
        def work() -> pictures.FittedPicture:
            return pictures.fit_picture(content, size_px=size_px, fit=pictures.Fit(fit.value))

        fitted = await asyncio.get_running_loop().run_in_executor(self._pool, work)
        return FirstFrame(content=fitted.content, mime=fitted.mime, notes=fitted.notes)
