"""`jobs.ports.Alarm`: something an operator should see, as one structured line and one count by name."""

import logging
from collections.abc import Mapping

from bot.observing.meters import Meters
from bot.observing.records import PARTS_OF_A_RECORD

_log = logging.getLogger("bot.alarm")


class Alarms:
    def __init__(self, meters: Meters) -> None:
        self._meters = meters

    async def raised(self, name: str, facts: Mapping[str, object]) -> None:
        """Never prompts, never secrets: callers hand in ids and kinds."""
        self._meters.alarms.labels(alarm=name).inc()
        # A record keeps some names for itself, "name" and "module" among them, and refuses them as facts.
        taken = PARTS_OF_A_RECORD
        _log.warning(name, extra={f"{key}_" if key in taken else key: value for key, value in facts.items()})
