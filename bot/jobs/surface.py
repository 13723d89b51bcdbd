"""The port to the place where people are, and what it answers. Implemented by `slack`."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from bot.jobs.card_facts import Moved
from bot.jobs.consent import Question
from bot.jobs.model import JobRecord


class Announced(StrEnum):
    """What became of the first message of a job."""

    POSTED = "posted"
    UNKNOWN = "unknown"
    """The answer was lost; the card may be there. Not repeated by itself."""
    REFUSED = "refused"
    """Slack does not let us post there; the requester was told how to go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpooledVideo:
    """The finished MP4 on this machine's disk, checked."""

    path: Path
    sha256: str
    bytes: int
    length_s: float
    size_px: tuple[int, int]


class Delivered(StrEnum):
    SHARED = "shared"
    """Seen in the thread."""
    UNCONFIRMED = "unconfirmed"
    """Slack took it and has not shown it yet; Send again works."""
    REFUSED = "refused"
    """Neither the place nor a direct message took it; kept, and the requester was told if anybody could be."""


class Surface(Protocol):
    """The place where people are, implemented by `slack`. A call may run twice for one job and does its work once."""

    async def announce(self, record: JobRecord) -> Announced:
        """Post the card. The first outside effect of a job, before any money moves."""

    async def deliver(self, record: JobRecord, video: SpooledVideo) -> Delivered:
        """Put the file into the thread exactly once."""

    async def tell_end(self, record: JobRecord) -> None:
        """One reply that mentions the requester, for a job that ended without a video. Sent before: skipped."""

    async def ask_admins(self, record: JobRecord, *, given_up_at: datetime) -> None:
        """Ask each admin once whether the attempt in force arrived; without an answer it is given up then."""

    async def tell_moved(self, record: JobRecord, moved: Moved) -> None:
        """One line in the thread: another service makes it now. Once for each move, however often it is called."""

    async def ask_person(self, record: JobRecord, question: Question) -> None:
        """One reply that mentions the requester: their card asks something. Once for each question."""

    async def take_away(self, record: JobRecord) -> None:
        """Delete the card and the files of a job whose person wants them gone."""

    def changed(self, job_id: str) -> None:
        """The job's card has something new to show. Never blocks."""
