"""What somebody typed and has not started yet, kept so that no click, restart or slow moment loses it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from pydantic import TypeAdapter

from bot.jobs.wish import Wish

DRAFT_LIFE = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A wish on its way to a click. `team_id` and `user_id` of the wish say whose it is."""

    wish: Wish
    usd_micros_shown: int | None = None
    """The price that stands on the button which carries this draft; None: none was shown."""
    again: bool = False
    """Its person has seen that it is the same as a moment ago."""
    rights_confirmed: bool = True
    """False: the wish's picture came from a message, and nobody has said yet that it may be used."""


class DraftBook(Protocol):
    """Kept for `DRAFT_LIFE`. The id is opaque, so a button can carry it."""

    async def put(self, draft: Draft) -> str: ...

    async def get(self, team_id: str, user_id: str, draft_id: str) -> Draft | None:
        """None: unknown, somebody else's, or too old."""


DRAFT_JSON: TypeAdapter[Draft] = TypeAdapter(Draft)
