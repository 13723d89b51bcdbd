"""What admins decide in Slack, as values, and the rows' port, implemented by `store`.

Every method is one transaction, committed when it returns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class NoticeKind(StrEnum):
    """What an admin chooses Slack channels for."""

    STATUS = "status"
    """A service is in trouble, and is well again."""
    FAILOVER = "failover"
    """Videos go to another service."""
    BUDGET = "budget"
    BALANCE = "balance"
    """Money prepaid at a service runs low."""
    SUNSET = "sunset"
    """A model ends at a service."""


class ClaimOutcome(StrEnum):
    CLAIMED = "claimed"
    WRONG = "wrong"
    NO_CODE = "no_code"
    """None was printed, or its time is over."""
    TOO_MANY = "too_many"
    """Too many codes were tried in the last hour, by this person or in this workspace."""
    TAKEN = "taken"
    """There is an admin already."""


class SaveOutcome(StrEnum):
    SAVED = "saved"
    NOT_ADMIN = "not_admin"
    CHANGED_MEANWHILE = "changed_meanwhile"
    NO_ADMIN_LEFT = "no_admin_left"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretCode:
    """A printed code as it is kept: hex salt, hex digest of salt and code."""

    id: int
    salt: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminChoices:
    """What the admins of a workspace decided. `version` 0: nothing yet."""

    version: int = 0
    admins: tuple[str, ...] = ()
    """Those that Slack made; the configuration's are not among them."""
    channels: Mapping[NoticeKind, tuple[str, ...]] = field(default_factory=dict)
    """Slack channels by kind of notice; a kind that nobody chose is missing."""
    mail: bool = True

    @property
    def all_channels(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each for kind in NoticeKind for each in self.channels.get(kind, ())))


class AdminBook(Protocol):
    async def choices(self, team_id: str) -> AdminChoices: ...

    async def issue(self, team_id: str, code: SecretCode, *, now: datetime, expires_at: datetime) -> bool:
        """Keep a printed code (its id is not looked at). False: an admin is known, no code is needed."""

    async def codes(
        self, team_id: str, user_id: str, *, now: datetime, person_max: int, team_max: int
    ) -> Sequence[SecretCode] | None:
        """Count one more try and hand out the codes it may match. None: too many within an hour."""

    async def claim(self, team_id: str, user_id: str, code_id: int, *, now: datetime) -> ClaimOutcome:
        """Make them the admin, spend every code, write it down. Only while there is none, and that code is alive."""

    async def save(
        self, team_id: str, user_id: str, wanted: AdminChoices, *, was_version: int, now: datetime
    ) -> SaveOutcome:
        """Replace the choices, if they are those that were shown, and write down what changed."""
