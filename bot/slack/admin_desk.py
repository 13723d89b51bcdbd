"""Who is an admin here, how the first one becomes it, and what admins decide."""

import asyncio
import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta

from bot.clock import Clock
from bot.slack.admin_ports import AdminBook, AdminChoices, ClaimOutcome, SaveOutcome, SecretCode

LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without those that are mistaken for one another."""
CODE_LIFE = timedelta(hours=24)
TRIES_PER_PERSON = 5
TRIES_PER_TEAM = 20
"""An hour. All day long that is one chance in two million to guess one of the 890 million codes."""


class AdminDesk:
    def __init__(self, *, book: AdminBook, clock: Clock, by_configuration: Sequence[str]) -> None:
        self._book = book
        self._clock = clock
        self.by_configuration = tuple(by_configuration)

    async def admins(self, team_id: str) -> tuple[str, ...]:
        """The configuration's first."""
        chosen = () if not team_id else (await self._book.choices(team_id)).admins
        return tuple(dict.fromkeys([*self.by_configuration, *chosen]))

    async def first_code(self, team_id: str) -> str | None:
        """A new one-time code to print, as in "4F7K-22". None: an admin is known."""
        if not team_id or await self.admins(team_id):
            return None
        code = "".join(secrets.choice(LETTERS) for _ in range(6))
        now = self._clock.now()
        kept = await asyncio.to_thread(_secret, code)
        issued = await self._book.issue(team_id, kept, now=now, expires_at=now + CODE_LIFE)
        return f"{code[:4]}-{code[4:]}" if issued else None

    async def claim(self, team_id: str, user_id: str, code: str) -> ClaimOutcome:
        """The first who types a code that was printed is the admin."""
        if await self.admins(team_id):
            return ClaimOutcome.TAKEN
        now = self._clock.now()
        found = await self._book.codes(team_id, user_id, now=now, person_max=TRIES_PER_PERSON, team_max=TRIES_PER_TEAM)
        if found is None:
            return ClaimOutcome.TOO_MANY
        if not found:
            return ClaimOutcome.NO_CODE
        typed = "".join(each for each in code.upper() if each.isalnum())
        for each in found:
            if await asyncio.to_thread(_matches, each, typed):
                return await self._book.claim(team_id, user_id, each.id, now=now)
        return ClaimOutcome.WRONG

    async def choices(self, team_id: str) -> AdminChoices:
        return await self._book.choices(team_id)

    async def save(self, team_id: str, user_id: str, wanted: AdminChoices, *, was_version: int) -> SaveOutcome:
        return await self._book.save(team_id, user_id, wanted, was_version=was_version, now=self._clock.now())


def _secret(code: str) -> SecretCode:
    salt = secrets.token_bytes(16)
    return SecretCode(id=0, salt=salt.hex(), digest=_digest(salt, code).hex())


def _matches(kept: SecretCode, code: str) -> bool:
    return secrets.compare_digest(_digest(bytes.fromhex(kept.salt), code), bytes.fromhex(kept.digest))


def _digest(salt: bytes, code: str) -> bytes:
    """Slow on purpose: who reads a copy of the database must not find so short a code within its day."""
    return hashlib.scrypt(code.encode(), salt=salt, n=2**14, r=8, p=1)
