"""From the service's copy to a checked file on our disk. The spool is a cache: another replica simply fetches again."""

import asyncio
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from bot.jobs.attempt import Attempt
from bot.jobs.model import JobRecord
from bot.jobs.surface import SpooledVideo
from bot.media.inspect import NotAVideo, TruncatedVideo, inspect_video, make_faststart
from bot.media.spool import Spool, SpooledFile, SpoolFull, TooLarge, Truncated
from bot.providers.base import RenderRef, RenderState, RenderStatus
from bot.providers.errors import InvalidRequest, NotFound, ProviderError, Retired
from bot.upstreams.registry import Registry

VIDEO_BYTES_MAX = 1024 * 1024 * 1024
"""Slack takes files up to 1 GB (slack facts section 9, 2026-11-21)."""


class Trouble(StrEnum):
    """Why there is no file yet."""

    TRY_LATER = "try_later"
    GONE = "gone"
    """The service's copy is gone, or never was a video. It is paid all the same."""
    DISK_FULL = "disk_full"
    TOO_LARGE = "too_large"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFetched:
    trouble: Trouble
    words: str


class Courier(Protocol):
    async def fetch(self, record: JobRecord) -> SpooledVideo | NotFetched:
        """The finished video on this machine's disk. Repeatable; a file that is here already is not fetched again."""


class SpoolingCourier:
    def __init__(self, registry: Registry, spool: Spool, threads: Executor) -> None:
        self._registry = registry
        self._spool = spool
        self._threads = threads

    async def fetch(self, record: JobRecord) -> SpooledVideo | NotFetched:
        attempt = record.attempt
        try:
            kept = await self._spool.find(record.job.id)
            if kept is None:
                if attempt is None or attempt.render_id is None or attempt.upstream not in self._registry:
                    return NotFetched(trouble=Trouble.GONE, words="nothing says where the video is")
                kept = await self._download(record.job.id, attempt)
            return await asyncio.get_running_loop().run_in_executor(self._threads, _checked, kept)
        except (SpoolFull, OSError) as error:
            return NotFetched(trouble=Trouble.DISK_FULL, words=str(error))
        except TooLarge as error:
            return NotFetched(trouble=Trouble.TOO_LARGE, words=str(error))
        except (Truncated, TruncatedVideo) as error:
            await self._spool.drop(record.job.id)  # Half a file must not be found again.
            return NotFetched(trouble=Trouble.TRY_LATER, words=str(error))
        except NotAVideo as error:
            await self._spool.drop(record.job.id)
            return NotFetched(trouble=Trouble.GONE, words=error.words)
        except (NotFound, Retired, InvalidRequest) as error:
            return NotFetched(trouble=Trouble.GONE, words=error.detail)
        except ProviderError as error:
            return NotFetched(trouble=Trouble.TRY_LATER, words=error.detail)

    async def _download(self, job_id: str, attempt: Attempt) -> SpooledFile:
        """Read the service's word once more first: links in it expire, and asking again gives fresh ones."""
        provider = self._registry.upstream(attempt.upstream).provider
        ref = RenderRef(render_id=attempt.render_id or "", poll_ref=attempt.poll_ref, request_id=attempt.request_id)
        try:
            status = await provider.poll(ref)
        except ProviderError:
            status = RenderStatus(state=RenderState.SUCCEEDED, result_ref=attempt.result_ref)
        if status.state is not RenderState.SUCCEEDED:
            status = replace(status, state=RenderState.SUCCEEDED, result_ref=attempt.result_ref)
        async with provider.download(ref, status) as download:
            return await self._spool.keep(
                job_id, download.chunks, expected_length=download.length, bytes_max=VIDEO_BYTES_MAX
            )


def _checked(kept: SpooledFile) -> SpooledVideo:
    """Blocking. Really a video, whole, and playable while it loads. The service's own bytes stay as they are."""
    path = make_faststart(kept.path)
    facts = inspect_video(path)
    return SpooledVideo(
        path=path, sha256=kept.sha256, bytes=facts.bytes, length_s=facts.length_s, size_px=facts.size_px
    )
