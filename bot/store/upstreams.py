"""`jobs.ports.Healths`: what each call does to the circuits is one transaction, and the log hears what turned."""

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from bot.jobs.ports import Healths
from bot.store.circuits import Change, circuits, lease_trial, look, mended, observe
from bot.store.engine import Store
from bot.upstreams.circuit import Circuit
from bot.upstreams.router import model_circuit

_log = logging.getLogger(__name__)


class StoredHealths:
    """`jobs.ports.Healths`, one transaction per call."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def circuits(self) -> Mapping[str, Circuit]:
        return await self._store.read(circuits)

    async def observe(
        self, upstream: str, *, error_kind: str | None, now: datetime, model: str | None = None, attempt_id: str = ""
    ) -> None:
        """Fold one outcome in; one line in the log when a service goes out, one when it is back."""

        def work(session: Session) -> tuple[Change, ...]:
            return observe(session, upstream, error_kind=error_kind, now=now, model=model, attempt_id=attempt_id)

        _tell(await self._store.write(work))

    async def looked(
        self, upstream: str, *, error_kind: str | None, response_ms: int | None, has_passed: bool, now: datetime
    ) -> None:
        """Fold a free look in."""

        def work(session: Session) -> tuple[Change, ...]:
            return look(
                session, upstream, error_kind=error_kind, response_ms=response_ms, has_passed=has_passed, now=now
            )

        _tell(await self._store.write(work))

    async def lease_trial(self, upstream: str, *, job_id: str, now: datetime, model: str | None = None) -> bool:
        def work(session: Session) -> bool:
            return lease_trial(session, upstream, job_id=job_id, now=now, model=model)

        return await self._store.write(work)

    async def operator_acted(self, *, now: datetime) -> None:
        """At start: a new key or a paid bill is noticed by the next job, not in hours."""
        await self._store.write(lambda session: mended(session, now=now))


def _tell(changes: Iterable[Change]) -> None:
    for change in changes:
        if change.turned:
            after = change.after
            name = model_circuit(change.upstream, change.model) if change.model else change.upstream
            told = {"service": name, "state": after.state.value, "reason": after.reason, "retry_at": after.retry_at}
            _log.log(logging.INFO if after.is_closed else logging.WARNING, "circuit changed", extra=told)


_: type[Healths] = StoredHealths
