"""What the surface keeps about its own messages and files, as values, and the rows' ports, implemented by `store`.

Every method is one transaction, committed when it returns. Methods that return bool are compare-and-set: False means
that the row was not in the state the caller thought, so somebody else has gone on.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

POSTS_MAX = 2
"""The card, and at most one that replaces it."""


class CardState(StrEnum):
    OWED = "owed"
    """Nothing is on its way to Slack."""
    INTENT = "intent"
    """Committed before `chat.postMessage`. Found by another process it means: perhaps posted."""
    POSTED = "posted"
    UNKNOWN = "unknown"
    """The answer was lost. Not repeated by itself; a click on it brings its `ts`."""
    REFUSED = "refused"
    """Slack does not let us post there; `refusal` is its word."""
    GONE = "gone"
    """Somebody deleted it, or Slack does not let us edit it any more."""


class PosterState(StrEnum):
    NONE = "none"
    TRYING = "trying"
    """Tried at most once: a poster is decoration, a second private file would be litter."""
    READY = "ready"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The one message of a job."""

    job_id: str
    team_id: str
    slack_channel_id: str
    """Where Slack says it is: the `D...` id of a direct message, even where the order named a `U...`."""
    asked_thread_ts: str | None
    """The thread the order came from."""
    ts: str | None = None
    state: CardState = CardState.OWED
    posts: int = 0
    """How many posts were begun for it: the card, and at most one that replaces it."""
    intent_at: datetime | None = None
    shown_version: int = 0
    shown_hash: str = ""
    shown_at: datetime | None = None
    doubt_until: datetime | None = None
    """Until then an edit of ours that got no answer may still arrive and overwrite a later one."""
    final_repeat_at: datetime | None = None
    """The terminal state is sent once more then."""
    refusal: str = ""
    poster: PosterState = PosterState.NONE
    poster_file_id: str = ""

    @property
    def thread_ts(self) -> str | None:
        """The thread that everything else of this job goes to; None while that is not known."""
        return self.asked_thread_ts or self.ts


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCard:
    """A card that may have something to show, with what its job wants shown."""

    card: Card
    version: int
    ended: bool
    removed: bool
    """Its person took it away: nothing replaces it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCards:
    """The most urgent open cards of a workspace. Behind a Slack that was away there may be thousands of others."""

    cards: tuple[OpenCard, ...]
    unended: int
    """Of all the workspace's open cards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What was last drawn: the job's version, the drawing's hash, when."""

    version: int
    hash: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to edit a workspace's cards."""

    paused_until: datetime | None
    taken_over_at: datetime | None
    """When this holder followed another one, whose last edit may still be on the wire."""


class Cards(Protocol):
    async def owe(self, job_id: str, team_id: str, slack_channel_id: str, thread_ts: str | None) -> Card:
        """The job's card, created if there is none."""

    async def card(self, job_id: str) -> Card | None: ...

    async def intend(self, job_id: str, *, was: CardState, at: datetime) -> bool:
        """The right to one post; counts it."""

    async def unsent(self, job_id: str, *, back_to: CardState) -> None:
        """Proven: the intended post was not made."""

    async def posted(self, job_id: str, *, slack_channel_id: str, ts: str, thread_ts: str | None, shown: Shown) -> None:
        """`thread_ts` is the thread it was posted into, which may not be the one that was asked for."""

    async def lost(self, job_id: str) -> None:
        """The intended post's outcome is not known."""

    async def refused(self, job_id: str, refusal: str, *, leaves: CardState) -> None:
        """Proven: Slack did not take the intended post, and would not take it again."""

    async def gone(self, job_id: str, ts: str) -> None:
        """The message with this `ts` takes no more edits."""

    async def taken_away(self, job_id: str) -> None:
        """Its person wants it gone: nothing is edited or posted for this job any more."""

    async def adopt(self, job_id: str, slack_channel_id: str, ts: str) -> bool:
        """A click came from a card whose post was never answered: that is where it is."""

    async def shown(self, job_id: str, shown: Shown, *, final_repeat_at: datetime | None) -> None: ...

    async def doubted(self, job_id: str, *, until: datetime) -> None: ...

    async def begin_poster(self, job_id: str) -> bool: ...

    async def poster(self, job_id: str, state: PosterState, file_id: str) -> None: ...

    async def teams(self) -> list[str]:
        """Workspaces with an open card."""

    async def open(self, team_id: str, *, aside: Collection[str] = ()) -> OpenCards:
        """Cards of unended jobs, and of ended ones whose end is not shown or is to be repeated; of each sort those
        that have waited longest. `aside`: jobs that are passed over."""

    async def lease(self, team_id: str, holder: str, *, now: datetime, until: datetime, at_once: bool) -> Lease | None:
        """Take or renew the right to edit. None: another holder has it. `at_once`: no other process can be alive."""

    async def give_up(self, holder: str, *, now: datetime) -> None:
        """Its leases run out now; whoever takes one takes it over."""

    async def pause(self, team_id: str, *, until: datetime) -> None: ...


class DeliveryState(StrEnum):
    WANTED = "wanted"
    """Nothing that people could see has been done."""
    GRANTED = "granted"
    """Slack gave a file id; bytes may be on their way. Never completed, they are thrown away."""
    UPLOADED = "uploaded"
    COMPLETING = "completing"
    """Committed before `files.completeUploadExternal`. From here only `files.info` and the same file id."""
    COMPLETED = "completed"
    """Slack said yes; not seen in the thread yet."""
    SHARED = "shared"
    UNCONFIRMED = "unconfirmed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One file on its way to one place. A job has a new set of them each time it enters `delivering`."""

    id: int
    job_id: str
    team_id: str
    since: datetime
    """When the job entered `delivering`: tells Send again from a repeated step."""
    slack_channel_id: str
    thread_ts: str | None
    state: DeliveryState = DeliveryState.WANTED
    file_id: str = ""
    grants: int = 0
    completing_at: datetime | None = None
    refusal: str = ""


class Deliveries(Protocol):
    async def want(
        self, *, job_id: str, team_id: str, since: datetime, slack_channel_id: str, thread_ts: str | None
    ) -> Delivery:
        """The delivery of this job to this place, created if there is none."""

    async def of_job(self, job_id: str) -> list[Delivery]:
        """Oldest first."""

    async def granted(self, delivery: Delivery, file_id: str) -> bool:
        """A file id to fill, in place of an earlier one. Compared with the row's state and file id."""

    async def moved(
        self, delivery: Delivery, to: DeliveryState, *, at: datetime | None = None, refusal: str = ""
    ) -> bool:
        """Compared with the row's state and file id. `at` is kept when it enters `completing`."""

    async def rethreaded(self, delivery_id: int, thread_ts: str | None) -> None: ...


class TellingState(StrEnum):
    OWED = "owed"
    INTENT = "intent"
    SENT = "sent"
    LOST = "lost"
    """Perhaps sent; not repeated."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One message to a job's requester. `slack_channel_id` is where Slack put it."""

    state: TellingState
    slack_channel_id: str = ""
    refusal: str = ""


class Tellings(Protocol):
    async def telling(self, job_id: str, occasion: str) -> Telling:
        """`occasion` is unique within the job; without a row: owed."""

    async def begin(self, job_id: str, team_id: str, occasion: str, *, at: datetime) -> bool:
        """The right to send it."""

    async def ended(
        self, job_id: str, occasion: str, state: TellingState, *, slack_channel_id: str = "", refusal: str = ""
    ) -> None: ...
