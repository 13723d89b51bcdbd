"""From the service's copy to a checked file on our disk. The spool is a cache: another replica simply fetches again."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.jobs.model import JobRecord
from bot.jobs.ports import SpooledVideo
from bot.media.inspect import NotAVideo, TruncatedVideo
from bot.media.spool import Spool, SpoolFull, TooLarge, Truncated
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
    def __init__(self, registry: Registry, spool: Spool) -> None:
        self._registry = registry
        self._spool = spool

    async def fetch(self, record: JobRecord) -> SpooledVideo | NotFetched:
        job_id = record.job.id
        kept = await self._spool.find(job_id)
        if kept is None:
            attempt = record.attempt
            if attempt is None or attempt.render_id is None:
                return NotFetched(trouble=Trouble.GONE, words="no video was made")
            try:
                kept = await self._download(job_id, attempt)
            except (SpoolFull, OSError) as error:
                return NotFetched(trouble=Trouble.DISK_FULL, words=str(error))
            except TooLarge as error:
                return NotFetched(trouble=Trouble.TOO_LARGE, words=str(error))
            except (NotFound, Retired, InvalidRequest) as error:
                return NotFetched(trouble=Trouble.GONE, words=error.detail)
            except (Truncated, TruncatedVideo) as error:
                return NotFetched(trouble=Trouble.TRY_LATER, words=str(error))
            except NotAVideo as error:
                return NotFetched(trouble=Trouble.GONE, words=str(error))
            except ProviderError as error:
                return NotFetched(trouble=Trouble.TRY_LATER, words=error.detail)
        return kept
