"""`slack.ports.Deliveries` and `Tellings` on our tables: what keeps a file and a message from going out twice."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.slack.ports import Deliveries, Delivery, DeliveryState, Telling, Tellings, TellingState
from bot.store.compared import hits
from bot.store.engine import Store
from bot.store.tables.slack import DeliveryRow, TellingRow
from bot.store.upsert import inserted, table_of

_DELIVERY = table_of(DeliveryRow)
"""Changed as a table and no object: half a dozen times for each video."""
_OF_JOB = sa.select(*_DELIVERY.c).where(_DELIVERY.c.job_id == sa.bindparam("job_id")).order_by(_DELIVERY.c.id)


class StoredDeliveries:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def want(
        self, *, job_id: str, team_id: str, since: datetime, slack_channel_id: str, thread_ts: str | None
    ) -> Delivery:
        def work(session: Session) -> Delivery:
            inserted(
                session,
                DeliveryRow,
                job_id=job_id,
                team_id=team_id,
                since=since,
                slack_channel_id=slack_channel_id,
                thread_ts=thread_ts,
                state=DeliveryState.WANTED.value,
                file_id="",
                grants=0,
                refusal="",
            )
            wanted = sa.select(*_DELIVERY.c).where(
                _DELIVERY.c.job_id == job_id,
                _DELIVERY.c.since == since,
                _DELIVERY.c.slack_channel_id == slack_channel_id,
            )
            return _delivery(session.execute(wanted).one())

        return await self._store.write(work)

    async def of_job(self, job_id: str) -> list[Delivery]:
        def look(session: Session) -> list[Delivery]:
            return [_delivery(row) for row in session.execute(_OF_JOB, {"job_id": job_id})]

        return await self._store.read(look)

    async def granted(self, delivery: Delivery, file_id: str) -> bool:
        return await self._set(
            delivery,
            state=DeliveryState.GRANTED.value,
            file_id=file_id,
            grants=_DELIVERY.c.grants + 1,
            completing_at=None,
        )

    async def moved(
        self, delivery: Delivery, to: DeliveryState, *, at: datetime | None = None, refusal: str = ""
    ) -> bool:
        entered = {"completing_at": at} if to is DeliveryState.COMPLETING else {}
        return await self._set(delivery, state=to.value, refusal=refusal, **entered)

    async def rethreaded(self, delivery_id: int, thread_ts: str | None) -> None:
        change = sa.update(_DELIVERY).where(_DELIVERY.c.id == delivery_id).values(thread_ts=thread_ts)
        await self._store.write(hits(change))

    async def _set(self, was: Delivery, **values: Any) -> bool:
        change = (
            sa.update(_DELIVERY)
            .where(
                _DELIVERY.c.id == was.id,
                _DELIVERY.c.state == was.state.value,
                _DELIVERY.c.file_id == was.file_id,
            )
            .values(**values)
        )
        return await self._store.write(hits(change))


class StoredTellings:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def telling(self, job_id: str, occasion: str) -> Telling:
        def look(session: Session) -> Telling:
            row = session.get(TellingRow, (job_id, occasion))
            if row is None:
                return Telling(state=TellingState.OWED)
            return Telling(state=TellingState(row.state), slack_channel_id=row.slack_channel_id, refusal=row.refusal)

        return await self._store.read(look)

    async def begin(self, job_id: str, team_id: str, occasion: str, *, at: datetime) -> bool:
        def work(session: Session) -> bool:
            intent = {"state": TellingState.INTENT.value, "intent_at": at}
            fresh = inserted(
                session,
                TellingRow,
                job_id=job_id,
                occasion=occasion,
                team_id=team_id,
                slack_channel_id="",
                refusal="",
                **intent,
            )
            return fresh or hits(self._change(job_id, occasion, TellingState.OWED, **intent))(session)

        return await self._store.write(work)

    async def ended(
        self, job_id: str, occasion: str, state: TellingState, *, slack_channel_id: str = "", refusal: str = ""
    ) -> None:
        change = self._change(
            job_id,
            occasion,
            TellingState.INTENT,
            state=state.value,
            slack_channel_id=slack_channel_id,
            refusal=refusal,
        )
        await self._store.write(hits(change))

    def _change(self, job_id: str, occasion: str, was: TellingState, **values: Any) -> sa.Update:
        return (
            sa.update(TellingRow)
            .where(
                col(TellingRow.job_id) == job_id,
                col(TellingRow.occasion) == occasion,
                col(TellingRow.state) == was.value,
            )
            .values(**values)
        )


def _delivery(row: Any) -> Delivery:
    return Delivery(
        id=row.id or 0,
        job_id=row.job_id,
        team_id=row.team_id,
        since=row.since,
        slack_channel_id=row.slack_channel_id,
        thread_ts=row.thread_ts,
        state=DeliveryState(row.state),
        file_id=row.file_id,
        grants=row.grants,
        completing_at=row.completing_at,
        refusal=row.refusal,
    )


_: tuple[type[Deliveries], type[Tellings]] = (StoredDeliveries, StoredTellings)
