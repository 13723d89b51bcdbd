"""How often one person may command us: generous for people, short for loops."""

from datetime import datetime, timedelta

from bot.clock import Clock

COMMANDS_MAX = 20
WINDOW = timedelta(minutes=1)
PEOPLE_MAX = 10_000


class CommandRate:
    """In memory, per process: a limit on haste, not on money."""

    def __init__(self, clock: Clock, *, commands_max: int = COMMANDS_MAX) -> None:
        self._clock = clock
        self._commands_max = commands_max
        self._recent: dict[tuple[str, str], list[datetime]] = {}

    def allows(self, team_id: str, user_id: str) -> bool:
        """Count one command, if it still fits."""
        now = self._clock.now()
        if len(self._recent) > PEOPLE_MAX:
            self._recent.clear()
        person = (team_id, user_id)
        recent = [each for each in self._recent.get(person, []) if each > now - WINDOW]
        fits = len(recent) < self._commands_max
        self._recent[person] = [*recent, now] if fits else recent
        return fits
