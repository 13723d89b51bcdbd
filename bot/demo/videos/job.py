"""What the service was asked for, and its record of one render."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path


class JobStatus(StrEnum):
    """The four words of the dialect. Relays and vLLM-Omni use the same."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        return self in (JobStatus.COMPLETED, JobStatus.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One create call, checked by its dialect."""

    model: str
    prompt: str
    length_s: int
    size_px: tuple[int, int]
    picture: bytes | None = None

    @property
    def size(self) -> str:
        return f"{self.size_px[0]}x{self.size_px[1]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobError:
    """Why a render failed. `http_status` is what vLLM-Omni answers a GET of such a job with."""

    code: str
    message: str
    http_status: int = 500


MODERATED = JobError(
    code="moderation_blocked", message="Your request was blocked by our moderation system.", http_status=400
)


@dataclass(slots=True, kw_only=True, eq=False)
class Job:
    """One render that was really started, so paid for unless the dialect gives the money back (`Dialect.charged`).

    `polls` and `downloads` count what clients asked about it; tests read them from outside.
    """

    id: str
    asked: Asked
    created_at: datetime
    token: str
    """Unguessable part of the address a relay hands out; works without a key."""
    status: JobStatus = JobStatus.QUEUED
    progress: int = 0
    completed_at: datetime | None = None
    expires_at: datetime | None = None
    error: JobError | None = None
    file: Path | None = None
    deleted: bool = False
    aborting: bool = False
    polls: int = 0
    downloads: int = 0
    shown_progress: int = 0
    fails_with: JobError | None = None
    """Set at creation when the render is going to fail; `fails_at` is the progress at which it does."""
    fails_at: int = 60
    may_finish: asyncio.Event = field(default_factory=asyncio.Event)
    """Cleared while the job hangs at 99 %."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    announced: asyncio.Event = field(default_factory=asyncio.Event)
    """Set after the first try to deliver its webhook, or at once when nobody listens."""

    @property
    def prompt(self) -> str:
        return self.asked.prompt
