"""The smaller things that the rooms above `jobs` plug into it: health, history, durable starts, alarms."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bot.upstreams.circuit import Circuit


class Healths(Protocol):
    """Circuits of all upstreams, shared through the database; implemented by `store`."""

    async def circuits(self) -> Mapping[str, Circuit]: ...

    async def observe(
        self, upstream: str, *, error_kind: str | None, now: datetime, model: str | None = None, attempt_id: str = ""
    ) -> object:
        """Fold one outcome in: None is a success. `model`: whose order it was; None: a call that was no order.

        By the attempt refusals of one prompt are told from those of many: a person who insists is no risk control.
        """

    async def lease_trial(self, upstream: str, *, job_id: str, now: datetime, model: str | None = None) -> bool:
        """Be the one job that tries a service or model that was out. True also where no trial is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastEnd:
    """One render that ended by itself, with a video or without, as we noticed it."""

    took_s: float
    """From the service's id to the look that saw the end."""
    ended_at: datetime
    announced: bool
    """The service's webhook told of it, at whatever time."""


class RenderHistory(Protocol):
    """How long renders took; implemented by `store`."""

    async def recent_ends(self, upstream: str, model: str, *, limit: int) -> tuple[PastEnd, ...]:
        """The latest first. Without those that we stopped, lost or gave up."""


Enqueue = Callable[[Any, str, str], None]
"""(open transaction, job id, person's partition) to one more row in it: the durable start."""

Alarm = Callable[[str, Mapping[str, object]], Awaitable[None]]
