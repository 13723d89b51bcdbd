"""The picture on a finished card: one frame, uploaded privately and shown by its file id.

Decoration: it is tried once, and whatever goes wrong leaves a card without a picture.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bot.clock import Clock
from bot.jobs.model import JobRecord
from bot.jobs.surface import SpooledVideo
from bot.media.inspect import UnusableVideo
from bot.slack.failures import SlackFailure
from bot.slack.filenames import alt_text, file_name, file_title
from bot.slack.ports import Cards, PosterState
from bot.slack.uploads import SlackFiles

_log = logging.getLogger(__name__)

POSTER_PX_MAX = 1280
READY_LOOKS_S = (0.0, 1.0, 2.0)
"""Slack refuses a block with a picture that it has not looked at yet."""

PosterFrame = Callable[[Path, int], bytes]
"""A JPEG of the video, longer side at most so many pixels."""


class Posters:
    def __init__(
        self, *, files: SlackFiles, cards: Cards, frame: PosterFrame, threads: ThreadPoolExecutor, clock: Clock
    ) -> None:
        self._files = files
        self._cards = cards
        self._frame = frame
        self._threads = threads
        self._clock = clock

    async def add(self, record: JobRecord, video: SpooledVideo) -> None:
        """Give the job's card its picture, if nobody has tried before."""
        job_id = record.job.id
        if not await self._cards.begin_poster(job_id):
            return
        try:
            file_id = await self._uploaded(record, video)
        except (SlackFailure, UnusableVideo, OSError) as error:
            _log.warning("a card stays without its picture", extra={"job": job_id, "error": type(error).__name__})
            await self._cards.poster(job_id, PosterState.REFUSED, "")
        else:
            await self._cards.poster(job_id, PosterState.READY, file_id)

    async def _uploaded(self, record: JobRecord, video: SpooledVideo) -> str:
        order, number, length_s = record.job.order, record.job.number, max(1, round(video.length_s))
        loop = asyncio.get_running_loop()
        picture = await loop.run_in_executor(self._threads, self._frame, video.path, POSTER_PX_MAX)
        grant = await self._files.grant(
            file_name=file_name(order.prompt, length_s=length_s, number=number, ending="jpg"),
            size_bytes=len(picture),
            alt_txt=alt_text(order.prompt, length_s=length_s),
        )
        await self._files.send(grant, picture)
        await self._files.complete(file_id=grant.file_id, title=file_title(order.prompt, number=number))
        await self._looked_at(grant.file_id)
        return grant.file_id

    async def _looked_at(self, file_id: str) -> None:
        for pause_s in READY_LOOKS_S:
            await self._clock.sleep(pause_s)
            try:
                if (await self._files.look(file_id)).processed:
                    return
            except SlackFailure:
                return
