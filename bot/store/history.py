"""`jobs.ports.RenderHistory`: how long the latest renders of a model took at a service."""

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlmodel import col

from bot.jobs.attempt import AttemptState
from bot.jobs.ports import PastEnd, RenderHistory
from bot.providers.errors import NotFound, TimedOut
from bot.store.engine import Store
from bot.store.tables.jobs import AttemptRow, WebhookEventRow

_BY_ITSELF = (AttemptState.SUCCEEDED.value, AttemptState.FAILED.value)
_BY_US = (TimedOut.kind, NotFound.kind)
"""How we write down what we stopped or lost: it says when we gave up, not how long a render takes."""


class StoredHistory:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def recent_ends(self, upstream: str, model: str, *, limit: int) -> tuple[PastEnd, ...]:
        """One walk along an index, newest first, of at most `limit` rows that count."""
        told = sa.exists().where(
            col(WebhookEventRow.upstream) == col(AttemptRow.upstream),
            col(WebhookEventRow.render_id) == col(AttemptRow.render_id),
        )
        wanted = (
            sa.select(col(AttemptRow.submitted_at), col(AttemptRow.ended_at), told)
            .where(
                col(AttemptRow.upstream) == upstream,
                col(AttemptRow.model) == model,
                col(AttemptRow.state).in_(_BY_ITSELF),
                col(AttemptRow.error_kind).not_in(_BY_US),
                col(AttemptRow.submitted_at).is_not(None),
                col(AttemptRow.ended_at).is_not(None),
            )
            .order_by(col(AttemptRow.ended_at).desc())
            .limit(limit)
        )

        def look(session: Session) -> tuple[PastEnd, ...]:
            return tuple(
                PastEnd(took_s=(ended - submitted).total_seconds(), ended_at=ended, announced=bool(announced))
                for submitted, ended, announced in session.execute(wanted)
                if submitted is not None and ended is not None
            )

        return await self._store.read(look)


_: type[RenderHistory] = StoredHistory
